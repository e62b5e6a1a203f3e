/* Steps over JSON (RFC 8259) in octets, checking grammar, UTF-8 and depth, without building a value. */
import { ProtocolViolation } from "../errors.ts";
import { endOfCharacter } from "./utf8.ts";
import { MAX_DEPTH } from "./wire.ts";
import { skipPlainWords } from "./word-scan.ts";

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const OPEN_LIST = 0x5b;
export const CLOSE_LIST = 0x5d;
export const OPEN_DICT = 0x7b;
export const CLOSE_DICT = 0x7d;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const ZERO = 0x30;
const ESCAPED = new Set(Array.from('"\\/bfnrt', (letter) => letter.charCodeAt(0)));
const TRUE = Array.from("true", (letter) => letter.charCodeAt(0));
const FALSE = Array.from("false", (letter) => letter.charCodeAt(0));
const NULL = Array.from("null", (letter) => letter.charCodeAt(0));

/** 1 for the octets that a string holds as they are: ASCII but control characters, quote and backslash. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, octet) =>
  octet >= 0x20 && octet < 0x80 && octet !== QUOTE && octet !== BACKSLASH ? 1 : 0,
);

export function broken(at: number): ProtocolViolation {
  return new ProtocolViolation(`not JSON at octet ${at}`);
}

/** The position of the first octet from `at` that is not white space. */
export function skipSpace(bytes: Uint8Array, at: number): number {
  for (;;) {
    const octet = bytes[at];
    if (octet !== 0x20 && octet !== 0x0a && octet !== 0x0d && octet !== 0x09) return at;
    at++;
  }
}

/** The position after the value that starts at `at` (no space before it), which is `depth` lists and dicts deep. */
export function skipValue(bytes: Uint8Array, at: number, depth: number): number {
  switch (bytes[at]) {
    case QUOTE:
      return skipString(bytes, at);
    case OPEN_DICT:
      return skipDict(bytes, at, depth + 1);
    case OPEN_LIST:
      return skipList(bytes, at, depth + 1);
    case 0x74:
      return skipWord(bytes, at, TRUE);
    case 0x66:
      return skipWord(bytes, at, FALSE);
    case 0x6e:
      return skipWord(bytes, at, NULL);
    default:
      return skipNumber(bytes, at);
  }
}

export function skipList(bytes: Uint8Array, at: number, depth: number): number {
  if (depth > MAX_DEPTH)
    throw new ProtocolViolation(`JSON nested deeper than ${MAX_DEPTH} levels, or than the configured limit`);
  at = skipSpace(bytes, at + 1);
  if (bytes[at] === CLOSE_LIST) return at + 1;
  for (;;) {
    at = skipSpace(bytes, skipValue(bytes, at, depth));
    const octet = bytes[at];
    if (octet === CLOSE_LIST) return at + 1;
    if (octet !== COMMA) throw broken(at);
    at = skipSpace(bytes, at + 1);
  }
}

export function skipDict(bytes: Uint8Array, at: number, depth: number): number {
  if (depth > MAX_DEPTH)
    throw new ProtocolViolation(`JSON nested deeper than ${MAX_DEPTH} levels, or than the configured limit`);
  at = skipSpace(bytes, at + 1);
  if (bytes[at] === CLOSE_DICT) return at + 1;
  for (;;) {
    if (bytes[at] !== QUOTE) throw broken(at);
    at = skipSpace(bytes, skipString(bytes, at));
    if (bytes[at] !== COLON) throw broken(at);
    at = skipSpace(bytes, skipValue(bytes, skipSpace(bytes, at + 1), depth));
    const octet = bytes[at];
    if (octet === CLOSE_DICT) return at + 1;
    if (octet !== COMMA) throw broken(at);
    at = skipSpace(bytes, at + 1);
  }
}

/** The position after the closing quote of the string whose opening quote is at `at`. */
export function skipString(bytes: Uint8Array, at: number): number {
  at++;
  for (;;) {
    at = skipPlainWords(bytes, at, bytes.length);
    while (PLAIN[bytes[at] ?? 0] === 1) at++;
    const octet = bytes[at];
    if (octet === QUOTE) return at + 1;
    if (octet === undefined || octet < 0x20) throw broken(at);
    if (octet === BACKSLASH) at = skipEscape(bytes, at + 1);
    else {
      const next = endOfCharacter(bytes, at, bytes.length);
      if (next < 0) throw new ProtocolViolation(`not UTF-8 at octet ${at}`);
      at = next;
    }
  }
}

function skipEscape(bytes: Uint8Array, at: number): number {
  const letter = bytes[at];
  if (letter !== undefined && ESCAPED.has(letter)) return at + 1;
  if (letter !== 0x75) throw broken(at);
  for (let i = 1; i <= 4; i++) if (!isHex(bytes[at + i])) throw broken(at + i);
  return at + 5;
}

function isHex(octet: number | undefined): boolean {
  if (octet === undefined) return false;
  const lower = octet | 0x20;
  return isDigit(octet) || (lower >= 0x61 && lower <= 0x66);
}

export function isDigit(octet: number | undefined): boolean {
  return octet !== undefined && octet >= ZERO && octet <= 0x39;
}

export function skipNumber(bytes: Uint8Array, at: number): number {
  if (bytes[at] === MINUS) at++;
  at = bytes[at] === ZERO ? at + 1 : skipDigits(bytes, at);
  if (bytes[at] === 0x2e) at = skipDigits(bytes, at + 1);
  if (bytes[at] === 0x65 || bytes[at] === 0x45) {
    const sign = bytes[at + 1];
    at = skipDigits(bytes, sign === MINUS || sign === 0x2b ? at + 2 : at + 1);
  }
  return at;
}

function skipDigits(bytes: Uint8Array, at: number): number {
  if (!isDigit(bytes[at])) throw broken(at);
  while (isDigit(bytes[at])) at++;
  return at;
}

/** The position after the word `null` at `at`, or -1 if something else is there. */
export function afterNull(bytes: Uint8Array, at: number): number {
  return bytes[at] === 0x6e ? skipWord(bytes, at, NULL) : -1;
}

function skipWord(bytes: Uint8Array, at: number, word: readonly number[]): number {
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word[i]) throw broken(at + i);
  return at + word.length;
}
