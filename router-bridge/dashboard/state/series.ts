/**
 * The points of one chart: the last `span` ms, in `slots` slots of time. A slot keeps its lowest and its highest value in
 * the order they came, so a peak never disappears and memory is at most 2 points per slot plus the breaks. A break (null)
 * is where the line must not connect.
 */
export interface Points {
  readonly times: readonly number[];
  readonly values: readonly (number | null)[];
}

export class Series {
  readonly #span: number;
  readonly #width: number;
  readonly #most: number;
  #times: number[] = [];
  #values: (number | null)[] = [];
  /** Of the slot under way: its number, and where its points start. */
  #slot = Number.NEGATIVE_INFINITY;
  #start = 0;
  #revision = 0;

  constructor(span: number, slots: number) {
    this.#span = span;
    this.#width = span / slots;
    this.#most = 3 * slots;
  }

  /** Adds a value at `t` (ms). Time that goes back (a clock was set) starts the series again. */
  push(t: number, value: number): void {
    this.#makeRoom(t);
    const slot = Math.floor(t / this.#width);
    if (slot !== this.#slot || this.#times.length < this.#start) {
      this.#slot = slot;
      this.#start = this.#times.length;
    }
    this.#append(t, value);
    if (this.#times.length - this.#start > 2) this.#fold();
  }

  /**
   * Puts a value in its place among what is there: it was measured before, and came late. `joined`: the line connects it with
   * what stands before it.
   */
  insert(t: number, value: number, joined: boolean): void {
    const last = this.#times.at(-1);
    if (last === undefined || t >= last) {
      if (joined && this.#values.at(-1) === null) this.#cut(this.#values.length - 1);
      this.push(t, value);
      return;
    }
    if (t < last - this.#span) return;
    const end = this.#times.findIndex((time) => time > t);
    if (this.#isDrawn(end, t, value)) return;
    this.#put(end, t, value);
    if (joined && this.#values[end - 1] === null) this.#cut(end - 1);
    if (this.#times.length > this.#most) this.#drop(this.#times.length - this.#most);
  }

  /** Whether the slot's points before `end` show the value already: twice the same, or within its extremes. */
  #isDrawn(end: number, t: number, value: number): boolean {
    const slot = Math.floor(t / this.#width);
    let first = end;
    while (first > 0 && Math.floor((this.#times[first - 1] ?? 0) / this.#width) === slot) first -= 1;
    if (this.#values.slice(first, end).some((one, index) => one === value && this.#times[first + index] === t))
      return true;
    const beside = this.#values.slice(first, end).filter((one) => one !== null);
    return beside.length > 1 && value >= Math.min(...beside) && value <= Math.max(...beside);
  }

  #put(index: number, t: number, value: number): void {
    this.#revision += 1;
    this.#times.splice(index, 0, t);
    this.#values.splice(index, 0, value);
    if (index <= this.#start) this.#start += 1;
  }

  #cut(index: number): void {
    this.#times.splice(index, 1);
    this.#values.splice(index, 1);
    if (index < this.#start) this.#start -= 1;
  }

  /** The line must not connect what came before with what comes next. */
  break(t: number): void {
    if (this.#values.length === 0 || this.#values.at(-1) === null) return;
    this.#makeRoom(t);
    if (this.#values.length === 0) return;
    this.#append(t, null);
    this.#slot = Number.NEGATIVE_INFINITY;
    this.#start = this.#times.length;
  }

  /** What lies within the span before `now`. The lists are copies. */
  points(now: number): Points {
    this.#dropBefore(now - this.#span);
    return { times: [...this.#times], values: [...this.#values] };
  }

  /** The lowest and the highest value it holds. */
  get extent(): { readonly low: number; readonly high: number } | undefined {
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const value of this.#values) {
      if (value === null) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    return low <= high ? { low, high } : undefined;
  }

  /** Changes whenever a point was added. */
  get revision(): number {
    return this.#revision;
  }

  get size(): number {
    return this.#times.length;
  }

  /** Times never go back within the series: charts need them sorted. */
  #append(t: number, value: number | null): void {
    this.#revision += 1;
    this.#times.push(Math.max(t, this.#times.at(-1) ?? t));
    this.#values.push(value);
  }

  /** Of the slot's three points the two outer values stay, in their order. */
  #fold(): void {
    const first = this.#start;
    const values = this.#values.slice(first).map((value) => value ?? 0);
    const lowest = values.indexOf(Math.min(...values));
    const highest = values.lastIndexOf(Math.max(...values));
    // All three are equal when both are the same point: the first and the last stay then.
    const keep = lowest === highest ? [0, 2] : [lowest, highest].sort((a, b) => a - b);
    const kept = keep.map((index) => [this.#times[first + index] ?? 0, values[index] ?? 0] as const);
    this.#times.length = first;
    this.#values.length = first;
    for (const [t, value] of kept) this.#append(t, value);
  }

  #makeRoom(t: number): void {
    const last = this.#times.at(-1);
    if (last !== undefined && t < last - 1000) this.#clear();
    this.#dropBefore(t - this.#span);
    if (this.#times.length >= this.#most) this.#drop(this.#times.length - this.#most + 1);
  }

  #dropBefore(t: number): void {
    const first = this.#times.findIndex((time) => time >= t);
    if (first === -1) this.#clear();
    else if (first > 0) this.#drop(first);
  }

  #drop(count: number): void {
    this.#times.splice(0, count);
    this.#values.splice(0, count);
    this.#start = Math.max(0, this.#start - count);
  }

  #clear(): void {
    this.#times = [];
    this.#values = [];
    this.#slot = Number.NEGATIVE_INFINITY;
    this.#start = 0;
  }
}
