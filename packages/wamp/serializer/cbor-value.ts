/*
 * CBOR that the scanner has accepted -> values. undefined is null, a tag is its content except for big integers (tags 2
 * and 3). Binary values are copies: they must not pin the received buffer.
 */
import { BREAK, BYTES, DICT, headAt, LIST, NEGATIVE, skipString, TAG, TEXT, UNSIGNED } from "./cbor-scanner.ts";
import { exact, setKey } from "./received-value.ts";
import { decodeUtf8 } from "./utf8.ts";

const BIG_POSITIVE = 2;
const BIG_NEGATIVE = 3;

export class CborDecoder {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at: number;

  constructor(bytes: Uint8Array, start = 0) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = start;
  }

  value(): unknown {
    const start = this.#at;
    const { major, argument, content } = headAt(this.#bytes, start);
    this.#at = content;
    switch (major) {
      case UNSIGNED:
      case NEGATIVE:
        return this.#integer(major, argument);
      case BYTES:
        return this.#binary(start);
      case TEXT:
        return this.#text(start);
      case LIST:
        return this.#list(argument);
      case DICT:
        return this.#dict(argument);
      case TAG:
        return this.#tagged(argument);
      default:
        return this.#float(start);
    }
  }

  #integer(major: number, argument: number): number | bigint {
    if (argument < Number.MAX_SAFE_INTEGER) return major === UNSIGNED ? argument : -1 - argument;
    const wide = this.#view.getBigUint64(this.#at - 8);
    return exact(major === UNSIGNED ? wide : -1n - wide);
  }

  #binary(start: number): Uint8Array {
    const pieces: Uint8Array[] = [];
    let size = 0;
    this.#eachPiece(start, (from, to) => {
      pieces.push(this.#bytes.subarray(from, to));
      size += to - from;
    });
    const joined = new Uint8Array(size);
    let at = 0;
    for (const piece of pieces) {
      joined.set(piece, at);
      at += piece.length;
    }
    return joined;
  }

  #text(start: number): string {
    let text = "";
    this.#eachPiece(start, (from, to) => {
      text += decodeUtf8(this.#bytes, from, to);
    });
    return text;
  }

  /* Calls with the octets of a whole string, or of each chunk of one, and goes behind it. */
  #eachPiece(start: number, take: (from: number, to: number) => void): void {
    const { argument, content } = headAt(this.#bytes, start);
    this.#at = skipString(this.#bytes, start);
    if (argument !== Infinity) {
      take(content, content + argument);
      return;
    }
    for (let at = content; this.#bytes[at] !== BREAK;) {
      const chunk = headAt(this.#bytes, at);
      at = chunk.content + chunk.argument;
      take(chunk.content, at);
    }
  }

  #atBreak(count: number): boolean {
    if (count !== Infinity || this.#bytes[this.#at] !== BREAK) return false;
    this.#at++;
    return true;
  }

  #list(count: number): unknown[] {
    const items: unknown[] = [];
    for (let i = 0; i < count && !this.#atBreak(count); i++) items.push(this.value());
    return items;
  }

  #dict(count: number): Record<string, unknown> {
    const dict: Record<string, unknown> = {};
    for (let i = 0; i < count && !this.#atBreak(count); i++) {
      const key = this.#text(this.#at);
      setKey(dict, key, this.value());
    }
    return dict;
  }

  #tagged(tag: number): unknown {
    const content = this.value();
    if (!(content instanceof Uint8Array) || (tag !== BIG_POSITIVE && tag !== BIG_NEGATIVE)) return content;
    if (content.length <= 8) {
      const wide = content.reduce((sum, octet) => sum * 256n + BigInt(octet), 0n);
      return exact(tag === BIG_POSITIVE ? wide : -1n - wide);
    }
    const rounded = content.reduce((sum, octet) => sum * 256 + octet, 0);
    return tag === BIG_POSITIVE ? rounded : -1 - rounded;
  }

  #float(start: number): number | boolean | null {
    switch (this.#view.getUint8(start)) {
      case 0xf4:
        return false;
      case 0xf5:
        return true;
      case 0xf9:
        return half(this.#view.getUint16(start + 1));
      case 0xfa:
        return this.#view.getFloat32(start + 1);
      case 0xfb:
        return this.#view.getFloat64(start + 1);
      default:
        return null;
    }
  }
}

/* IEEE 754 binary16. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
