/* Writes values and messages as JSON: no spaces, binary as U+0000 and base64, lone surrogates as U+FFFD. */
import { encodeBase64 } from "./base64.ts";
import { ByteWriter } from "./byte-writer.ts";
import type { WireWriter } from "./wire.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Characters up to which a loop beats JSON.stringify and encodeInto (measured on Node 24). */
const SHORT = 48;

export class JsonWriter implements WireWriter {
  readonly #out = new ByteWriter();

  null(): void {
    this.#out.ascii("null");
  }

  boolean(value: boolean): void {
    this.#out.ascii(value ? "true" : "false");
  }

  integer(value: number | bigint): void {
    if (typeof value === "number" && value >= 0 && Number.isSafeInteger(value)) {
      this.#out.decimal(value);
      return;
    }
    // BigInt spells all digits where a number would round or take an exponent
    if (typeof value === "number" && !Number.isSafeInteger(value)) this.#out.ascii(String(BigInt(value)));
    else this.#out.ascii(String(value));
  }

  /** JSON has no NaN and no Infinity: null, as JSON.stringify does. */
  float(value: number): void {
    this.#out.ascii(Number.isFinite(value) ? String(value) : "null");
  }

  string(value: string): void {
    if (value.length > SHORT || !this.#plain(value)) this.#out.utf8(JSON.stringify(value.toWellFormed()));
  }

  /* Writes text that needs no escape; otherwise takes back what it wrote. */
  #plain(text: string): boolean {
    const out = this.#out;
    out.reserve(text.length + 2);
    const start = out.length;
    out.buffer[out.length++] = QUOTE;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code < 0x20 || code > 0x7e || code === QUOTE || code === BACKSLASH) {
        out.length = start;
        return false;
      }
      out.buffer[out.length++] = code;
    }
    out.buffer[out.length++] = QUOTE;
    return true;
  }

  bytes(value: Uint8Array): void {
    this.#out.ascii('"\\u0000');
    this.#out.octets(encodeBase64(value));
    this.#out.octet(QUOTE);
  }

  key(value: string): void {
    this.string(value);
    this.#out.octet(0x3a);
  }

  beginList(): void {
    this.#out.octet(0x5b);
  }

  beginDict(): void {
    this.#out.octet(0x7b);
  }

  separate(): void {
    this.#out.octet(0x2c);
  }

  endList(): void {
    this.#out.octet(0x5d);
  }

  endDict(): void {
    this.#out.octet(0x7d);
  }

  splice(octets: Uint8Array, from: number, to: number, front: number): void {
    this.#out.octetsOf(octets, from, to, front);
  }

  take(withRoom: boolean): Uint8Array {
    return this.#out.take(withRoom);
  }

  reset(): void {
    this.#out.reset();
  }
}
