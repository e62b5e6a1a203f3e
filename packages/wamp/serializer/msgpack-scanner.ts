/*
 * Steps over MessagePack in octets, checking structure, UTF-8 and depth, without building a value. A declared count or size is
 * only ever compared with the octets that are there, never allocated. Extension types (timestamps too) are refused: no
 * other serialization of WAMP carries them. The one exception is how msgpackr, under other JavaScript clients, writes
 * `undefined`: a fixext 1 of type 0. It reads as nil.
 */
import { ProtocolViolation } from "../errors.ts";
import { isUtf8 } from "./utf8.ts";
import { MAX_DEPTH } from "./wire.ts";

/** The octets that follow a lead octet whose value has a fixed size; -1 for all others. */
const FIXED = new Int8Array(256).fill(-1);
FIXED.fill(0, 0x00, 0x80);
FIXED.fill(0, 0xe0, 0x100);
for (const [lead, size] of [
  [0xc0, 0],
  [0xc2, 0],
  [0xc3, 0],
  [0xca, 4],
  [0xcb, 8],
  [0xd4, 2],
] as const)
  FIXED[lead] = size;
for (let power = 0; power < 4; power++) FIXED[0xcc + power] = FIXED[0xd0 + power] = 2 ** power;

const FIXEXT_1 = 0xd4;
const MAP = 0x80;
const ARRAY = 0x90;
const STRING = 0xa0;

export type Kind = "list" | "dict" | "string" | "bytes";

/** A list, dict, string or binary: what it is, its size, and where its content begins. */
export interface Head {
  kind: Kind;
  size: number;
  content: number;
}

export function truncated(): ProtocolViolation {
  return new ProtocolViolation("MessagePack ends in the middle of a value");
}

/** An unsigned big-endian integer of 1, 2 or 4 octets. */
export function uintAt(bytes: Uint8Array, at: number, size: number): number {
  if (at + size > bytes.length) throw truncated();
  let value = 0;
  for (let i = 0; i < size; i++) value = value * 256 + (bytes[at + i] ?? 0);
  return value;
}

const head: Head = { kind: "list", size: 0, content: 0 };

function sized(kind: Kind, size: number, content: number): Head {
  head.kind = kind;
  head.size = size;
  head.content = content;
  return head;
}

/**
 * The head of what starts at `at`, or undefined if that is a value of fixed size. The object is valid until the next call.
 */
export function headAt(bytes: Uint8Array, at: number): Head | undefined {
  const lead = bytes[at];
  if (lead === undefined) throw truncated();
  if (lead === FIXEXT_1) refuseExtension(bytes, at);
  if (FIXED[lead] !== -1) return undefined;
  if (lead < ARRAY) return sized("dict", lead - MAP, at + 1);
  if (lead < STRING) return sized("list", lead - ARRAY, at + 1);
  if (lead < 0xc0) return sized("string", lead - STRING, at + 1);
  const width = widthOfSize(lead);
  return sized(kindOf(lead), uintAt(bytes, at + 1, width), at + 1 + width);
}

function widthOfSize(lead: number): number {
  if (lead >= 0xc4 && lead <= 0xc6) return 2 ** (lead - 0xc4);
  if (lead >= 0xd9 && lead <= 0xdb) return 2 ** (lead - 0xd9);
  if (lead >= 0xdc) return lead % 2 === 0 ? 2 : 4;
  if (lead === 0xc1) throw new ProtocolViolation("MessagePack has no value that begins with 0xc1");
  throw extension();
}

function extension(): ProtocolViolation {
  return new ProtocolViolation("MessagePack extension types have no meaning in WAMP");
}

/** Of a fixext 1 only type 0 passes: msgpackr's `undefined`. */
function refuseExtension(bytes: Uint8Array, at: number): void {
  if (bytes[at + 1] !== 0) throw extension();
}

function kindOf(lead: number): Kind {
  if (lead < 0xd9) return "bytes";
  if (lead < 0xdc) return "string";
  return lead < 0xde ? "list" : "dict";
}

/** The position after the value at `at`, which is `depth` lists and dicts deep. */
export function skipValue(bytes: Uint8Array, at: number, depth: number): number {
  const fixed = FIXED[bytes[at] ?? 0] ?? -1;
  if (fixed >= 0) {
    if (bytes[at] === FIXEXT_1) refuseExtension(bytes, at);
    return within(bytes, at + 1 + fixed);
  }
  const found = headAt(bytes, at);
  if (!found) throw truncated();
  const { kind, size, content } = found;
  switch (kind) {
    case "string":
      return skipText(bytes, content, size);
    case "bytes":
      return within(bytes, content + size);
    case "list":
      return skipItems(bytes, content, size, depth + 1);
    case "dict":
      break;
  }
  return skipEntries(bytes, content, size, depth + 1);
}

function within(bytes: Uint8Array, end: number): number {
  if (end > bytes.length) throw truncated();
  return end;
}

/** The position after a string of `size` octets. */
export function skipText(bytes: Uint8Array, at: number, size: number): number {
  const end = within(bytes, at + size);
  if (!isUtf8(bytes, at, end)) throw new ProtocolViolation(`not UTF-8 in the string at octet ${at}`);
  return end;
}

/** The position after `count` values. */
export function skipItems(bytes: Uint8Array, at: number, count: number, depth: number): number {
  if (depth > MAX_DEPTH)
    throw new ProtocolViolation(`MessagePack nested deeper than ${MAX_DEPTH} levels, or than the configured limit`);
  for (let i = 0; i < count; i++) at = skipValue(bytes, at, depth);
  return at;
}

/** The position after `count` keys and values. */
export function skipEntries(bytes: Uint8Array, at: number, count: number, depth: number): number {
  if (depth > MAX_DEPTH)
    throw new ProtocolViolation(`MessagePack nested deeper than ${MAX_DEPTH} levels, or than the configured limit`);
  for (let i = 0; i < count; i++) {
    const key = headAt(bytes, at);
    if (key?.kind !== "string") throw new ProtocolViolation(`the dict key at octet ${at} is not a string`);
    at = skipValue(bytes, skipText(bytes, key.content, key.size), depth);
  }
  return at;
}
