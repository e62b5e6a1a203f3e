/*
 * UTF-8 by hand where the platform's codec is slow (short strings) or absent (checking without decoding). Everything else
 * goes through TextEncoder and TextDecoder.
 */
import { skipAsciiWords } from "./word-scan.ts";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The position after the multi-octet character that starts at `at`, or -1 if it is not one (RFC 3629, table 3-7 of Unicode). */
export function endOfCharacter(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at] ?? 0;
  const size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (lead < 0xc2 || lead > 0xf4 || at + size > end) return -1;
  const second = bytes[at + 1] ?? 0;
  if (second < lowestSecond(lead) || second > highestSecond(lead)) return -1;
  for (let i = 2; i < size; i++) if (!isTail(bytes[at + i] ?? 0)) return -1;
  return at + size;
}

function isTail(octet: number): boolean {
  return (octet & 0xc0) === 0x80;
}

function lowestSecond(lead: number): number {
  return lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
}

function highestSecond(lead: number): number {
  return lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
}

/** Whether the octets from `start` to `end` are valid UTF-8. */
export function isUtf8(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end) {
    at = endOfAscii(bytes, at, end);
    if (at === end) return true;
    at = endOfCharacter(bytes, at, end);
    if (at < 0) return false;
  }
  return true;
}

function endOfAscii(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  // text with a letter beyond ASCII here and there is not worth words
  for (const soon = Math.min(end, from + 3); at < soon; at++) if (((bytes[at] ?? 0) & 0x80) !== 0) return at;
  at = skipAsciiWords(bytes, at, end);
  while (at < end && ((bytes[at] ?? 0) & 0x80) === 0) at++;
  return at;
}

/** Octets below which a loop beats a call into the platform (measured on Node 24). */
const SHORT = 12;

/** The text of octets known to be valid UTF-8. */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= SHORT) {
    let text = "";
    let at = start;
    for (; at < end; at++) {
      const octet = bytes[at] ?? 0;
      if (octet >= 0x80) break;
      text += String.fromCharCode(octet);
    }
    if (at === end) return text;
  }
  return decoder.decode(bytes.subarray(start, end));
}
