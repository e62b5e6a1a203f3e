/** Octets as the texts that authentication puts into messages, strict in both directions: one text for one value. */
const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const encoder = new TextEncoder();

export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

export function toBase64(octets: Uint8Array): string {
  let text = "";
  for (let i = 0; i < octets.length; i += 3) {
    const [a = 0, b, c] = octets.subarray(i, i + 3);
    const bits = (a << 16) | ((b ?? 0) << 8) | (c ?? 0);
    text += BASE64.charAt(bits >> 18) + BASE64.charAt((bits >> 12) & 63);
    text += b === undefined ? "=" : BASE64.charAt((bits >> 6) & 63);
    text += c === undefined ? "=" : BASE64.charAt(bits & 63);
  }
  return text;
}

/** Undefined for what is not the canonical base64 text (RFC 4648, padded) of any octets. */
export function fromBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  const octets = new Uint8Array(Math.floor((text.replace(/=+$/, "").length * 3) / 4));
  let at = 0;
  for (let i = 0; i < text.length; i += 4) {
    let bits = 0;
    for (const letter of text.slice(i, i + 4)) bits = (bits << 6) | Math.max(0, BASE64.indexOf(letter));
    for (const shift of [16, 8, 0]) if (at < octets.length) octets[at++] = (bits >> shift) & 255;
  }
  return toBase64(octets) === text ? octets : undefined;
}

export function toHex(octets: Uint8Array): string {
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
}

/** Undefined unless `text` is exactly `count` octets in hexadecimal digits of either case. */
export function fromHex(text: string, count: number): Uint8Array | undefined {
  if (text.length !== count * 2 || !/^[0-9a-fA-F]*$/.test(text)) return undefined;
  return Uint8Array.from({ length: count }, (_, i) => Number.parseInt(text.slice(i * 2, i * 2 + 2), 16));
}

/** @throws RangeError for different lengths. */
export function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length !== b.length) throw new RangeError(`xor of ${a.length} and ${b.length} octets`);
  return a.map((octet, i) => octet ^ (b[i] ?? 0));
}

export function concatenated(a: Uint8Array, b: Uint8Array): Uint8Array {
  const all = new Uint8Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}
