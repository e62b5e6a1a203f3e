const HOUR = 3_600_000;
const HOURS = 24;

/** Octets written in all, and over the last day: what decides how long a card lives. Counts in hours of the monotonic clock. */
export class WriteMeter {
  readonly #mono: () => number;
  readonly #started: number;
  readonly #hours = new Float64Array(HOURS);
  #hour = 0;
  #total = 0;

  constructor(mono: () => number) {
    this.#mono = mono;
    this.#started = mono();
  }

  get total(): number {
    return this.#total;
  }

  count(octets: number): void {
    this.#turn();
    this.#total += octets;
    const slot = this.#hour % HOURS;
    this.#hours[slot] = (this.#hours[slot] ?? 0) + octets;
  }

  /** Octets of the last 24 h; while it runs for less than a day, what a day would come to at the rate so far, from an hour on. */
  perDay(): number {
    this.#turn();
    const run = this.#mono() - this.#started;
    const sum = this.#hours.reduce((all, one) => all + one, 0);
    if (run >= HOURS * HOUR || run < HOUR) return sum;
    return Math.round((sum * HOURS * HOUR) / run);
  }

  #turn(): void {
    const hour = Math.floor((this.#mono() - this.#started) / HOUR);
    const skipped = Math.min(HOURS, hour - this.#hour);
    for (let step = 1; step <= skipped; step += 1) this.#hours[(this.#hour + step) % HOURS] = 0;
    this.#hour = hour;
  }
}
