/* Reads the envelope of a message in CBOR. Holds the octets of the message it is in the middle of, and nothing after. */
import { ProtocolViolation } from "../errors.ts";
import type { Dict } from "../message.ts";
import { isUri } from "../uri.ts";
import {
  BREAK,
  DICT,
  type Head,
  headAt,
  LIST,
  skipEntries,
  skipItems,
  skipString,
  skipValue,
  TEXT,
  UNSIGNED,
} from "./cbor-scanner.ts";
import { CborDecoder } from "./cbor-value.ts";
import { UriReader } from "./uri-reader.ts";
import { decodeUtf8 } from "./utf8.ts";
import { checkDetails, MAX_DEPTH, NO_DICT, PARSE_LIMITS, type ParseLimits, type WireReader } from "./wire.ts";

const NO_BYTES = new Uint8Array(0);
const EMPTY_DICT = 0xa0;
const NULL = 0xf6;
const UNDEFINED = 0xf7;

export class CborReader implements WireReader {
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
    const head = this.#expect(LIST, "a message must be a list");
    this.#left = head.argument;
    this.#at = head.content;
  }

  next(): boolean {
    if (this.#left === Infinity && this.#bytes[this.#at] === BREAK) {
      this.#at++;
      this.#left = 0;
    }
    if (this.#left > 0) {
      this.#left--;
      return true;
    }
    if (this.#at !== this.#bytes.length) throw new ProtocolViolation("octets follow the message");
    return false;
  }

  #expect(major: number, rule: string): Head {
    const head = headAt(this.#bytes, this.#at);
    if (head.major !== major) throw new ProtocolViolation(`octet ${this.#at}: ${rule}`);
    return head;
  }

  integer(): number {
    const start = this.#at;
    const { major, argument, content, minor } = headAt(this.#bytes, start);
    if (major === UNSIGNED && argument <= Number.MAX_SAFE_INTEGER) {
      this.#at = content;
      return argument;
    }
    const isNumber = major <= 1 || (major === 7 && minor >= 25);
    this.#at = skipValue(this.#bytes, start, 1);
    const value = isNumber ? new CborDecoder(this.#bytes, start).value() : undefined;
    if (typeof value === "number" && Number.isInteger(value)) return value;
    throw new ProtocolViolation(`octet ${start}: an integer must be here`);
  }

  string(): string {
    const start = this.#at;
    const { argument, content } = this.#expect(TEXT, "a string must be here");
    this.#at = skipString(this.#bytes, start);
    if (argument !== Infinity) return decodeUtf8(this.#bytes, content, this.#at);
    return new CborDecoder(this.#bytes, start).value() as string; // its head says so
  }

  uri(): string | undefined {
    const { argument, content } = this.#expect(TEXT, "a string must be here");
    if (argument === Infinity) {
      const text = this.string();
      return isUri(text) ? text : undefined;
    }
    this.#at = skipString(this.#bytes, this.#at);
    return this.#uris.read(this.#bytes, content, this.#at);
  }

  dict(): Dict {
    const start = this.#at;
    if (this.#bytes[start] === EMPTY_DICT) {
      this.#at++;
      return NO_DICT;
    }
    const { argument, content } = this.#expect(DICT, "a dict must be here");
    this.#at = skipEntries(this.#bytes, content, argument, this.#level);
    checkDetails(this.#at - start, this.#limits);
    return new CborDecoder(this.#bytes, start).value() as Dict; // its head says so
  }

  skipList(): boolean {
    if (this.#skipNull()) return false;
    const { argument, content } = this.#expect(LIST, "Args must be a list");
    this.#at = skipItems(this.#bytes, content, argument, this.#level);
    return true;
  }

  skipDict(): boolean {
    if (this.#skipNull()) return false;
    const { argument, content } = this.#expect(DICT, "KwArgs must be a dict");
    this.#at = skipEntries(this.#bytes, content, argument, this.#level);
    return true;
  }

  #skipNull(): boolean {
    const lead = this.#bytes[this.#at];
    const isNull = lead === NULL || lead === UNDEFINED;
    if (isNull) this.#at++;
    return isNull;
  }

  release(): void {
    this.#bytes = NO_BYTES;
  }
}
