/*
 * Steps over long runs of octets four at a time, as 32-bit words of the same memory: of a payload of many kilobytes, looking at
 * each octet is most of what a router does with it. May stop early, never late: what is left is looked at by octets.
 */

/** Octets below which making the words costs more than they save (measured on Node 24). */
export const LONG_RUN = 128;

/** The highest bit of each octet. */
const HIGHEST = 0x80808080 | 0;

/** A place from `at` on, up to `end`: all octets before it are ASCII. */
export function skipAsciiWords(bytes: Uint8Array, at: number, end: number): number {
  if (end - at < 4 || !isAscii(wordAt(bytes, at))) return at;
  const words = alignedWords(bytes, at, end);
  let count = 0;
  while (count < words.length && isAscii(words[count] ?? 0)) count++;
  return words.byteOffset - bytes.byteOffset + count * 4;
}

/** The same for octets that JSON text holds as they are in a string: ASCII but control characters, quote and backslash. */
export function skipPlainWords(bytes: Uint8Array, at: number, end: number): number {
  if (end - at < 4 || !isPlain(wordAt(bytes, at))) return at;
  const words = alignedWords(bytes, at, end);
  let count = 0;
  while (count < words.length && isPlain(words[count] ?? 0)) count++;
  return words.byteOffset - bytes.byteOffset + count * 4;
}

function isAscii(word: number): boolean {
  return (word & HIGHEST) === 0;
}

/**
 * An octet below 0x80 leaves its highest bit free, so that sums stay within it: adding 0x60 sets that bit from 0x20 on, and
 * adding 0x7f to what differs from a character sets it unless nothing differs.
 */
function isPlain(word: number): boolean {
  const printable = (word + 0x60606060) & ~word;
  const quotes = (word ^ 0x22222222) + 0x7f7f7f7f;
  const backslashes = (word ^ 0x5c5c5c5c) + 0x7f7f7f7f;
  return (printable & quotes & backslashes & HIGHEST) === HIGHEST;
}

/** The four octets at `at`; in which order does not matter here. */
function wordAt(bytes: Uint8Array, at: number): number {
  const [first = 0, second = 0, third = 0, fourth = 0] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
  return first | (second << 8) | (third << 16) | (fourth << 24);
}

/** The words from at most three octets after `at` on: words lie at multiples of four only. */
function alignedWords({ buffer, byteOffset }: Uint8Array, at: number, end: number): Int32Array {
  const start = (byteOffset + at + 3) & ~3;
  return new Int32Array(buffer, start, Math.max(0, byteOffset + end - start) >> 2);
}
