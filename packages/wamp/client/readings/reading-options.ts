import type { SubscribeOptions, Subscription } from "../conversation-options.ts";
import type { ReadingGap } from "./reading-gap.ts";
import type { ReadingCursor } from "./seen-readings.ts";

/** A subscription of readings that goes on where an earlier one ended. */
export interface ReadingSubscribeOptions extends SubscribeOptions {
  /** Of an earlier `cursor()`. `{}`: from the oldest that the boards still keep. */
  readonly from: ReadingCursor | Readonly<Record<string, never>>;
  /** Called in its place in the stream for numbers that will not come. */
  readonly onReadingGap?: ((gap: ReadingGap) => void) | undefined;
}

export interface ReadingSubscription extends Subscription {
  /** What was handed on so far, to be given as `from` one day. JSON. */
  cursor(): ReadingCursor;
}
