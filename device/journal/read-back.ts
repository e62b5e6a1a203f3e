/**
 * What the journal holds, read again: what is still owed, and what a consumer that was away asks for. Reads a segment at a time and
 * keeps nothing. What it finds damaged is declared lost; what cannot be read now may be readable later and stays owed.
 */
import type { Clock, Log } from "../../drivers/driver.ts";
import type { Reading } from "../../drivers/reading.ts";
import type { Disk } from "./disk.ts";
import { scanEntries, type Entry } from "./entry.ts";
import type { Gap } from "./gap.ts";
import { IntervalSet } from "@pinion/wamp";
import type { Ledger } from "./ledger.ts";
import type { Segment } from "./segment.ts";
import { join, type Encoded, type SegmentWriter } from "./segment-writer.ts";

export interface Stored {
  readonly stream: string;
  readonly reading: Reading;
}

/** The last reading that a consumer has. */
export interface Cursor {
  readonly boot: string;
  readonly seq: number;
}

export interface HistoryPage {
  readonly readings: readonly Reading[];
  readonly gaps: readonly Gap[];
  /** Per boot, in order, the highest number kept: an older boot ended there, or in a gap with an open end. */
  readonly boots: readonly Cursor[];
  /** There are readings after the last of these. */
  readonly more: boolean;
  /** False: nothing is kept of the boot that the cursor names; the page starts with the oldest there is. */
  readonly found: boolean;
}

export interface ReadBackContext {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: Log;
  readonly boot: string;
  readonly ledger: Ledger;
  /** The journal's own list, in order. */
  readonly segments: readonly Segment[];
  readonly writer: SegmentWriter;
  /** Not on disk yet. */
  readonly waiting: () => readonly Encoded[];
}

interface Source {
  readonly boot: string;
  readonly entries: () => Promise<readonly Entry[]>;
}

export class ReadBack {
  readonly #context: ReadBackContext;

  constructor(context: ReadBackContext) {
    this.#context = context;
  }

  /** All that is owed when it is begun. What moves from memory to disk meanwhile may come twice. */
  async *backlog(): AsyncGenerator<Stored, void> {
    const { segments, ledger, boot } = this.#context;
    const waiting = this.#waiting();
    for (const segment of segments.slice()) {
      const { spans } = segment;
      if ([...spans].some(([stream, span]) => ledger.hasPending(segment.boot, stream, span))) {
        yield* this.#owedOf(segment);
      }
    }
    yield* this.#owedIn(boot, waiting);
  }

  async history(stream: string, after: Cursor | undefined, limit: number): Promise<HistoryPage> {
    const page = new Page(stream, after, limit);
    const { segments, ledger } = this.#context;
    const found = after === undefined || segments.some(({ boot }) => boot === after.boot);
    const boots = this.#boots(stream);
    for (const { boot, entries } of this.#sources(stream, found ? after : undefined)) {
      for (const entry of await entries()) page.take(boot, entry);
      if (page.isFull) break;
    }
    for (const gap of ledger.recentGaps()) page.take(gap.boot, { kind: "gap", gap });
    return { ...page.result(), boots, found };
  }

  #sources(stream: string, after: Cursor | undefined): readonly Source[] {
    const { segments, boot } = this.#context;
    // as it is now: what moves to disk while the segments are read must not be missed
    const waiting = this.#waiting();
    const first = after === undefined ? 0 : segments.findIndex((segment) => segment.boot === after.boot);
    const isLater = ({ boot: of, spans, gaps }: Segment): boolean => {
      const from = of === after?.boot ? after.seq : 0;
      return (spans.get(stream)?.[1] ?? 0) > from || (gaps.get(stream) ?? 0) > from;
    };
    const stored = segments
      .slice(Math.max(0, first))
      .filter(isLater)
      .map((segment) => ({
        boot: segment.boot,
        entries: async () => scanEntries(await this.#octets(segment)).entries,
      }));
    return [...stored, { boot, entries: () => Promise.resolve(waiting) }];
  }

  #boots(stream: string): readonly Cursor[] {
    const last = new Map<string, number>();
    const note = (boot: string, seq: number): void => {
      last.set(boot, Math.max(last.get(boot) ?? 0, seq));
    };
    for (const { boot, spans } of this.#context.segments) {
      const span = spans.get(stream);
      if (span !== undefined) note(boot, span[1]);
    }
    for (const entry of this.#waiting()) {
      if (entry.kind === "reading" && entry.stream === stream) note(this.#context.boot, entry.reading.seq);
    }
    return [...last].map(([boot, seq]) => ({ boot, seq }));
  }

  #waiting(): readonly Entry[] {
    return this.#context.waiting().map(({ entry }) => entry);
  }

  async *#owedOf(segment: Segment): AsyncGenerator<Stored, void> {
    // as they are before it is read: it may grow while what was read is handed on
    const spans = [...segment.spans];
    const octets = await this.#octets(segment);
    if (octets.length === 0) return;
    const { entries } = scanEntries(octets);
    yield* this.#owedIn(segment.boot, entries);
    const { ledger, clock } = this.#context;
    const why = { reason: "journal_damaged", t: clock.wall() } as const;
    for (const [stream, [low, high]] of spans) {
      const absent = new IntervalSet();
      absent.add(low, high);
      for (const entry of entries) {
        if (entry.kind === "reading" && entry.stream === stream) absent.take(entry.reading.seq, entry.reading.seq);
      }
      for (const range of absent.ranges()) ledger.lose(segment.boot, stream, range, why);
    }
  }

  *#owedIn(boot: string, entries: readonly Entry[]): Generator<Stored, void> {
    for (const entry of entries) {
      if (entry.kind !== "reading") continue;
      const { stream, reading } = entry;
      if (this.#context.ledger.isPending(boot, stream, reading.seq)) yield { stream, reading: { ...reading, boot } };
    }
  }

  /** None for a segment that went meanwhile, or that cannot be read now. */
  async #octets(segment: Segment): Promise<Uint8Array> {
    const { disk, log, writer, segments } = this.#context;
    if (segment === writer.segment) return join(writer.chunks);
    try {
      return await disk.read(segment.name);
    } catch (error) {
      if (segments.includes(segment)) log.error(`journal: ${segment.name} cannot be read: ${String(error)}`);
      return new Uint8Array(0);
    }
  }
}

/** One page of one stream's past, filled in order. */
class Page {
  readonly #stream: string;
  readonly #limit: number;
  readonly #readings: Reading[] = [];
  readonly #gaps = new Map<string, Gap>();
  /** Per boot the highest number taken: what a failed write left twice is taken once. */
  readonly #highest = new Map<string, number>();
  #more = false;

  constructor(stream: string, after: Cursor | undefined, limit: number) {
    this.#stream = stream;
    this.#limit = limit;
    if (after !== undefined) this.#highest.set(after.boot, after.seq);
  }

  get isFull(): boolean {
    return this.#more;
  }

  take(boot: string, entry: Entry): void {
    if (entry.kind === "gap" && entry.gap.stream === this.#stream) this.#gaps.set(entry.gap.id, entry.gap);
    if (entry.kind !== "reading" || entry.stream !== this.#stream) return;
    const { seq } = entry.reading;
    if (seq <= (this.#highest.get(boot) ?? 0)) return;
    if (this.#readings.length >= this.#limit) {
      this.#more = true;
      return;
    }
    this.#highest.set(boot, seq);
    this.#readings.push({ ...entry.reading, boot });
  }

  result(): Pick<HistoryPage, "readings" | "gaps" | "more"> {
    return { readings: this.#readings, gaps: [...this.#gaps.values()], more: this.#more };
  }
}
