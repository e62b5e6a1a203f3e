/*
 * Short ASCII strings read from octets, through a small table of those seen lately: a router reads the same few topics over and
 * over, and a string it already holds costs neither decoding, nor the URI check, nor hashing in the maps it is looked up in.
 * Bounded: MOST_SLOTS strings of at most LONGEST characters; a newcomer evicts whatever shares its slot. The table begins small, and
 * grows where strings evict each other all the time.
 */
import { isUri } from "../uri.ts";
import { decodeUtf8 } from "./utf8.ts";
import { wordsOf } from "./word-scan.ts";

const FIRST_SLOTS = 512;
const MOST_SLOTS = 4096;
/** Evictions for each slot, after which the table is too small. */
const TOO_MANY = 2;
const LONGEST = 96;

export class UriReader {
  #slots = emptySlots(FIRST_SLOTS);
  #evictions = 0;

  /** The URI in these octets of valid UTF-8, or undefined if they break the loose rules. */
  read(bytes: Uint8Array, start: number, end: number): string | undefined {
    const known = this.known(bytes, start, end);
    if (known !== undefined) return known;
    const uri = checked(decodeUtf8(bytes, start, end));
    if (uri !== undefined && uri.length === end - start && uri.length <= LONGEST) {
      this.#keep(uri, hashOf(bytes, start, end));
    }
    return uri;
  }

  /** The same if `read` has seen it lately. */
  known(bytes: Uint8Array, start: number, end: number): string | undefined {
    if (end - start > LONGEST) return undefined;
    const slots = this.#slots;
    const known = slots[hashOf(bytes, start, end) & (slots.length - 1)];
    return known !== undefined && holds(known, bytes, start, end) ? known : undefined;
  }

  #keep(uri: string, hash: number): void {
    const slots = this.#slots;
    const slot = hash & (slots.length - 1);
    if (slots[slot] !== undefined && slots.length < MOST_SLOTS) this.#noteEviction();
    slots[slot] = uri;
  }

  #noteEviction(): void {
    this.#evictions += 1;
    if (this.#evictions < TOO_MANY * this.#slots.length) return;
    // what is in use comes again
    this.#slots = emptySlots(this.#slots.length * 2);
    this.#evictions = 0;
  }
}

function emptySlots(count: number): (string | undefined)[] {
  return Array.from({ length: count });
}

/** Its low bits are for a table of any size. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  const words = wordsOf(bytes);
  const last = bytes.byteOffset + end;
  let hash = end - start;
  let at = bytes.byteOffset + start;
  for (; at <= last - 4; at += 4) hash = mixed(hash ^ words.getInt32(at, true));
  for (; at < last; at++) hash = mixed(hash ^ words.getUint8(at));
  return hash;
}

/* A product has what was in high bits in its high bits only: they come down, or the next product loses them. */
function mixed(bits: number): number {
  const product = Math.imul(bits, 0x9e3779b1);
  return product ^ (product >>> 15);
}

/* Characters above 127 never equal an octet of their UTF-8, and strings that have any are not kept. */
function holds(known: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let i = 0; i < known.length; i++) if (known.charCodeAt(i) !== bytes[start + i]) return false;
  return true;
}

function checked(text: string): string | undefined {
  return isUri(text) ? text : undefined;
}
