/**
 * Gives memory back after a busy time. Nothing makes Node collect while it has nothing to do, so what a burst of sessions or
 * messages left behind (half of the memory, after 5,000 sessions have joined) would stay for as long as it is quiet.
 * Owns when it is worth it: only in a quiet process, only if it grew, and never a heap whose collection could be felt.
 */
export interface IdleCollectionContext {
  /** Calls once, later; does not keep the process alive. */
  readonly after: (ms: number, run: () => void) => void;
  /** Share of the time since the last call in which the event loop was busy: 0 to 1. */
  readonly busy: () => number;
  /** Octets of this process in memory. */
  readonly resident: () => number;
  /** Octets of live and dead objects. */
  readonly heap: () => number;
  readonly collect: () => void;
}

const LOOK_EVERY = 1_000;
const QUIET = 0.05;
/** Looks in a row that have to find it quiet. */
const QUIET_LOOKS = 2;
const LEAST_GROWTH = 8 * 1024 ** 2;
/** It takes about a millisecond for each MiB, in which nothing else happens. */
const MOST_HEAP = 128 * 1024 ** 2;
/** Looks between two collections. */
const REST_LOOKS = 30;

export class IdleCollection {
  readonly #context: IdleCollectionContext;
  #quietLooks = 0;
  #restLooks = 0;
  #settled: number;

  constructor(context: IdleCollectionContext) {
    this.#context = context;
    this.#settled = context.resident();
  }

  start(): void {
    this.#arm();
  }

  #arm(): void {
    this.#context.after(LOOK_EVERY, () => {
      this.#look();
      this.#arm();
    });
  }

  #look(): void {
    const { busy, resident, heap, collect } = this.#context;
    this.#quietLooks = busy() < QUIET ? this.#quietLooks + 1 : 0;
    this.#restLooks = Math.max(0, this.#restLooks - 1);
    if (this.#quietLooks < QUIET_LOOKS || this.#restLooks > 0) return;
    const now = resident();
    // what went by itself need not be collected before it counts as growth again
    this.#settled = Math.min(this.#settled, now);
    if (now - this.#settled < LEAST_GROWTH || heap() > MOST_HEAP) return;
    collect();
    this.#settled = resident();
    this.#restLooks = REST_LOOKS;
    // its own time is no work
    busy();
  }
}
