/** Microseconds, told as what half, 99 and 99.9 of a hundred stay under. */
export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly samples: number;
}

const MOST = 500_000;

export class Latencies {
  readonly #values = new Float64Array(MOST);
  #count = 0;

  /** Milliseconds, as `performance.now()` tells them. */
  add(milliseconds: number): void {
    if (this.#count < MOST) this.#values[this.#count] = milliseconds * 1000;
    this.#count += 1;
  }

  clear(): void {
    this.#count = 0;
  }

  percentiles(): Percentiles | undefined {
    const samples = Math.min(this.#count, MOST);
    if (samples === 0) return undefined;
    const sorted = this.#values.slice(0, samples).sort();
    const under = (share: number): number =>
      Math.round((sorted[Math.min(samples - 1, Math.floor(samples * share))] ?? Number.NaN) * 10) / 10;
    return { p50: under(0.5), p99: under(0.99), p999: under(0.999), samples };
  }
}
