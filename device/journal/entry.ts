/**
 * What a segment holds, entry by entry: `length u32 | crc32 u32 | body`, big-endian; the body is one octet of kind and JSON in
 * UTF-8. The CRC covers length and body, so a bit that flips anywhere in an entry is noticed, and an end full of zeros too.
 */
import { crc32 } from "node:zlib";
import * as Type from "typebox";
import type { Static } from "typebox";
import { Check } from "typebox/schema";
import type { JsonValue } from "../../drivers/description.ts";
import { qualities, type Reading } from "../../drivers/reading.ts";
import { gapReasons, type Gap } from "./gap.ts";
import type { Interval } from "@pinion/wamp";

export interface HeadEntry {
  readonly kind: "head";
  readonly boot: string;
  /** Per stream the sequence number of the first reading that no earlier segment of this boot holds. */
  readonly next: readonly (readonly [stream: string, seq: number])[];
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

export type Entry = HeadEntry | ReadingEntry | GapEntry | DeliveredEntry | CleanEntry;

const VERSION = 1;
const Seq = Type.Integer({ minimum: 0 });
const End = Type.Union([Seq, Type.Null()]);
const Words = Type.Union([Type.String(), Type.Null()]);
const HEAD = Type.Tuple([Type.Literal(VERSION), Type.String(), Type.Array(Type.Tuple([Type.String(), Seq]))]);
const READING = Type.Tuple([
  Type.String(),
  Seq,
  Type.Number(),
  Type.Number(),
  Type.Unknown(),
  Type.Enum([...qualities]),
  Words,
  Words,
  Type.Union([Type.Boolean(), Type.Null()]),
]);
const GAP = Type.Tuple([
  Type.String(),
  Type.String(),
  Type.String(),
  Seq,
  End,
  Type.Enum([...gapReasons]),
  Type.Number(),
]);
const DELIVERED = Type.Tuple([
  Type.Array(Type.Tuple([Type.String(), Type.String(), Type.Array(Type.Tuple([Seq, End]))])),
  Type.Array(Type.Tuple([Type.String(), End])),
]);
const PREFIX = 8;
const KIND = { head: 1, reading: 2, gap: 3, delivered: 4, clean: 5 } as const;
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
      return [VERSION, entry.boot, entry.next];
    case "reading": {
      const { seq, t, mono, value, quality, unit, cause, synced } = entry.reading;
      return [entry.stream, seq, t, mono, value, quality, unit ?? null, cause ?? null, synced ?? null];
    }
    case "gap": {
      const { id, stream, boot, from, to, reason, t } = entry.gap;
      return [id, stream, boot, from, to, reason, t];
    }
    case "delivered":
      // JSON has no Infinity
      return [entry.readings.map(([boot, stream, list]) => [boot, stream, list.map(openEnd)]), entry.gaps];
    case "clean":
      return [];
    default:
      return entry satisfies never;
  }
}

function openEnd([from, to]: Interval): readonly [number, number | null] {
  return [from, Number.isFinite(to) ? to : null];
}

/** Undefined for what a sound CRC all but rules out: entries of another version, which are not read. */
function decodeBody(body: Uint8Array): Entry | undefined {
  let fields: unknown;
  try {
    fields = JSON.parse(decoder.decode(body.subarray(1)));
  } catch {
    return undefined;
  }
  switch (body[0]) {
    case KIND.head:
      return Check(HEAD, fields) ? { kind: "head", boot: fields[1], next: fields[2] } : undefined;
    case KIND.reading:
      return Check(READING, fields) ? readingOf(fields) : undefined;
    case KIND.gap:
      return Check(GAP, fields) ? gapOf(fields) : undefined;
    case KIND.delivered:
      return Check(DELIVERED, fields) ? deliveredOf(fields) : undefined;
    case KIND.clean:
      return { kind: "clean" };
    default:
      return undefined;
  }
}

function readingOf(fields: Static<typeof READING>): Entry {
  const [stream, seq, t, mono, value, quality, unit, cause, synced] = fields;
  const reading = {
    value: value as JsonValue, // out of JSON.parse
    t,
    mono,
    seq,
    quality,
    ...(unit === null ? {} : { unit }),
    ...(cause === null ? {} : { cause }),
    ...(synced === null ? {} : { synced }),
  };
  return { kind: "reading", stream, reading };
}

function gapOf([id, stream, boot, from, to, reason, t]: Static<typeof GAP>): Entry {
  return { kind: "gap", gap: { id, stream, boot, from, to, reason, t } };
}

function deliveredOf([lists, gaps]: Static<typeof DELIVERED>): Entry {
  const readings = lists.map(([boot, stream, intervals]): DeliveredEntry["readings"][number] => [
    boot,
    stream,
    intervals.map(([from, to]): Interval => [from, to ?? Number.POSITIVE_INFINITY]),
  ]);
  return { kind: "delivered", readings, gaps };
}
