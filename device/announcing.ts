/** Tells the realm what this board is, when asked and when something changed, but not more often than `GAP`. */
import type { Timers } from "../drivers/driver.ts";

/** ms between two announcements: a realm full of pages that all ask at once gets one answer. */
export const GAP = 250;

export class Announcing {
  readonly #timers: Timers;
  readonly #announce: () => void;
  #resting = false;
  #wanted = false;
  #cancel: () => void = () => {};

  constructor(timers: Timers, announce: () => void) {
    this.#timers = timers;
    this.#announce = announce;
  }

  /** At once, or at the end of the pause after the one before. */
  request(): void {
    this.#wanted = true;
    if (!this.#resting) this.#run();
  }

  stop(): void {
    this.#wanted = false;
    this.#resting = true;
    this.#cancel();
  }

  #run(): void {
    if (!this.#wanted) return;
    this.#wanted = false;
    this.#resting = true;
    this.#cancel = this.#timers.after(GAP, () => {
      this.#resting = false;
      this.#run();
    });
    this.#announce();
  }
}
