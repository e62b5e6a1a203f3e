/* Reads the envelope of a message in MessagePack. Holds the octets of the message it is in the middle of, and nothing after. */
import { ProtocolViolation } from "../errors.ts";
import type { Dict } from "../message.ts";
import {
  type Head,
  headAt,
  type Kind,
  skipEntries,
  skipItems,
  skipText,
  skipValue,
  truncated,
} from "./msgpack-scanner.ts";
import { MsgpackDecoder } from "./msgpack-value.ts";
import { UriReader } from "./uri-reader.ts";
import { decodeUtf8 } from "./utf8.ts";
import { checkDetails, MAX_DEPTH, NO_DICT, PARSE_LIMITS, type ParseLimits, type WireReader } from "./wire.ts";

const NO_BYTES = new Uint8Array(0);
const NIL = 0xc0;
const EMPTY_DICT = 0x80;

export class MsgpackReader implements WireReader {
  readonly #uris = new UriReader();
  #bytes: Uint8Array = NO_BYTES;
  #at = 0;
  #limits = PARSE_LIMITS;
  /** The level of an element of the message, counted so that the last one allowed is MAX_DEPTH. */
  #level = 1;
  #left = 0;

  get position(): number {
    return this.#at;
  }

  open(bytes: Uint8Array, limits: ParseLimits): void {
    this.#bytes = bytes;
    this.#limits = limits;
    this.#level = 1 + MAX_DEPTH - limits.depth;
    this.#at = 0;
    const head = this.#expect("list", "a message");
    this.#left = head.size;
    this.#at = head.content;
  }

  next(): boolean {
    if (this.#left > 0) {
      this.#left--;
      return true;
    }
    if (this.#at !== this.#bytes.length) throw new ProtocolViolation("octets follow the message");
    return false;
  }

  #expect(kind: Kind, what: string): Head {
    const head = headAt(this.#bytes, this.#at);
    if (head?.kind !== kind) throw new ProtocolViolation(`octet ${this.#at}: ${what} must be a MessagePack ${kind}`);
    return head;
  }

  integer(): number {
    const lead = this.#bytes[this.#at];
    if (lead === undefined) throw truncated();
    if (lead < 0x80) {
      this.#at++;
      return lead;
    }
    const isNumber = lead >= 0xe0 || (lead >= 0xca && lead <= 0xd3);
    if (!isNumber) throw new ProtocolViolation(`octet ${this.#at}: an integer must be here`);
    const start = this.#at;
    this.#at = skipValue(this.#bytes, start, 1);
    const value = this.#wideInteger(lead, start);
    if (Number.isInteger(value)) return value;
    throw new ProtocolViolation(`octet ${start}: an integer must be here`);
  }

  /* NaN for what is no integer a number can hold. */
  #wideInteger(lead: number, start: number): number {
    const bytes = this.#bytes;
    let value = 0;
    if (lead >= 0xcc && lead <= 0xce) {
      for (let at = start + 1; at < this.#at; at++) value = value * 256 + (bytes[at] ?? 0);
      return value;
    }
    const number = new MsgpackDecoder(bytes, start).number();
    return typeof number === "number" ? number : Number.NaN;
  }

  #text(): number {
    const head = this.#expect("string", "this element");
    const start = head.content;
    this.#at = skipText(this.#bytes, start, head.size);
    return start;
  }

  string(): string {
    const start = this.#text();
    return decodeUtf8(this.#bytes, start, this.#at);
  }

  uri(): string | undefined {
    const start = this.#text();
    return this.#uris.read(this.#bytes, start, this.#at);
  }

  dict(): Dict {
    const start = this.#at;
    if (this.#bytes[start] === EMPTY_DICT) {
      this.#at++;
      return NO_DICT;
    }
    const head = this.#expect("dict", "this element");
    if (head.size === 0) {
      this.#at = head.content;
      return NO_DICT;
    }
    this.#at = skipEntries(this.#bytes, head.content, head.size, this.#level);
    checkDetails(this.#at - start, this.#limits);
    return new MsgpackDecoder(this.#bytes, start).value() as Dict; // its head says so
  }

  skipList(): boolean {
    if (this.#skipNull()) return false;
    const head = this.#expect("list", "Args");
    this.#at = skipItems(this.#bytes, head.content, head.size, this.#level);
    return true;
  }

  skipDict(): boolean {
    if (this.#skipNull()) return false;
    const head = this.#expect("dict", "KwArgs");
    this.#at = skipEntries(this.#bytes, head.content, head.size, this.#level);
    return true;
  }

  #skipNull(): boolean {
    const isNull = this.#bytes[this.#at] === NIL;
    if (isNull) this.#at++;
    return isNull;
  }

  release(): void {
    this.#bytes = NO_BYTES;
  }
}
