/**
 * Owns what a dynamic authorizer has answered lately, bounded by number and age: the oldest goes first. It knows no clock and
 * asks nobody.
 */
import type { Decision } from "./authorizer.ts";
import type { Millis } from "./deadlines.ts";

/** What was decided, as far as it tells answers apart. */
export interface DecisionSubject {
  readonly realm: string;
  readonly authid: string;
  readonly authrole: string;
}

interface Entry extends DecisionSubject {
  readonly decision: Decision;
  readonly until: Millis;
}

export class DecisionCache {
  readonly #bounds: { readonly entries: number; readonly age: Millis };
  readonly #entries = new Map<string, Entry>();

  /** `entries`: most answers kept, 0 keeps none. `age`: milliseconds for which one is believed. */
  constructor(bounds: { readonly entries: number; readonly age: Millis }) {
    this.#bounds = bounds;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string, now: Millis): Decision | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (now < entry.until) return entry.decision;
    this.#entries.delete(key);
    return undefined;
  }

  set(key: string, { realm, authid, authrole }: DecisionSubject, decision: Decision, now: Millis): void {
    // put in anew, so that the order of the map is the order of age
    this.#entries.delete(key);
    const { entries, age } = this.#bounds;
    if (entries === 0 || age === 0) return;
    this.#entries.set(key, { realm, authid, authrole, decision, until: now + age });
    if (this.#entries.size <= entries) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }

  /** Forgets all answers that concern whom `filter` names; gives their number. */
  flush(filter: Partial<DecisionSubject> = {}): number {
    const { realm, authid, authrole } = filter;
    let forgotten = 0;
    for (const [key, entry] of this.#entries) {
      if (realm !== undefined && entry.realm !== realm) continue;
      if (authid !== undefined && entry.authid !== authid) continue;
      if (authrole !== undefined && entry.authrole !== authrole) continue;
      this.#entries.delete(key);
      forgotten += 1;
    }
    return forgotten;
  }
}
