/** Text of a frame and back. */

export const encodings = ["utf8", "latin1", "hex"] as const;
export type Encoding = (typeof encodings)[number];

const HEX = /^(?:[0-9a-fA-F]{2})*$/;

interface Coder {
  decode(bytes: Uint8Array): string;
  encode(text: string): Uint8Array | undefined;
}

const coders: Readonly<Record<Encoding, Coder>> = {
  utf8: {
    decode: (bytes) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes),
    encode: (text) => new TextEncoder().encode(text),
  },
  latin1: {
    decode: (bytes) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""),
    encode: (text) => {
      const units = Array.from({ length: text.length }, (_, index) => text.charCodeAt(index));
      return units.every((unit) => unit < 256) ? Uint8Array.from(units) : undefined;
    },
  },
  hex: {
    decode: (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(""),
    encode: (text) => {
      const digits = text.replaceAll(/\s/g, "");
      if (!HEX.test(digits)) return undefined;
      return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
    },
  },
};

/** utf8 puts U+FFFD where the bytes are none; latin1 and hex take any bytes. */
export function decodeText(bytes: Uint8Array, encoding: Encoding): string {
  return coders[encoding].decode(bytes);
}

/** Undefined when the text cannot be said in this encoding. Spaces between the pairs of hex are fine. */
export function encodeText(text: string, encoding: Encoding): Uint8Array | undefined {
  return coders[encoding].encode(text);
}
