/**
 * What the good values of a stretch of time amount to. Owns the present window; windows follow each other without a gap
 * from the first moment on. A window without a good value says so instead of leaving a hole.
 */
import type { RawReading } from "../reading.ts";
import { quantity } from "../words.ts";
import type { Aggregate } from "./poll-options.ts";

export class Window {
  readonly #over: number;
  readonly #of: readonly Aggregate[];
  #ends: number;
  #reads = 0;
  #good: { count: number; sum: number; min: number; max: number } | undefined;

  constructor({ over, of }: { readonly over: number; readonly of: readonly Aggregate[] }, now: number) {
    this.#over = over;
    this.#of = of;
    this.#ends = now + over;
  }

  /** What the window that has ended by `now` amounts to; empty while it lasts. To be asked before a value is added. */
  take(now: number, tolerance: number): readonly (readonly [Aggregate, RawReading])[] {
    if (now + tolerance < this.#ends) return [];
    while (this.#ends <= now + tolerance) this.#ends += this.#over;
    const good = this.#good;
    const reads = this.#reads;
    this.#good = undefined;
    this.#reads = 0;
    return this.#of.map((what) => {
      if (good !== undefined) return [what, { value: what === "mean" ? good.sum / good.count : good[what] }];
      const cause = `no good value among ${quantity(reads, "read")} of the window`;
      return [what, { value: null, quality: "error", cause }];
    });
  }

  /** Undefined: a read that gave no good value. */
  add(value: number | undefined): void {
    this.#reads += 1;
    if (value === undefined) return;
    const so = this.#good ?? { count: 0, sum: 0, min: value, max: value };
    this.#good = {
      count: so.count + 1,
      sum: so.sum + value,
      min: Math.min(so.min, value),
      max: Math.max(so.max, value),
    };
  }
}
