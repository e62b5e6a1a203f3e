/* Reads the envelope of a message in JSON. Holds the octets of the message it is in the middle of, and nothing after. */
import { ProtocolViolation } from "../errors.ts";
import type { Dict } from "../message.ts";
import { isUri } from "../uri.ts";
import {
  afterNull,
  broken,
  CLOSE_DICT,
  CLOSE_LIST,
  COMMA,
  isDigit,
  OPEN_DICT,
  OPEN_LIST,
  QUOTE,
  skipDict,
  skipList,
  skipNumber,
  skipSpace,
  skipString,
} from "./json-scanner.ts";
import { decodeJson } from "./json-value.ts";
import { UriReader } from "./uri-reader.ts";
import { decodeUtf8 } from "./utf8.ts";
import { checkDetails, MAX_DEPTH, NO_DICT, PARSE_LIMITS, type ParseLimits, type WireReader } from "./wire.ts";

const NO_BYTES = new Uint8Array(0);
const BACKSLASH = 0x5c;
const SPACE = 0x20;
/** Digits of the longest id, 2^53. */
const ID_DIGITS = 16;

export class JsonReader implements WireReader {
  readonly #uris = new UriReader();
  #bytes: Uint8Array = NO_BYTES;
  #at = 0;
  #limits = PARSE_LIMITS;
  /** The level of an element of the message, counted so that the last one allowed is MAX_DEPTH. */
  #level = 1;
  #first = true;

  get position(): number {
    return this.#at;
  }

  open(bytes: Uint8Array, limits: ParseLimits): void {
    this.#bytes = bytes;
    this.#limits = limits;
    this.#level = 1 + MAX_DEPTH - limits.depth;
    this.#at = skipSpace(bytes, 0);
    if (bytes[this.#at] !== OPEN_LIST) throw new ProtocolViolation("a message must be a JSON list");
    this.#at++;
    this.#first = true;
  }

  next(): boolean {
    const bytes = this.#bytes;
    const after = this.#at + 1;
    if (this.#first || bytes[this.#at] !== COMMA || (bytes[after] ?? 0) <= SPACE) return this.#nextAnyway();
    this.#at = after;
    return true;
  }

  /* At the first element, at the end, and where there is space. */
  #nextAnyway(): boolean {
    const at = skipSpace(this.#bytes, this.#at);
    const octet = this.#bytes[at];
    if (octet === CLOSE_LIST) {
      const end = skipSpace(this.#bytes, at + 1);
      if (end !== this.#bytes.length) throw broken(end);
      return false;
    }
    if (this.#first) this.#at = at;
    else if (octet === COMMA) this.#at = skipSpace(this.#bytes, at + 1);
    else throw broken(at);
    this.#first = false;
    return true;
  }

  integer(): number {
    const bytes = this.#bytes;
    const start = this.#at;
    let at = start;
    let value = 0;
    for (let octet = bytes[at]; isDigit(octet); octet = bytes[++at]) value = value * 10 + ((octet ?? 0) - 0x30);
    // up to 2^53-1 every step of the loop was exact; 2^53 may have been rounded
    const exact = at > start && at - start <= ID_DIGITS && value <= Number.MAX_SAFE_INTEGER;
    const plain = exact && (bytes[start] !== 0x30 || at === start + 1);
    const after = bytes[at];
    if (plain && after !== 0x2e && after !== 0x65 && after !== 0x45) {
      this.#at = at;
      return value;
    }
    return this.#unusualInteger();
  }

  /* Long, negative or spelt with fraction or exponent: rare, so by the platform. */
  #unusualInteger(): number {
    const first = this.#bytes[this.#at];
    if (first !== 0x2d && !isDigit(first)) throw new ProtocolViolation(`octet ${this.#at}: an integer must be here`);
    const end = skipNumber(this.#bytes, this.#at);
    const text = decodeUtf8(this.#bytes, this.#at, end);
    const value = Number(text);
    if (!Number.isInteger(value)) throw new ProtocolViolation(`octet ${this.#at}: an integer must be here`);
    // 2^53 + 1 would be rounded to the legal id 2^53
    if (/^\d{16}$/.test(text) && BigInt(value) !== BigInt(text)) {
      throw new ProtocolViolation(`octet ${this.#at}: an integer beyond 2^53`);
    }
    this.#at = end;
    return value;
  }

  string(): string {
    const start = this.#at;
    const end = this.#endOfString();
    for (let at = start + 1; at < end - 1; at++) {
      if (this.#bytes[at] === BACKSLASH) return parseString(decodeUtf8(this.#bytes, start, end));
    }
    return decodeUtf8(this.#bytes, start + 1, end - 1);
  }

  uri(): string | undefined {
    const start = this.#at;
    const end = this.#endOfString();
    // what is known has no escapes: it was read from octets that had none
    const known = this.#uris.known(this.#bytes, start + 1, end - 1);
    if (known !== undefined) return known;
    for (let at = start + 1; at < end - 1; at++) {
      if (this.#bytes[at] !== BACKSLASH) continue;
      const text = parseString(decodeUtf8(this.#bytes, start, end));
      return isUri(text) ? text : undefined;
    }
    return this.#uris.read(this.#bytes, start + 1, end - 1);
  }

  #endOfString(): number {
    if (this.#bytes[this.#at] !== QUOTE) throw new ProtocolViolation(`octet ${this.#at}: a string must be here`);
    this.#at = skipString(this.#bytes, this.#at);
    return this.#at;
  }

  dict(): Dict {
    const start = this.#at;
    if (this.#bytes[start] !== OPEN_DICT) throw new ProtocolViolation(`octet ${start}: a dict must be here`);
    if (this.#bytes[start + 1] === CLOSE_DICT) {
      this.#at = start + 2;
      return NO_DICT;
    }
    this.#at = skipDict(this.#bytes, start, this.#level);
    checkDetails(this.#at - start, this.#limits);
    return decodeJson(decodeUtf8(this.#bytes, start, this.#at)) as Dict; // it begins with a brace
  }

  skipList(): boolean {
    if (this.#skipNull()) return false;
    if (this.#bytes[this.#at] !== OPEN_LIST) throw new ProtocolViolation("Args must be a list");
    this.#at = skipList(this.#bytes, this.#at, this.#level);
    return true;
  }

  skipDict(): boolean {
    if (this.#skipNull()) return false;
    if (this.#bytes[this.#at] !== OPEN_DICT) throw new ProtocolViolation("KwArgs must be a dict");
    this.#at = skipDict(this.#bytes, this.#at, this.#level);
    return true;
  }

  #skipNull(): boolean {
    const end = afterNull(this.#bytes, this.#at);
    if (end >= 0) this.#at = end;
    return end >= 0;
  }

  release(): void {
    this.#bytes = NO_BYTES;
  }
}

/* Escapes can spell half a surrogate pair, which no other serialization can carry. */
function parseString(literal: string): string {
  const text = JSON.parse(literal) as string; // a scanned string literal
  if (!text.isWellFormed()) throw new ProtocolViolation("a string holds half a surrogate pair");
  return text;
}
