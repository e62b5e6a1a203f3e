/**
 * What a segment holds, entry by entry: `length u32 | crc32 u32 | body`, big-endian; the body is one octet of kind and JSON in
 * UTF-8. The CRC covers length and body, so a bit that flips anywhere in an entry is noticed, and an end full of zeros too.
 */
import { crc32 } from "node:zlib";
import type { JsonValue } from "../../drivers/description.ts";
import { qualities, type Reading } from "../../drivers/reading.ts";
import type { BootStep } from "./boot-clocks.ts";
import { gapReasons, type Gap, type GapDetail } from "./gap.ts";
import type { Interval } from "@pinion/wamp";

export interface HeadEntry {
  readonly kind: "head";
  readonly boot: string;
  /** Per stream the sequence number of the first reading that no earlier segment of this boot holds. */
  readonly next: readonly (readonly [stream: string, seq: number])[];
  /** The kernel's run, ms that it had run when this boot's monotonic clock was at 0, and the wall clock at that time as it is set now. */
  readonly clock?: readonly [kernel: string, origin: number, base: number] | undefined;
}

export interface ReadingEntry {
  readonly kind: "reading";
  readonly stream: string;
  /** Without its boot: that stands in the head. */
  readonly reading: Omit<Reading, "boot">;
}

export interface GapEntry {
  readonly kind: "gap";
  readonly gap: Gap;
}

/** What has been delivered, or told, since the last such entry. */
export interface DeliveredEntry {
  readonly kind: "delivered";
  readonly readings: readonly (readonly [boot: string, stream: string, intervals: readonly Interval[]])[];
  /** Each with the end it had when it was told, null for an open one. */
  readonly gaps: readonly (readonly [id: string, to: number | null])[];
}

/** The process ended with everything written: nothing is missing at the end of this boot. */
export interface CleanEntry {
  readonly kind: "clean";
}

/** The wall clock was set: in the boot that writes this, or seen from a later one. */
export interface ClockEntry {
  readonly kind: "clock";
  readonly step: BootStep;
  readonly told: boolean;
}

/** Of a version that is newer than this one. */
export interface UnknownEntry {
  readonly kind: "unknown";
}

export type Entry = HeadEntry | ReadingEntry | GapEntry | DeliveredEntry | CleanEntry | ClockEntry | UnknownEntry;

const VERSION = 1;
const PREFIX = 8;
const KIND = { head: 1, reading: 2, gap: 3, delivered: 4, clean: 5, clock: 6, unknown: 255 } as const;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

export function encodeEntry(entry: Entry): Uint8Array {
  const text = encoder.encode(JSON.stringify(fieldsOf(entry)));
  const octets = new Uint8Array(PREFIX + 1 + text.length);
  const view = new DataView(octets.buffer);
  view.setUint32(0, text.length + 1);
  octets[PREFIX] = KIND[entry.kind];
  octets.set(text, PREFIX + 1);
  view.setUint32(4, checksum(octets, 0, octets.length));
  return octets;
}

export interface Scan {
  readonly entries: readonly Entry[];
  /** How many octets are whole entries; the rest is torn or damaged and nothing in it is believed. */
  readonly sound: number;
}

/** Reads whole entries from the start until the first that is not one. Never throws. */
export function scanEntries(octets: Uint8Array): Scan {
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  const entries: Entry[] = [];
  let at = 0;
  while (at + PREFIX < octets.length) {
    const end = at + PREFIX + view.getUint32(at);
    if (end > octets.length || end === at + PREFIX) break;
    if (checksum(octets, at, end) !== view.getUint32(at + 4)) break;
    const entry = decodeBody(octets.subarray(at + PREFIX, end));
    if (entry === undefined) break;
    entries.push(entry);
    at = end;
  }
  return { entries, sound: at };
}

function checksum(octets: Uint8Array, from: number, to: number): number {
  const length = octets.subarray(from, from + 4);
  return crc32(octets.subarray(from + PREFIX, to), crc32(length));
}

function fieldsOf(entry: Entry): readonly unknown[] {
  switch (entry.kind) {
    case "head":
      return [VERSION, entry.boot, entry.next, entry.clock ?? null];
    case "reading": {
      const { seq, t, mono, value, quality, unit, cause, synced } = entry.reading;
      return [entry.stream, seq, t, mono, value, quality, unit ?? null, cause ?? null, synced ?? null];
    }
    case "gap": {
      const { id, stream, boot, from, to, reason, t, detail } = entry.gap;
      return [id, stream, boot, from, to, reason, t, detail ?? null];
    }
    case "delivered":
      // JSON has no Infinity
      return [entry.readings.map(([boot, stream, list]) => [boot, stream, list.map(openEnd)]), entry.gaps];
    case "clean":
    case "unknown":
      return [];
    case "clock": {
      const { boot, mono, offset, t } = entry.step;
      return [boot, mono, offset, t, entry.told];
    }
    default:
      return entry satisfies never;
  }
}

function openEnd([from, to]: Interval): readonly [number, number | null] {
  return [from, Number.isFinite(to) ? to : null];
}

