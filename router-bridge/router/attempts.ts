/**
 * Counts failed logins per key (who, from where), so that guessing takes longer than anybody has. Owns the counts; bounded:
 * beyond `capacity` keys the oldest is forgotten. Knows neither addresses nor accounts.
 */
export interface AttemptRules {
  /** Failures within `window` after which a key is blocked until the window is over. */
  readonly limit: number;
  /** Milliseconds from the first failure. */
  readonly window: number;
  readonly capacity: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

interface Failures {
  readonly since: number;
  count: number;
}

export class Attempts {
  readonly #rules: AttemptRules;
  readonly #failures = new Map<string, Failures>();

  constructor(rules: AttemptRules) {
    this.#rules = rules;
  }

  get size(): number {
    return this.#failures.size;
  }

  isBlocked(key: string): boolean {
    return (this.#present(key)?.count ?? 0) >= this.#rules.limit;
  }

  failed(key: string): void {
    const known = this.#present(key);
    if (known !== undefined) {
      known.count += 1;
      return;
    }
    const [oldest] = this.#failures.keys();
    if (this.#failures.size >= this.#rules.capacity && oldest !== undefined) this.#failures.delete(oldest);
    this.#failures.set(key, { since: this.#rules.now(), count: 1 });
  }

  succeeded(key: string): void {
    this.#failures.delete(key);
  }

  #present(key: string): Failures | undefined {
    const known = this.#failures.get(key);
    if (known === undefined || this.#rules.now() - known.since < this.#rules.window) return known;
    this.#failures.delete(key);
    return undefined;
  }
}
