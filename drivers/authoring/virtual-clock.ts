/**
 * Time that moves only when a test says so. Owns the pending timers; runs them in order of their time, and in order of
 * creation at the same time. Between two timers it lets promises settle, so that what one timer causes is there for the next.
 */
interface VirtualTimer {
  readonly at: number;
  readonly run: () => void;
}

export class VirtualClock {
  #now: number;
  #nextId = 1;
  readonly #timers = new Map<number, VirtualTimer>();

  constructor(startMs = 0) {
    this.#now = startMs;
  }

  /** Milliseconds; bound, so that it can be handed over as a function. */
  readonly now = (): number => this.#now;

  readonly setTimeout = (run: () => void, ms: number): number => {
    const id = this.#nextId;
    this.#nextId += 1;
    this.#timers.set(id, { at: this.#now + Math.max(0, ms), run });
    return id;
  };

  readonly clearTimeout = (id: unknown): void => {
    if (typeof id === "number") this.#timers.delete(id);
  };

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.size;
  }

  /** ms until the next timer, if there is one. */
  get untilNext(): number | undefined {
    const next = this.#next();
    return next === undefined ? undefined : next[1].at - this.#now;
  }

  /** Moves time by `ms`, running what falls due on the way. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (let next = this.#next(); next && next[1].at <= end; next = this.#next()) {
      const [id, timer] = next;
      this.#timers.delete(id);
      this.#now = Math.max(this.#now, timer.at);
      timer.run();
      await settle();
    }
    this.#now = end;
    await settle();
  }

  #next(): [number, VirtualTimer] | undefined {
    let first: [number, VirtualTimer] | undefined;
    for (const entry of this.#timers) {
      if (!first || entry[1].at < first[1].at) first = entry;
    }
    return first;
  }
}

/** Lets everything that waits on promises alone come to rest. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}
