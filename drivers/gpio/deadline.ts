/**
 * Something that ends by itself unless it is put off in time: a lease, a maximum on time. Owns the deadline, counted on the
 * monotonic clock, and its timer; what happens then is its owner's affair.
 */
import type { Clock, Timers } from "../driver.ts";

/** ms that a timer may be early. */
const SLACK = 1;

export class Deadline {
  readonly #source: { readonly clock: Clock; readonly timers: Timers };
  readonly #expired: () => void;
  #cancel: (() => void) | undefined;
  #at = 0;

  constructor(source: { clock: Clock; timers: Timers }, expired: () => void) {
    this.#source = source;
    this.#expired = expired;
  }

  get running(): boolean {
    return this.#cancel !== undefined;
  }

  /** ms until it ends. */
  get left(): number {
    return Math.max(0, this.#at - this.#source.clock.mono());
  }

  /** `ms` from now; replaces what was agreed before. */
  start(ms: number): void {
    this.end();
    this.#at = this.#source.clock.mono() + ms;
    this.#wait(ms);
  }

  end(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #wait(ms: number): void {
    this.#cancel = this.#source.timers.after(ms, () => {
      if (this.left > SLACK) return this.#wait(this.left);
      this.end();
      this.#expired();
    });
  }
}
