/**
 * When something that fails is started again: 1 s x 2 up to 60 s, without end. Owns how often it has failed in a row; what failed so
 * often is called faulted, and tried on all the same. Knows no clock: whoever uses it says how long it had worked.
 */
export const FIRST_RETRY = 1_000;
export const LAST_RETRY = 60_000;
/** Failures in a row after which nobody need hope that the next start helps. */
export const FAULTED_AFTER = 5;
/** Having worked for this long, the next failure is the first one again. */
export const SOUND_AFTER = 60_000;

export class RestartSchedule {
  #failures = 0;
  #wait = FIRST_RETRY;

  /** In a row. */
  get failures(): number {
    return this.#failures;
  }

  get isFaulted(): boolean {
    return this.#failures >= FAULTED_AFTER;
  }

  /** `workedFor`: ms, 0 for what never began to work. Answers the ms to wait. */
  failed(workedFor: number): number {
    if (workedFor >= SOUND_AFTER) {
      this.#failures = 0;
      this.#wait = FIRST_RETRY;
    }
    this.#failures += 1;
    const wait = this.#wait;
    this.#wait = Math.min(LAST_RETRY, wait * 2);
    return wait;
  }
}
