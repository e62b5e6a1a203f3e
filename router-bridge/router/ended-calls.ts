/**
 * The progressive calls of one caller that ended before it had sent their last part: what is still on its way belongs to no
 * call and is discarded, where any other CALL with a used id would be a violation. Owns the ids, bounded: the oldest are
 * forgotten first.
 */
import type { RequestId } from "@pinion/wamp";

export class EndedCalls {
  readonly #procedures = new Map<RequestId, string>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  add(call: RequestId, procedure: string): void {
    this.#procedures.set(call, procedure);
    if (this.#procedures.size <= this.#most) return;
    for (const oldest of this.#procedures.keys()) {
      this.#procedures.delete(oldest);
      return;
    }
  }

  /** Whether a CALL is a late part of one of these; the last part ends the memory of it. */
  discards(call: RequestId, part: { readonly procedure: string; readonly last: boolean }): boolean {
    if (this.#procedures.get(call) !== part.procedure) return false;
    if (part.last) this.#procedures.delete(call);
    return true;
  }
}
