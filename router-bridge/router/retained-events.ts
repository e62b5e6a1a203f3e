/**
 * Owns the retained events of one realm (spec, event retention): for each topic the last one that everybody may see, and
 * after it those for some only. Bounded by number and octets; past a bound the topic that was silent longest is forgotten.
 * It knows no subscriptions and sends nothing.
 */
import { matches, type Match } from "@pinion/wamp";
import { mayReceive, type KeptEvent } from "./kept-event.ts";
import type { Limits } from "./limits.ts";
import type { Member } from "./member.ts";
import type { Statistics } from "./statistics.ts";

export class RetainedEvents {
  /** The topic that was published to last stands last. */
  readonly #topics = new Map<string, readonly KeptEvent[]>();
  readonly #limits: Limits;
  readonly #statistics: Statistics;
  #count = 0;
  #octets = 0;

  constructor(limits: Limits, statistics: Statistics) {
    this.#limits = limits;
    this.#statistics = statistics;
  }

  get count(): number {
    return this.#count;
  }

  get octets(): number {
    return this.#octets;
  }

  keep(event: KeptEvent): void {
    const { topic, audience } = event;
    const before = this.#topics.get(topic) ?? [];
    this.#forget(topic);
    if (event.octets > this.#limits.retainedOctets) {
      // it would push out everything else; and what it outdates is worse than nothing
      this.#statistics.retainedForgotten += before.length + 1;
      return;
    }
    // each session still finds the newest of those for some that is for it
    const forSome = before.filter((one) => one.audience !== undefined);
    const restricted = forSome.slice(Math.max(0, forSome.length + 1 - this.#limits.retainedPerTopic));
    const general = before.filter((one) => one.audience === undefined);
    // what everybody may see outdates all before it
    const events = audience === undefined ? [event] : [...general, ...restricted, event];
    this.#topics.set(topic, events);
    this.#count += events.length;
    for (const { octets } of events) this.#octets += octets;
    this.#keepBounds();
  }

  /** For each topic that matches, in the order of the last publications, the newest event this session may see. */
  visibleTo<P>(member: Member<P>, match: Match, pattern: string): KeptEvent[] {
    const visible: KeptEvent[] = [];
    const add = (events: readonly KeptEvent[] | undefined): void => {
      const newest = events?.findLast((event) => mayReceive(event, member));
      if (newest !== undefined) visible.push(newest);
    };
    if (match === "exact") add(this.#topics.get(pattern));
    else for (const [topic, events] of this.#topics) if (matches(pattern, match, topic)) add(events);
    return visible;
  }

  #keepBounds(): void {
    const { retainedEvents, retainedOctets } = this.#limits;
    while (this.#count > retainedEvents || this.#octets > retainedOctets) {
      const [oldest] = this.#topics.keys();
      if (oldest === undefined) return;
      this.#statistics.retainedForgotten += this.#topics.get(oldest)?.length ?? 0;
      this.#forget(oldest);
    }
  }

  #forget(topic: string): void {
    const events = this.#topics.get(topic) ?? [];
    this.#topics.delete(topic);
    this.#count -= events.length;
    for (const { octets } of events) this.#octets -= octets;
  }
}
