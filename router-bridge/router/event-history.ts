/**
 * Owns what was published on the topics whose past is to be kept (spec, event history), in publication order, each rule's
 * events within its own bounds of number, age and octets. Age is counted by the router's own time, which no clock change
 * moves. It knows no sessions and sends nothing.
 */
import { matches, type Match, type Uri } from "@pinion/wamp";
import type { Millis } from "./deadlines.ts";
import type { KeptEvent } from "./kept-event.ts";
import { PatternIndex } from "./pattern-index.ts";

export interface HistoryRule {
  readonly topic: Uri;
  readonly match: Match;
  /** Events kept at most. */
  readonly events: number;
  /** How long each is kept at most. */
  readonly age: Millis;
  /** Octets of all of them at most, roughly. */
  readonly octets: number;
}

/** A topic or pattern and how it is meant. */
interface Pattern {
  readonly topic: string;
  readonly match: Match;
}

interface Entry {
  readonly event: KeptEvent;
  readonly since: Millis;
  /** Counts all recorded events. */
  readonly order: number;
}

export class EventHistory {
  readonly #rules: readonly HistoryRule[];
  readonly #index = new PatternIndex<RuleHistory>();
  #order = 0;

  constructor(rules: readonly HistoryRule[]) {
    this.#rules = rules;
    for (const rule of rules) this.#index.set(rule.match, rule.topic, new RuleHistory(rule));
  }

  get isKept(): boolean {
    return this.#rules.length > 0;
  }

  /** `make` is only called if the topic's past is kept. */
  record(topic: string, now: Millis, make: () => KeptEvent): void {
    const histories = this.#index.matching(topic);
    if (histories.length === 0) return;
    this.#order += 1;
    const entry = { event: make(), since: now, order: this.#order };
    for (const history of histories) history.add(entry);
  }

  /** What was published for a subscription with this pattern, oldest first; undefined if no rule keeps any of it. */
  of(pattern: Pattern, now: Millis): KeptEvent[] | undefined {
    const rules = this.#rules.filter((rule) => mayOverlap(pattern, rule));
    if (rules.length === 0) return undefined;
    // one event may be kept by several rules
    const found = new Map<number, Entry>();
    for (const { match, topic } of rules) {
      for (const entry of this.#index.get(match, topic)?.entries(now) ?? []) {
        if (matches(pattern.topic, pattern.match, entry.event.topic)) found.set(entry.order, entry);
      }
    }
    return [...found.values()].toSorted((a, b) => a.order - b.order).map(({ event }) => event);
  }
}

/** The events of one rule: a queue that is shortened at its front. */
class RuleHistory {
  readonly #rule: HistoryRule;
  #entries: Entry[] = [];
  #first = 0;
  #octets = 0;

  constructor(rule: HistoryRule) {
    this.#rule = rule;
  }

  add(entry: Entry): void {
    this.#entries.push(entry);
    this.#octets += entry.event.octets;
    this.#keepBounds(entry.since);
  }

  entries(now: Millis): readonly Entry[] {
    this.#keepBounds(now);
    return this.#entries.slice(this.#first);
  }

  #keepBounds(now: Millis): void {
    const { events, age, octets } = this.#rule;
    for (let first = this.#entries[this.#first]; first !== undefined; first = this.#entries[this.#first]) {
      const count = this.#entries.length - this.#first;
      if (count <= events && this.#octets <= octets && now - first.since <= age) break;
      this.#octets -= first.event.octets;
      this.#first += 1;
    }
    if (this.#first < 64 || this.#first < this.#entries.length / 2) return;
    this.#entries = this.#entries.slice(this.#first);
    this.#first = 0;
  }
}

/** False only if no topic can match both. */
function mayOverlap(a: Pattern, b: Pattern): boolean {
  if (a.match === "exact") return matches(b.topic, b.match, a.topic);
  if (b.match === "exact") return matches(a.topic, a.match, b.topic);
  if (a.match === "prefix" && b.match === "prefix") return a.topic.startsWith(b.topic) || b.topic.startsWith(a.topic);
  const [parts, others] = [a.topic.split("."), b.topic.split(".")];
  if (a.match === "prefix") return mayBegin(parts, others);
  if (b.match === "prefix") return mayBegin(others, parts);
  return parts.length === others.length && parts.every((part, i) => part === "" || !others[i] || part === others[i]);
}

/** Whether a URI that matches the wildcard can begin with the prefix; the prefix's last component may be unfinished. */
function mayBegin(prefix: readonly string[], wildcard: readonly string[]): boolean {
  return prefix.every((part, i) => {
    const other = wildcard[i];
    if (other === undefined) return false;
    return other === "" || (i === prefix.length - 1 ? other.startsWith(part) : other === part);
  });
}
