/**
 * What one peer has not taken yet, beyond what its link holds, in order. Owns the choice of what goes when that is too much:
 * only EVENTs go, each subscription keeps its newest, and whatever went is counted beside the next EVENT of the same
 * subscription, so that the subscriber can be told in its place. It must not know links, time, nor why a peer is slow.
 */
import type { Encoded, KeptMessage } from "./encoded.ts";

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
  at: number;
  kept: KeptMessage;
  /** Of an EVENT. */
  subscription: number | undefined;
  topic: string;
  dropped: number;
  previous: Entry | undefined;
  next: Entry | undefined;
}

/** An EVENT. */
interface EventEntry extends Entry {
  subscription: number;
}

/** The EVENTs of one subscription that wait. */
interface Tally {
  newest: EventEntry;
  /** Went from before the oldest that waits. */
  dropped: number;
}

/** The EVENTs of one topic: the oldest keeps its place, so that a busy topic is heard of at all; only later ones are folded. */
interface Topic {
  oldest: EventEntry;
  newest: EventEntry | undefined;
}

export class WaitingMessages {
  readonly #bounds: WaitingBounds;
  readonly #reduction: Reduction | undefined;
  /** A chain, because what goes may lie anywhere; what is out of it points nowhere, or the collector would keep what followed. */
  #first: Entry | undefined;
  #last: Entry | undefined;
  /** One that went, for the next message: once there is too much, each newcomer costs no new one. */
  #unused: Entry | undefined;
  #count = 0;
  #octets = 0;
  #messages = 0;
  #folded = 0;
  #dropped = 0;
  /** Present from the first time that there was too much until nothing waits. */
  #tallies: Map<number, Tally> | undefined;
  #topics: Map<string, Topic> | undefined;
  /** Entries before this one are known to stay; undefined if all of them are. */
  #scanned: Entry | undefined;

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

  /** The message is taken or dropped here. */
  push(kept: KeptMessage, mark: EventMark | undefined): void {
    const entry = this.#append(kept, mark);
    if (this.#reduction === undefined) return;
    if (this.#tallies !== undefined) this.#enter(entry);
    if (!this.isTooMuch) return;
    if (this.#tallies === undefined) this.#begin();
    while (this.isTooMuch && this.#dropOldest());
  }

  shift(): Next | undefined {
    const entry = this.#first;
    if (entry === undefined) return this.#end();
    const dropped = isEvent(entry) ? this.#leave(entry) : 0;
    const encoded = entry.kept.take();
    this.#remove(entry);
    return { encoded, dropped };
  }

  /** Drops all of it, untold. */
  clear(): void {
    for (let entry = this.#first; entry !== undefined; entry = entry.next) entry.kept.drop();
    this.#first = undefined;
    this.#last = undefined;
    this.#scanned = undefined;
    this.#octets = 0;
    this.#messages = 0;
    this.#end();
  }

  #append(kept: KeptMessage, mark: EventMark | undefined): Entry {
    const entry = this.#unused ?? emptyEntry(kept);
    this.#unused = undefined;
    const previous = this.#last;
    entry.at = this.#count;
    entry.kept = kept;
    entry.subscription = mark?.subscription;
    entry.topic = mark?.topic ?? "";
    entry.dropped = 0;
    entry.previous = previous;
    if (previous === undefined) this.#first = entry;
    else previous.next = entry;
    this.#last = entry;
    this.#count += 1;
    this.#octets += kept.length;
    this.#messages += 1;
    return entry;
  }

  #remove(entry: Entry): void {
    const { previous, next, kept } = entry;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    if (this.#scanned === entry) this.#scanned = next;
    entry.previous = undefined;
    entry.next = undefined;
    this.#unused = entry;
    this.#octets -= kept.length;
    this.#messages -= 1;
  }

  #begin(): void {
    this.#tallies = new Map();
    if (this.#reduction === "coalesce") this.#topics = new Map();
    this.#scanned = this.#first;
    let next: Entry | undefined;
    for (let entry = this.#first; entry !== undefined; entry = next) {
      next = entry.next;
      this.#enter(entry);
    }
  }

  #end(): undefined {
    this.#unused = undefined;
    this.#tallies = undefined;
    this.#topics = undefined;
  }

  #enter(entry: Entry): void {
    if (!isEvent(entry)) return;
    const tally = this.#tallies?.get(entry.subscription);
    if (tally === undefined) {
      this.#tallies?.set(entry.subscription, { newest: entry, dropped: 0 });
    } else {
      // it had to stay as the newest; now it may go
      if (this.#scanned === undefined || tally.newest.at < this.#scanned.at) this.#scanned = tally.newest;
      tally.newest = entry;
    }
    if (this.#reduction === "coalesce") this.#fold(entry);
  }

  #fold(entry: EventEntry): void {
    const key = topicKey(entry);
    const topic = this.#topics?.get(key);
    if (topic === undefined) {
      this.#topics?.set(key, { oldest: entry, newest: undefined });
      return;
    }
    const { newest } = topic;
    topic.newest = entry;
    if (newest === undefined) return;
    entry.dropped += newest.dropped + 1;
    this.#folded += 1;
    newest.kept.drop();
    this.#remove(newest);
  }

  /** False if all that waits has to stay. */
  #dropOldest(): boolean {
    for (let entry = this.#scanned; entry !== undefined; entry = entry.next) {
      this.#scanned = entry;
      if (!isEvent(entry)) continue;
      const tally = this.#tallies?.get(entry.subscription);
      if (tally === undefined || tally.newest === entry) continue;
      tally.dropped += entry.dropped + 1;
      this.#dropped += 1;
      this.#forgetOldest(entry);
      entry.kept.drop();
      this.#remove(entry);
      return true;
    }
    this.#scanned = undefined;
    return false;
  }

  /** Out of the tables; gives what the subscriber has to be told. */
  #leave(entry: EventEntry): number {
    const tally = this.#tallies?.get(entry.subscription);
    if (tally === undefined) return entry.dropped;
    const dropped = entry.dropped + tally.dropped;
    tally.dropped = 0;
    if (tally.newest === entry) this.#tallies?.delete(entry.subscription);
    this.#forgetOldest(entry);
    return dropped;
  }

  #forgetOldest(entry: EventEntry): void {
    if (this.#reduction !== "coalesce") return;
    const key = topicKey(entry);
    const topic = this.#topics?.get(key);
    if (topic === undefined) return;
    if (topic.newest === entry) topic.newest = undefined;
    if (topic.oldest !== entry) return;
    if (topic.newest === undefined) this.#topics?.delete(key);
    else this.#topics?.set(key, { oldest: topic.newest, newest: undefined });
  }
}

function emptyEntry(kept: KeptMessage): Entry {
  return { at: 0, kept, subscription: undefined, topic: "", dropped: 0, previous: undefined, next: undefined };
}

function isEvent(entry: Entry): entry is EventEntry {
  return entry.subscription !== undefined;
}

function topicKey({ subscription, topic }: EventEntry): string {
  return `${String(subscription)} ${topic}`;
}
