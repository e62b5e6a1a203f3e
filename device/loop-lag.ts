/**
 * How late this process's timers come: what the event loop was busy with else. One timer for all who ask, at a hundredth of the
 * memory of Node's own histogram, which keeps a distribution that nobody here reads.
 */
export interface Lag {
  /** ms, of all ticks since this reader asked last; 0 where there was none. */
  readonly mean: number;
  readonly max: number;
}

export interface LoopLagContext {
  /** Monotonic, ms. */
  readonly now: () => number;
  readonly after: (ms: number, run: () => void) => unknown;
}

/** ms between two ticks: the shortest stand-still that is sure to be seen. */
const INTERVAL = 100;

interface Account {
  sum: number;
  count: number;
  max: number;
}

export class LoopLag {
  readonly #context: LoopLagContext;
  readonly #accounts: Account[] = [];
  #due = 0;

  constructor(context: LoopLagContext) {
    this.#context = context;
    this.#arm();
  }

  /** A reader of its own: each call tells of the time since its last. A stand-still that has not ended yet counts. */
  reader(): () => Lag {
    const account: Account = { sum: 0, count: 0, max: 0 };
    this.#accounts.push(account);
    return () => {
      const pending = this.#late();
      const lag = { mean: account.count === 0 ? 0 : account.sum / account.count, max: Math.max(account.max, pending) };
      Object.assign(account, { sum: 0, count: 0, max: 0 });
      return lag;
    };
  }

  #arm(): void {
    this.#due = this.#context.now() + INTERVAL;
    this.#context.after(INTERVAL, () => {
      const late = this.#late();
      for (const account of this.#accounts) {
        account.sum += late;
        account.count += 1;
        account.max = Math.max(account.max, late);
      }
      this.#arm();
    });
  }

  #late(): number {
    return Math.max(0, this.#context.now() - this.#due);
  }
}
