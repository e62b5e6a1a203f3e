/*
 * Steps over CBOR (RFC 8949) in octets, checking well-formedness, UTF-8 and depth, without building a value. Indefinite lengths
 * and tags are accepted (a tag is read as its content), simple values other than false, true, null and undefined are not.
 * A declared count or size is only ever compared with the octets that are there, never allocated.
 */
import { ProtocolViolation } from "../errors.ts";
import { isUtf8 } from "./utf8.ts";
import { MAX_DEPTH } from "./wire.ts";

export const UNSIGNED = 0;
export const NEGATIVE = 1;
export const BYTES = 2;
export const TEXT = 3;
export const LIST = 4;
export const DICT = 5;
export const TAG = 6;
export const BREAK = 0xff;

/** The initial octet taken apart, its argument, and where the content begins. `Infinity`: of indefinite length. */
export interface Head {
  major: number;
  minor: number;
  argument: number;
  content: number;
}

export function truncated(): ProtocolViolation {
  return new ProtocolViolation("CBOR ends in the middle of a value");
}

const head: Head = { major: 0, minor: 0, argument: 0, content: 0 };

/** The head of what starts at `at`. The object is valid until the next call. Arguments beyond 2^53 are rounded. */
export function headAt(bytes: Uint8Array, at: number): Head {
  const lead = bytes[at];
  if (lead === undefined) throw truncated();
  head.major = lead >> 5;
  head.minor = lead & 31;
  head.content = at + 1;
  if (head.minor < 24) head.argument = head.minor;
  else if (head.minor < 28) readArgument(bytes, at + 1, 2 ** (head.minor - 24));
  else if (head.minor === 31 && head.major >= BYTES && head.major <= DICT) head.argument = Infinity;
  else throw new ProtocolViolation(`not CBOR at octet ${at}`);
  return head;
}

function readArgument(bytes: Uint8Array, at: number, size: number): void {
  if (at + size > bytes.length) throw truncated();
  let value = 0;
  for (let i = 0; i < size; i++) value = value * 256 + (bytes[at + i] ?? 0);
  head.argument = value;
  head.content = at + size;
}

/** The position after the value at `at`, which is `depth` lists, dicts and tags deep. */
export function skipValue(bytes: Uint8Array, at: number, depth: number): number {
  const { major, minor, argument, content } = headAt(bytes, at);
  switch (major) {
    case UNSIGNED:
    case NEGATIVE:
      return content;
    case BYTES:
    case TEXT:
      return skipString(bytes, at);
    case LIST:
      return skipItems(bytes, content, argument, depth + 1);
    case DICT:
      return skipEntries(bytes, content, argument, depth + 1);
    case TAG:
      checkDepth(depth + 1);
      return skipValue(bytes, content, depth + 1);
    default:
      if (minor < 20 || minor === 24) throw new ProtocolViolation(`octet ${at}: a CBOR simple value without meaning`);
      return content;
  }
}

function checkDepth(depth: number): void {
  if (depth > MAX_DEPTH)
    throw new ProtocolViolation(`CBOR nested deeper than ${MAX_DEPTH} levels, or than the configured limit`);
}

/** The position after the byte or text string at `at`, whole or in chunks. */
export function skipString(bytes: Uint8Array, at: number): number {
  const { major, argument, content } = headAt(bytes, at);
  if (argument !== Infinity) return skipChunk(bytes, content, argument, major);
  let next = content;
  while (bytes[next] !== BREAK) {
    const chunk = headAt(bytes, next);
    if (chunk.major !== major || chunk.argument === Infinity) throw new ProtocolViolation(`not CBOR at octet ${next}`);
    next = skipChunk(bytes, chunk.content, chunk.argument, major);
  }
  return next + 1;
}

function skipChunk(bytes: Uint8Array, at: number, size: number, major: number): number {
  const end = at + size;
  if (end > bytes.length) throw truncated();
  if (major === TEXT && !isUtf8(bytes, at, end)) throw new ProtocolViolation(`not UTF-8 in the string at octet ${at}`);
  return end;
}

/** The position after `count` values, or after those up to the break if `count` is infinite. */
export function skipItems(bytes: Uint8Array, at: number, count: number, depth: number): number {
  checkDepth(depth);
  for (let i = 0; i < count; i++) {
    if (count === Infinity && bytes[at] === BREAK) return at + 1;
    at = skipValue(bytes, at, depth);
  }
  return at;
}

/** The position after `count` keys and values, or after those up to the break if `count` is infinite. */
export function skipEntries(bytes: Uint8Array, at: number, count: number, depth: number): number {
  checkDepth(depth);
  for (let i = 0; i < count; i++) {
    if (count === Infinity && bytes[at] === BREAK) return at + 1;
    if (headAt(bytes, at).major !== TEXT) throw new ProtocolViolation(`the dict key at octet ${at} is not a string`);
    at = skipValue(bytes, skipString(bytes, at), depth);
  }
  return at;
}
