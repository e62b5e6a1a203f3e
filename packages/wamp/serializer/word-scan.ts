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
  const fours = words.length & ~3;
  let count = 0;
  while (
    count < fours &&
    isAscii(wordOf(words, count) | wordOf(words, count + 1) | wordOf(words, count + 2) | wordOf(words, count + 3))
  ) {
    count += 4;
  }
  while (count < words.length && isAscii(wordOf(words, count))) count++;
  return words.byteOffset - bytes.byteOffset + count * 4;
}

/** The same for octets that JSON text holds as they are in a string: ASCII but control characters, quote and backslash. */
export function skipPlainWords(bytes: Uint8Array, at: number, end: number): number {
  if (end - at < 4 || !isPlain(plainBits(wordAt(bytes, at)))) return at;
  const words = alignedWords(bytes, at, end);
  const fours = words.length & ~3;
  let count = 0;
  while (
    count < fours &&
    isPlain(plainAt(words, count) & plainAt(words, count + 1) & plainAt(words, count + 2) & plainAt(words, count + 3))
  ) {
    count += 4;
  }
  while (count < words.length && isPlain(plainAt(words, count))) count++;
  return words.byteOffset - bytes.byteOffset + count * 4;
}

/** A word that is there. */
function wordOf(words: Int32Array, at: number): number {
  return words[at] as number; // below its length; asking costs half of the time
}

function isAscii(word: number): boolean {
  return (word & HIGHEST) === 0;
}

function isPlain(bits: number): boolean {
  return (bits & HIGHEST) === HIGHEST;
}

/**
 * The highest bit of each octet tells whether it is plain. An octet below 0x80 leaves that bit free, so that sums stay within it:
 * adding 0x7f to what differs from a backslash sets it unless nothing differs. Exclusive or with 2 exchanges the quote (0x22)
 * and the space (0x20): from 0x21 on is then what is neither a control character nor a quote, and adding 0x5f sets the bit.
 */
function plainBits(word: number): number {
  return ((word ^ 0x02020202) + 0x5f5f5f5f) & ((word ^ 0x5c5c5c5c) + 0x7f7f7f7f) & ~word;
}

function plainAt(words: Int32Array, at: number): number {
  return plainBits(wordOf(words, at));
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