/**
 * Undefined for what a sound CRC all but rules out. Checked by hand: a board reads a whole journal before it can deliver any of it, and a
 * schema takes ten times as long.
 */
function decodeBody(body: Uint8Array): Entry | undefined {
  let fields: unknown;
  try {
    fields = JSON.parse(decoder.decode(body.subarray(1)));
  } catch {
    return undefined;
  }
  if (!Array.isArray(fields)) return undefined;
  switch (body[0]) {
    case KIND.head:
      return headOf(fields);
    case KIND.reading:
      return readingOf(fields);
    case KIND.gap:
      return gapOf(fields);
    case KIND.delivered:
      return deliveredOf(fields);
    case KIND.clean:
      return { kind: "clean" };
    case KIND.clock:
      return clockOf(fields);
    default:
      return { kind: "unknown" };
  }
}

type Fields = readonly unknown[];

const QUALITIES: ReadonlySet<unknown> = new Set(qualities);
const REASONS: ReadonlySet<unknown> = new Set(gapReasons);
const isText = (value: unknown): value is string => typeof value === "string";
const isWords = (value: unknown): value is string | null => value === null || typeof value === "string";
const isNumber = (value: unknown): value is number => typeof value === "number";
const isSeq = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
const isEnd = (value: unknown): value is number | null => value === null || isSeq(value);
const isFlag = (value: unknown): value is boolean | null => value === null || typeof value === "boolean";

/** Lists of so many fields, each as it should be. */
function isList<Item extends Fields>(value: unknown, isItem: (item: Fields) => item is Item): value is readonly Item[] {
  return Array.isArray(value) && value.every((item) => Array.isArray(item) && isItem(item));
}

function headOf([version, boot, next, clock]: Fields): Entry | undefined {
  const isNext = (one: Fields): one is [string, number] => isText(one[0]) && isSeq(one[1]);
  if (version !== VERSION || !isText(boot) || !isList(next, isNext)) return undefined;
  if (!Array.isArray(clock)) return { kind: "head", boot, next };
  const [kernel, origin, base] = clock as Fields;
  if (!isText(kernel) || !isNumber(origin) || !isNumber(base)) return undefined;
  return { kind: "head", boot, next, clock: [kernel, origin, base] };
}

function clockOf([boot, mono, offset, t, told]: Fields): Entry | undefined {
  if (!isText(boot) || !isNumber(mono) || !isNumber(offset) || !isNumber(t)) return undefined;
  return { kind: "clock", step: { boot, mono, offset, t }, told: told === true };
}

function readingOf([stream, seq, t, mono, value, quality, unit, cause, synced]: Fields): Entry | undefined {
  if (!isText(stream) || !isSeq(seq) || !isNumber(t) || !isNumber(mono) || value === undefined) return undefined;
  if (!QUALITIES.has(quality) || !isWords(unit) || !isWords(cause) || !isFlag(synced)) return undefined;
  const reading = {
    value: value as JsonValue, // out of JSON.parse
    t,
    mono,
    seq,
    quality: quality as Reading["quality"], // one of them, as was just checked
    ...(unit === null ? {} : { unit }),
    ...(cause === null ? {} : { cause }),
    ...(synced === null ? {} : { synced }),
  };
  return { kind: "reading", stream, reading };
}

function gapOf([id, stream, boot, from, to, reason, t, detail]: Fields): Entry | undefined {
  if (!isText(id) || !isText(stream) || !isText(boot) || !isSeq(from) || !isEnd(to)) return undefined;
  if (!REASONS.has(reason) || !isNumber(t)) return undefined;
  const gap = { id, stream, boot, from, to, reason: reason as Gap["reason"], t }; // one of them, as was just checked
  return {
    kind: "gap",
    gap: { ...gap, ...(detail === null || detail === undefined ? {} : { detail: detailOf(detail) }) },
  };
}

function detailOf(value: unknown): GapDetail {
  const { cause, offset, mono } = value as Readonly<Record<string, unknown>>; // anything but null may be asked for a key
  return {
    ...(isText(cause) ? { cause } : {}),
    ...(isNumber(offset) ? { offset } : {}),
    ...(isNumber(mono) ? { mono } : {}),
  };
}

function deliveredOf([lists, gaps]: Fields): Entry | undefined {
  const isInterval = (one: Fields): one is [number, number | null] => isSeq(one[0]) && isEnd(one[1]);
  const isOf = (one: Fields): one is [string, string, readonly [number, number | null][]] =>
    isText(one[0]) && isText(one[1]) && isList(one[2], isInterval);
  const isTold = (one: Fields): one is [string, number | null] => isText(one[0]) && isEnd(one[1]);
  if (!isList(lists, isOf) || !isList(gaps, isTold)) return undefined;
  const readings = lists.map(([boot, stream, intervals]): DeliveredEntry["readings"][number] => [
    boot,
    stream,
    intervals.map(([from, to]): Interval => [from, to ?? Number.POSITIVE_INFINITY]),
  ]);
  return { kind: "delivered", readings, gaps };
}
