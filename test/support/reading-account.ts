/**
 * What a consumer has of each stream, number by number, from plain events: which came, which came twice, which were said to be lost, and
 * in what order. It trusts no library of ours to count: that is what it checks.
 */
import { IntervalSet } from "@pinion/wamp";
import type { ReceivedEvent } from "@pinion/wamp/client";

interface Stream {
  readonly seen: IntervalSet;
  readonly declared: IntervalSet;
  /** Of live readings, and of replayed ones: each must rise. */
  live: number;
  replayed: number;
}

export interface Account {
  readonly delivered: number;
  readonly duplicates: number;
  /** Numbers in declared gaps that never came. */
  readonly inGaps: number;
  readonly gapEvents: number;
  /** Numbers up to the highest made that neither came nor lie in a declared gap. */
  readonly undeclared: number;
  /** New readings that came after a later one, the same of replayed ones. */
  readonly outOfOrder: number;
  /** For the message of a failure. */
  readonly holes: readonly string[];
}

export class ReadingAccount {
  readonly #streams = new Map<string, Stream>();
  #delivered = 0;
  #duplicates = 0;
  #gapEvents = 0;
  #outOfOrder = 0;

  take({ topic, kwargs }: Pick<ReceivedEvent, "topic" | "kwargs">): void {
    const { boot, seq, replayed } = kwargs;
    const gap = kwargs["gap"];
    if (typeof gap === "object" && gap !== null) return this.#gap(topic, gap);
    if (typeof boot !== "string" || typeof seq !== "number") return;
    const stream = this.#stream(topic, boot);
    const kind = replayed === true ? "replayed" : "live";
    if (stream.seen.has(seq)) {
      this.#duplicates += 1;
      return;
    }
    if (seq < stream[kind]) this.#outOfOrder += 1;
    stream[kind] = seq;
    stream.seen.add(seq, seq);
    this.#delivered += 1;
  }

  /** `made`: the highest number that the board gave out, by topic and boot. */
  report(made: readonly { readonly topic: string; readonly boot: string; readonly seq: number }[]): Account {
    let inGaps = 0;
    let undeclared = 0;
    const holes: string[] = [];
    for (const { topic, boot, seq } of made) {
      const { seen, declared } = this.#stream(topic, boot);
      const open = new IntervalSet();
      if (seq > 0) open.add(1, seq);
      for (const [from, to] of seen.ranges()) open.take(from, to);
      for (const [from, to] of declared.ranges()) {
        for (const [low, high] of open.take(from, to)) inGaps += high - low + 1;
      }
      undeclared += open.size;
      for (const [from, to] of open.ranges()) holes.push(`${topic} ${boot} ${String(from)}-${String(to)}`);
    }
    return {
      delivered: this.#delivered,
      duplicates: this.#duplicates,
      inGaps,
      gapEvents: this.#gapEvents,
      undeclared,
      outOfOrder: this.#outOfOrder,
      holes,
    };
  }

  /** The highest number that came or lies in a bounded gap, by topic and boot. */
  known(): readonly { readonly topic: string; readonly boot: string; readonly seq: number }[] {
    return [...this.#streams].map(([name, { seen }]) => {
      const [topic = "", boot = ""] = name.split(" ");
      return { topic, boot, seq: seen.ranges().at(-1)?.[1] ?? 0 };
    });
  }

  #gap(topic: string, { boot, from, to }: Gap): void {
    if (typeof boot !== "string" || typeof from !== "number") return;
    this.#gapEvents += 1;
    this.#stream(topic, boot).declared.add(from, typeof to === "number" ? to : Number.POSITIVE_INFINITY);
  }

  #stream(topic: string, boot: string): Stream {
    const name = `${topic} ${boot}`;
    let stream = this.#streams.get(name);
    if (stream === undefined) {
      stream = { seen: new IntervalSet(), declared: new IntervalSet(), live: 0, replayed: 0 };
      this.#streams.set(name, stream);
    }
    return stream;
  }
}

interface Gap {
  readonly boot?: unknown;
  readonly from?: unknown;
  readonly to?: unknown;
}
