/** Text of a frame and back. */

export const encodings = ["utf8", "latin1", "hex"] as const;
export type Encoding = (typeof encodings)[number];

const HEX = /^(?:[0-9a-fA-F]{2})*$/;

/** utf8 puts U+FFFD where the bytes are none; latin1 and hex take any bytes. */
export function decodeText(bytes: Uint8Array, encoding: Encoding): string {
  switch (encoding) {
    case "utf8":
      return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
    case "latin1":
      return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
    case "hex":
      return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }
}

/** Undefined when the text cannot be said in this encoding. Spaces between the pairs of hex are fine. */
export function encodeText(text: string, encoding: Encoding): Uint8Array | undefined {
  switch (encoding) {
    case "utf8":
      return new TextEncoder().encode(text);
    case "latin1": {
      const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
      return [...text].every((character) => (character.codePointAt(0) ?? 256) < 256) ? bytes : undefined;
    }
    case "hex": {
      const digits = text.replaceAll(/\s/g, "");
      if (!HEX.test(digits)) return undefined;
      return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
    }
  }
}
