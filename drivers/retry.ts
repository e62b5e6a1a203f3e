/**
 * The pauses between attempts to get a device back: 1 s, each 1.6 times the one before, at most 30 s, without end.
 * Owns the pending timer; knows nothing of what is attempted.
 */
import type { Timers } from "./driver.ts";

const FIRST = 1000;
const FACTOR = 1.6;
const LONGEST = 30_000;

export class Retry {
  readonly #timers: Timers;
  #pause = FIRST;
  #cancel: (() => void) | undefined;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Runs `attempt` after the next pause; replaces one that is already waiting. Answers the pause in ms. */
  schedule(attempt: () => void): number {
    this.#cancel?.();
    const pause = this.#pause;
    this.#pause = Math.min(LONGEST, pause * FACTOR);
    this.#cancel = this.#timers.after(pause, attempt);
    return pause;
  }

  /** The device is back: the next failure starts with the shortest pause again. */
  reset(): void {
    this.stop();
    this.#pause = FIRST;
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
