/*
 * Looks at octets four at a time, as 32-bit words: looking at each octet is most of what a router does with a message. Words may
 * begin at any octet. What is left over after the last whole word is looked at by octets.
 */

/** The highest bit of each octet. */
const HIGHEST = 0x80808080 | 0;
/** The words of a larger buffer are not remembered: that would keep it in memory. */
const LARGEST_REMEMBERED = 128 * 1024;

let rememberedOctets: Uint8Array = new Uint8Array(0);
let remembered = new DataView<ArrayBufferLike>(rememberedOctets.buffer);

/** The buffer of `bytes` as words; places in it are counted from the beginning of that buffer. Messages come many to a buffer. */
export function wordsOf(bytes: Uint8Array): DataView {
  // asking an array for its buffer costs more than all the rest
  if (bytes === rememberedOctets) return remembered;
  const { buffer } = bytes;
  const words = buffer === remembered.buffer ? remembered : new DataView(buffer);
  if (buffer.byteLength > LARGEST_REMEMBERED) return words;
  rememberedOctets = bytes;
  remembered = words;
  return words;
}

/** The place of the first octet from `at` on that is not ASCII, or up to three before it; at most `end`. */
export function skipAsciiWords(bytes: Uint8Array, at: number, end: number): number {
  const words = wordsOf(bytes);
  const { byteOffset } = bytes;
  const last = byteOffset + end - 4;
  let place = byteOffset + at;
  for (const longLast = last - 12; place <= longLast; place += 16) {
    const four = wordAt(words, place) | wordAt(words, place + 4) | wordAt(words, place + 8) | wordAt(words, place + 12);
    if ((four & HIGHEST) !== 0) break;
  }
  while (place <= last && (wordAt(words, place) & HIGHEST) === 0) place += 4;
  return place - byteOffset;
}

/** The same for octets that JSON text holds as they are in a string: ASCII but control characters, quote and backslash. */
export function skipPlainWords(bytes: Uint8Array, at: number, end: number): number {
  const words = wordsOf(bytes);
  const { byteOffset } = bytes;
  const last = byteOffset + end - 4;
  let place = byteOffset + at;
  for (const longLast = last - 12; place <= longLast; place += 16) {
    const four =
      plainBits(wordAt(words, place)) &
      plainBits(wordAt(words, place + 4)) &
      plainBits(wordAt(words, place + 8)) &
      plainBits(wordAt(words, place + 12));
    if ((four & HIGHEST) !== HIGHEST) break;
  }
  while (place <= last && (plainBits(wordAt(words, place)) & HIGHEST) === HIGHEST) place += 4;
  return place - byteOffset;
}

/** Where the octets lie within the word does not matter here, as long as it is the same everywhere. */
function wordAt(words: DataView, place: number): number {
  return words.getInt32(place, true);
}

/**
 * The highest bit of each octet tells whether it is plain. An octet below 0x80 leaves that bit free, so that sums stay within it:
 * adding 0x7f to what differs from a backslash sets it unless nothing differs. Exclusive or with 2 exchanges the quote (0x22)
 * and the space (0x20): from 0x21 on is then what is neither a control character nor a quote, and adding 0x5f sets the bit.
 */
function plainBits(word: number): number {
  return ((word ^ 0x02020202) + 0x5f5f5f5f) & ((word ^ 0x5c5c5c5c) + 0x7f7f7f7f) & ~word;
}
