import type { Entry } from "./entry.ts";
import { gapEnd } from "./gap.ts";
import type { Interval } from "@pinion/wamp";

/** One file of the journal, as it is remembered. */
export interface Segment {
  readonly name: string;
  readonly number: number;
  readonly boot: string;
  /** Octets on disk; a file takes a block at least, however little it holds. */
  octets: number;
  /** Per stream the lowest and the highest sequence number in it. */
  readonly spans: Map<string, Interval>;
  /** Per stream the highest number that a gap in it names, of any boot. */
  readonly gaps: Map<string, number>;
  /** Wall clock of its first reading. */
  firstAt: number | undefined;
}

export const BLOCK = 4_096;
const NAME = /^(\d{8,15})-([0-9A-Za-z._]{1,64})\.journal$/;

export function segmentName(number: number, boot: string): string {
  return `${String(number).padStart(8, "0")}-${boot}.journal`;
}

export function newSegment(number: number, boot: string): Segment {
  return {
    name: segmentName(number, boot),
    number,
    boot,
    octets: 0,
    spans: new Map(),
    gaps: new Map(),
    firstAt: undefined,
  };
}

/** Undefined for a file that is none of the journal's. */
export function segmentOfName(name: string): Segment | undefined {
  const [, digits, boot] = NAME.exec(name) ?? [];
  return digits === undefined || boot === undefined ? undefined : { ...newSegment(Number(digits), boot), name };
}

/** Remembers an entry that stands in the segment. */
export function noteEntry(segment: Segment, entry: Entry): void {
  if (entry.kind === "gap") {
    const { stream } = entry.gap;
    segment.gaps.set(stream, Math.max(segment.gaps.get(stream) ?? 0, gapEnd(entry.gap)));
  }
  if (entry.kind !== "reading") return;
  const { seq, t } = entry.reading;
  const [low, high] = segment.spans.get(entry.stream) ?? [seq, seq];
  segment.spans.set(entry.stream, [Math.min(low, seq), Math.max(high, seq)]);
  segment.firstAt ??= t;
}

/** What it takes of the journal's share of the disk. */
export function footprint({ octets }: Segment): number {
  return Math.max(BLOCK, Math.ceil(octets / BLOCK) * BLOCK);
}
