/**
 * What passed through the embedded router since its start, as plain numbers that only grow, so that counting costs next to
 * nothing and somebody may look at them when he likes. Owns the numbers; knows nobody who looks.
 */
import type { MessageType } from "@pinion/wamp";
import { messageTable } from "@pinion/wamp";

type ByType = Record<MessageType, number>;

/** Upper bounds of the buckets of `CallTimes`, milliseconds. */
export const CALL_BUCKETS = [
  0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 60_000,
] as const;

export class Traffic {
  /** Messages of clients. */
  readonly received: ByType = zeros();
  /** Messages for clients, one for each of them. */
  readonly sent: ByType = zeros();
  readonly calls = new CallTimes();
}

/** How long calls took, from CALL to the answer. */
export class CallTimes {
  /** Calls in each bucket of `CALL_BUCKETS`; one more for the rest. */
  readonly counts: number[] = Array.from({ length: CALL_BUCKETS.length + 1 }, () => 0);
  sum = 0;

  add(milliseconds: number): void {
    let at = 0;
    while (at < CALL_BUCKETS.length && milliseconds > (CALL_BUCKETS[at] ?? 0)) at += 1;
    this.counts[at] = (this.counts[at] ?? 0) + 1;
    this.sum += milliseconds;
  }
}

function zeros(): ByType {
  const entries = Object.keys(messageTable).map((type) => [type, 0]);
  return Object.fromEntries(entries) as ByType; // one for each type in the table
}
