/* Base64 of RFC 4648 section 4, with padding, for binary values in JSON. */
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const VALUE_OF = new Int8Array(128).fill(-1);
for (let i = 0; i < ALPHABET.length; i++) VALUE_OF[ALPHABET.charCodeAt(i)] = i;
const PAD = "=".charCodeAt(0);

function digit(value: number): number {
  return ALPHABET.charCodeAt(value & 63);
}

/** The characters, as octets. */
export function encodeBase64(bytes: Uint8Array): Uint8Array {
  const text = new Uint8Array(Math.ceil(bytes.length / 3) * 4).fill(PAD);
  let out = 0;
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const group = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    text[out++] = digit(group >> 18);
    text[out++] = digit(group >> 12);
    text[out++] = left > 1 ? digit(group >> 6) : PAD;
    text[out++] = left > 2 ? digit(group) : PAD;
  }
  return text;
}

/** The octets behind the base64 text that starts at `start`, or undefined if that is not base64 with its padding. */
export function decodeBase64(text: string, start: number): Uint8Array | undefined {
  const size = text.length - start;
  if (size % 4 !== 0) return undefined;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  if (padding > size) return undefined;
  const bytes = new Uint8Array((size / 4) * 3 - padding);
  let group = 0;
  let out = 0;
  for (let i = 0; i < size; i++) {
    const code = text.charCodeAt(start + i);
    const value = i >= size - padding ? 0 : code < 128 ? (VALUE_OF[code] ?? -1) : -1;
    if (value < 0) return undefined;
    group = ((group << 6) | value) & 0xffffff;
    if (i % 4 !== 3) continue;
    for (let shift = 16; shift >= 0 && out < bytes.length; shift -= 8) bytes[out++] = (group >> shift) & 0xff;
  }
  return bytes;
}
