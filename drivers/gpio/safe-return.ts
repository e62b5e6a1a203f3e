/**
 * Why an output goes back to its safe level by itself: its lease has ended, whoever has it on lease has gone, the link is lost.
 * Owns the lease, who holds it, and the timers of both; how the output is brought to safety is its owner's affair.
 */
import type { Caller, DriverContext } from "../driver.ts";
import { DriverError } from "../driver-error.ts";
import type { Why } from "./audit-ring.ts";
import { Deadline } from "./deadline.ts";
import type { LinkLost } from "./link-lost.ts";
import type { LeaseReceipt } from "./output-terms.ts";

export interface ReturningOutput {
  readonly name: string;
  readonly onLinkLost: LinkLost | undefined;
}

export class SafeReturn {
  readonly #output: ReturningOutput;
  readonly #goSafe: (why: Why) => void;
  readonly #lease: Deadline;
  readonly #linkLost: Deadline;
  #holder: Caller | undefined;
  #ended = false;

  constructor(output: ReturningOutput, ctx: Pick<DriverContext, "clock" | "timers">, goSafe: (why: Why) => void) {
    this.#output = output;
    this.#goSafe = goSafe;
    this.#lease = new Deadline(ctx, () => goSafe("lease expired"));
    this.#linkLost = new Deadline(ctx, () => goSafe("link lost"));
  }

  /** Replaces the lease that was agreed before. */
  lend(duration: number, holder: Caller | undefined): LeaseReceipt {
    this.#holder = holder;
    this.#lease.start(duration);
    return { duration, endsWithCaller: holder !== undefined };
  }

  /** @throws DriverError `invalid_argument` where there is none. */
  renew(duration: number, caller: Caller | undefined): LeaseReceipt {
    if (this.#lease.running) return this.lend(duration, caller ?? this.#holder);
    throw new DriverError("invalid_argument", `There is no lease on ${this.#output.name} to renew`, {
      cure: "It has ended, or there never was one: set the output again with a lease.",
    });
  }

  endLease(): void {
    this.#lease.end();
    this.#holder = undefined;
  }

  callerLeft(id: string): void {
    if (this.#lease.running && this.#holder?.id === id) this.#goSafe("caller left");
  }

  linkChanged(up: boolean): void {
    const { onLinkLost } = this.#output;
    if (up) this.#linkLost.end();
    else if (onLinkLost !== undefined && !this.#linkLost.running && !this.#ended) {
      if (onLinkLost.after === 0) this.#goSafe("link lost");
      else this.#linkLost.start(onLinkLost.after);
    }
  }

  /** The line is gone: it comes back at its safe level. */
  stop(): void {
    this.endLease();
    this.#linkLost.end();
  }

  /** For good. */
  end(): void {
    this.#ended = true;
    this.stop();
  }
}
