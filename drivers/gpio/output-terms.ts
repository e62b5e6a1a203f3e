/** On which terms an output is moved, and what the caller is told of it. */
import type { Level } from "../board.ts";
import type { Caller } from "../driver.ts";

export interface Receipt {
  readonly pin: string;
  readonly requested: Level;
  readonly readBack: Level;
  readonly previous: Level;
  readonly t: number;
}

export interface LeaseReceipt {
  /** ms */
  readonly duration: number;
  /** Whether it also ends when the caller's session is seen to leave. */
  readonly endsWithCaller: boolean;
}

/** Who asks, and on which terms. */
export interface Terms {
  readonly caller?: Caller | undefined;
  /** ms; left out: for good. */
  readonly lease?: number | undefined;
  readonly key?: string | undefined;
}
