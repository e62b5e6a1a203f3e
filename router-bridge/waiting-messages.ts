/**
 * What one peer has not taken yet, beyond what its link holds, in order. Owns the choice of what goes when that is too much:
 * only EVENTs go, each subscription keeps its newest, and whatever went is counted beside the next EVENT of the same
 * subscription, so that the subscriber can be told in its place. It must not know links, time, nor why a peer is slow.
 */
import type { Encoded } from "./encoded.ts";

/** Which EVENT something is: `topic` only where the subscription is a pattern. */
export interface EventMark {
  readonly subscription: number;
  readonly topic: string;
}

/** `coalesce`: the newest of each topic. `drop-oldest`: the newest of all. */
export type Reduction = "coalesce" | "drop-oldest";

export interface WaitingBounds {
  readonly octets: number;
  readonly messages: number;
}

/** The next message, and how many EVENTs of its subscription went since the last one that was sent. */
export interface Next {
  readonly encoded: Encoded;
  readonly dropped: number;
}

export interface Losses {
  /** EVENTs that a newer one of their topic replaced. */
  readonly folded: number;
  /** EVENTs that went because they were the oldest. */
  readonly dropped: number;
}

interface Entry {
  /** Counts from the first message that ever waited. */
  readonly at: number;
  readonly mark: EventMark | undefined;
  encoded: Encoded | undefined;
  dropped: number;
}

/** The EVENTs of one subscription that wait. */
interface Tally {
  newest: Entry;
  /** Went from before the oldest that waits. */
  dropped: number;
}

/** The EVENTs of one topic: the oldest keeps its place, so that a busy topic is heard of at all; only later ones are folded. */
interface Topic {
  oldest: Entry;
  newest: Entry | undefined;
}

/** Removed places at the front are cut off from here on. */
const CUT = 1024;

export class WaitingMessages {
  readonly #bounds: WaitingBounds;
  readonly #reduction: Reduction | undefined;
  #entries: Entry[] = [];
  /** The place of the next message in `entries`, and the count of the first entry there. */
  #head = 0;
  #first = 0;
  #octets = 0;
  #messages = 0;
  #folded = 0;
  #dropped = 0;
  /** Present from the first time that there was too much until nothing waits. */
  #tallies: Map<number, Tally> | undefined;
  #topics: Map<string, Topic> | undefined;
  /** Entries before this one are known to stay. */
  #scanned = 0;

  /** Without `reduction` nothing ever goes. */
  constructor(bounds: WaitingBounds, reduction?: Reduction) {
    this.#bounds = bounds;
    this.#reduction = reduction;
  }

  get octets(): number {
    return this.#octets;
  }

  get messages(): number {
    return this.#messages;
  }

  /** What went since this was asked last. */
  takeLosses(): Losses {
    const losses = { folded: this.#folded, dropped: this.#dropped };
    this.#folded = 0;
    this.#dropped = 0;
    return losses;
  }

  get isTooMuch(): boolean {
    return this.#octets > this.#bounds.octets || this.#messages > this.#bounds.messages;
  }

  push(encoded: Encoded, mark: EventMark | undefined): void {
    const entry: Entry = { at: this.#first + this.#entries.length, mark, encoded, dropped: 0 };
    this.#entries.push(entry);
    this.#octets += encoded.octets.length;
    this.#messages += 1;
    if (this.#reduction === undefined) return;
    if (this.#tallies !== undefined) this.#enter(entry);
    if (!this.isTooMuch) return;
    if (this.#tallies === undefined) this.#begin();
    while (this.isTooMuch && this.#dropOldest());
  }

  shift(): Next | undefined {
    for (;;) {
      const entry = this.#entries[this.#head];
      if (entry === undefined) return this.#end();
      this.#head += 1;
      if (this.#head >= CUT && this.#head * 2 >= this.#entries.length) this.#cut();
      const { encoded } = entry;
      if (encoded === undefined) continue;
      const dropped = this.#leave(entry);
      this.#take(entry, encoded);
      return { encoded, dropped };
    }
  }

  #begin(): void {
    this.#tallies = new Map();
    this.#topics = new Map();
    this.#scanned = this.#first + this.#head;
    for (const entry of this.#entries.slice(this.#head)) this.#enter(entry);
  }

  #end(): undefined {
    this.#cut();
    this.#tallies = undefined;
    this.#topics = undefined;
  }

  #cut(): void {
    this.#entries.splice(0, this.#head);
    this.#first += this.#head;
    this.#head = 0;
  }

  #enter(entry: Entry): void {
    const { mark } = entry;
    if (mark === undefined) return;
    if (this.#reduction === "coalesce") this.#fold(entry, mark);
    const tally = this.#tallies?.get(mark.subscription);
    if (tally === undefined) {
      this.#tallies?.set(mark.subscription, { newest: entry, dropped: 0 });
      return;
    }
    // it had to stay as the newest; now it may go
    this.#scanned = Math.min(this.#scanned, tally.newest.at);
    tally.newest = entry;
  }

  #fold(entry: Entry, mark: EventMark): void {
    const key = topicKey(mark);
    const topic = this.#topics?.get(key);
    if (topic === undefined) {
      this.#topics?.set(key, { oldest: entry, newest: undefined });
      return;
    }
    const { newest } = topic;
    topic.newest = entry;
    if (newest?.encoded === undefined) return;
    entry.dropped += newest.dropped + 1;
    this.#folded += 1;
    this.#take(newest, newest.encoded);
  }

  /** False if all that waits has to stay. */
  #dropOldest(): boolean {
    const end = this.#first + this.#entries.length;
    for (; this.#scanned < end; this.#scanned += 1) {
      const entry = this.#entries[this.#scanned - this.#first];
      if (entry?.encoded === undefined || entry.mark === undefined) continue;
      const tally = this.#tallies?.get(entry.mark.subscription);
      if (tally === undefined || tally.newest === entry) continue;
      tally.dropped += entry.dropped + 1;
      this.#dropped += 1;
      this.#forgetOldest(entry, entry.mark);
      this.#take(entry, entry.encoded);
      return true;
    }
    return false;
  }

  /** Out of the tables; gives what the subscriber has to be told. */
  #leave(entry: Entry): number {
    const { mark } = entry;
    if (mark === undefined) return 0;
    const tally = this.#tallies?.get(mark.subscription);
    if (tally === undefined) return entry.dropped;
    const dropped = entry.dropped + tally.dropped;
    tally.dropped = 0;
    if (tally.newest === entry) this.#tallies?.delete(mark.subscription);
    this.#forgetOldest(entry, mark);
    return dropped;
  }

  #forgetOldest(entry: Entry, mark: EventMark): void {
    if (this.#reduction !== "coalesce") return;
    const key = topicKey(mark);
    const topic = this.#topics?.get(key);
    if (topic === undefined) return;
    if (topic.newest === entry) topic.newest = undefined;
    if (topic.oldest !== entry) return;
    if (topic.newest === undefined) this.#topics?.delete(key);
    else this.#topics?.set(key, { oldest: topic.newest, newest: undefined });
  }

  #take(entry: Entry, encoded: Encoded): void {
    entry.encoded = undefined;
    this.#octets -= encoded.octets.length;
    this.#messages -= 1;
  }
}

function topicKey({ subscription, topic }: EventMark): string {
  return `${String(subscription)} ${topic}`;
}
