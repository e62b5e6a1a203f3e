/** A closed range of sequence numbers; `to` may be Infinity. */
export type Interval = readonly [from: number, to: number];

/**
 * Whole numbers as sorted, disjoint, closed ranges. Readings come and are acknowledged nearly in order, so there are few
 * ranges however many numbers.
 */
export class IntervalSet {
  #ranges: Interval[] = [];

  get isEmpty(): boolean {
    return this.#ranges.length === 0;
  }

  /** How many numbers; Infinity with an open end. */
  get size(): number {
    return this.#ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0);
  }

  ranges(): readonly Interval[] {
    return this.#ranges;
  }

  has(value: number): boolean {
    const range = this.#ranges[this.#firstEndingAt(value)];
    return range !== undefined && range[0] <= value;
  }

  /** Joins ranges that touch. */
  add(from: number, to: number): void {
    const first = this.#firstEndingAt(from - 1);
    let last = first;
    let low = from;
    let high = to;
    for (let range = this.#ranges[last]; range !== undefined && range[0] <= to + 1; range = this.#ranges[last]) {
      low = Math.min(low, range[0]);
      high = Math.max(high, range[1]);
      last += 1;
    }
    this.#ranges.splice(first, last - first, [low, high]);
  }

  /** Takes the numbers away that lie within, and says which those were. */
  take(from: number, to: number): readonly Interval[] {
    const taken: Interval[] = [];
    const first = this.#firstEndingAt(from);
    const rest: Interval[] = [];
    let last = first;
    for (let range = this.#ranges[last]; range !== undefined && range[0] <= to; range = this.#ranges[last]) {
      const [low, high] = range;
      taken.push([Math.max(low, from), Math.min(high, to)]);
      if (low < from) rest.push([low, from - 1]);
      if (high > to) rest.push([to + 1, high]);
      last += 1;
    }
    this.#ranges.splice(first, last - first, ...rest);
    return taken;
  }

  /** Index of the first range whose end is at or above `value`. */
  #firstEndingAt(value: number): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const range = this.#ranges[middle];
      if (range !== undefined && range[1] < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
