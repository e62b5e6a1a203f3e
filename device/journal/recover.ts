/**
 * Reads back what earlier runs left behind. Believes only whole entries with a sound CRC, in order, up to the first that is not;
 * what it must do without it declares: a hole between what is there, or an end that nobody vouches for, becomes a gap.
 * Always ends, and never rejects: a file that cannot be read is a damaged one.
 */
import type { Disk } from "./disk.ts";
import type { BootClocks } from "./boot-clocks.ts";
import { scanEntries, type DeliveredEntry, type Entry, type HeadEntry } from "./entry.ts";
import { gapEnd, type GapReason } from "./gap.ts";
import { IntervalSet, type Interval } from "@pinion/wamp";
import type { Ledger } from "./ledger.ts";
import { noteEntry, segmentOfName, type Segment } from "./segment.ts";

export interface RecoverOptions {
  readonly disk: Disk;
  readonly ledger: Ledger;
  readonly clocks: BootClocks;
  /** Streams of this run: what a boot that left nothing readable may have lost readings of. */
  readonly streams: readonly string[];
  readonly wall: () => number;
}

export interface Recovered {
  /** In order of their number. */
  readonly segments: readonly Segment[];
  /** Files that hold nothing that can be read: to be removed once their gaps are written. */
  readonly useless: readonly string[];
  /** The first number that no file has. */
  readonly nextNumber: number;
  /** In words, for the log. */
  readonly damage: readonly string[];
}

/** One stream of one boot, as far as it has been read. */
interface Track {
  /** The highest number up to which all are accounted for; undefined while it is not known where the journal begins. */
  last: number | undefined;
  readonly missing: IntervalSet;
}

export async function recover(options: RecoverOptions): Promise<Recovered> {
  return new Recovery(options).run();
}

class Recovery {
  readonly #options: RecoverOptions;
  /** Boot, then stream, in the order they were first seen. */
  readonly #boots = new Map<string, Map<string, Track>>();
  readonly #clean = new Set<string>();
  readonly #unreadable = new Set<string>();
  /** Gaps in segments that are there, told or not: what they cover is accounted for. */
  readonly #declared: { boot: string; stream: string; from: number; to: number }[] = [];

  constructor(options: RecoverOptions) {
    this.#options = options;
  }

  async run(): Promise<Recovered> {
    const names = await this.#options.disk.list();
    const found = names.map(segmentOfName).filter((segment) => segment !== undefined);
    found.sort((a, b) => a.number - b.number);
    const segments: Segment[] = [];
    const useless: string[] = [];
    const damage: string[] = [];
    for (const segment of found) {
      const fault = await this.#read(segment);
      if (fault !== undefined) damage.push(`${segment.name}: ${fault}`);
      if (segment.octets > 0) segments.push(segment);
      else useless.push(segment.name);
    }
    this.#declare();
    return { segments, useless, nextNumber: (found.at(-1)?.number ?? 0) + 1, damage };
  }

  async #read(segment: Segment): Promise<string | undefined> {
    let octets: Uint8Array;
    try {
      octets = await this.#options.disk.read(segment.name);
    } catch (error) {
      this.#unreadable.add(segment.boot);
      return `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    }
    const { entries, sound } = scanEntries(octets);
    const [head, ...rest] = entries;
    if (head?.kind !== "head" || head.boot !== segment.boot) {
      this.#unreadable.add(segment.boot);
      return "its first entry is not whole";
    }
    segment.octets = octets.length;
    this.#options.clocks.restoreHead(head);
    this.#begin(head);
    for (const entry of rest) {
      noteEntry(segment, entry);
      this.#note(segment.boot, entry);
    }
    if (sound === octets.length) return undefined;
    return `${String(octets.length - sound)} of ${String(octets.length)} octets are torn or damaged`;
  }

  #begin({ boot, next }: HeadEntry): void {
    for (const [stream, seq] of next) {
      const track = this.#track(boot, stream);
      // what stands before the first segment that is left is gone with its segment, accounted for when it went
      if (track.last === undefined) track.last = this.#unreadable.has(boot) ? 0 : seq - 1;
      this.#reach(track, seq - 1);
    }
  }

  #note(boot: string, entry: Entry): void {
    switch (entry.kind) {
      case "reading": {
        const { seq } = entry.reading;
        const track = this.#track(boot, entry.stream);
        const isNew = track.last === undefined || seq > track.last || track.missing.has(seq);
        track.last ??= seq - 1;
        this.#reach(track, seq);
        track.missing.take(seq, seq);
        if (isNew) this.#options.ledger.add(boot, entry.stream, seq);
        return;
      }
      case "gap": {
        const { gap } = entry;
        this.#options.ledger.restoreGap(gap);
        this.#declared.push({ boot: gap.boot, stream: gap.stream, from: gap.from, to: gapEnd(gap) });
        return;
      }
      case "delivered":
        this.#options.ledger.restoreDelivered(entry);
        this.#had(entry);
        return;
      case "clean":
        this.#clean.add(boot);
        return;
      case "clock":
        this.#options.clocks.restoreStep(entry);
        return;
      case "head":
      case "unknown":
        return;
    }
  }

  /** What has been delivered is not missing, wherever it stood. */
  #had({ readings }: DeliveredEntry): void {
    for (const [boot, stream, list] of readings) {
      for (const [from, to] of list) this.#boots.get(boot)?.get(stream)?.missing.take(from, to);
    }
  }

  /** All up to `seq` are in the journal, or missing. */
  #reach(track: Track, seq: number): void {
    if (track.last === undefined || seq <= track.last) return;
    track.missing.add(track.last + 1, seq);
    track.last = seq;
  }

  #declare(): void {
    const { streams } = this.#options;
    for (const boot of this.#unreadable) {
      if (this.#boots.has(boot)) continue;
      for (const stream of streams) this.#track(boot, stream).last = 0;
    }
    for (const [boot, tracks] of this.#boots) {
      for (const [stream, track] of tracks) {
        if (!this.#clean.has(boot)) track.missing.add((track.last ?? 0) + 1, Number.POSITIVE_INFINITY);
        for (const gap of this.#declared) {
          if (gap.boot === boot && gap.stream === stream) track.missing.take(gap.from, gap.to);
        }
        for (const range of track.missing.ranges()) this.#lost(boot, stream, range);
      }
    }
  }

  #lost(boot: string, stream: string, [from, to]: Interval): void {
    const open = !Number.isFinite(to);
    const reason: GapReason = open ? "unclean_stop" : "journal_damaged";
    const { ledger, wall } = this.#options;
    ledger.declare({ boot, stream, from, to: open ? null : to, reason, t: wall() });
  }

  #track(boot: string, stream: string): Track {
    let tracks = this.#boots.get(boot);
    if (tracks === undefined) this.#boots.set(boot, (tracks = new Map<string, Track>()));
    let track = tracks.get(stream);
    if (track === undefined) tracks.set(stream, (track = { last: undefined, missing: new IntervalSet() }));
    return track;
  }
}
