/*
 * Short ASCII strings read from octets, through a small table of those seen lately: a router reads the same few topics over and
 * over, and a string it already holds costs neither decoding, nor the URI check, nor hashing in the maps it is looked up in.
 * Bounded: SLOTS strings of at most LONGEST characters; a newcomer evicts whatever shares its slot.
 */
import { isUri } from "../uri.ts";
import { decodeUtf8 } from "./utf8.ts";
import { wordsOf } from "./word-scan.ts";

const SLOTS = 512;
const LONGEST = 96;

export class UriReader {
  readonly #slots: (string | undefined)[] = Array.from({ length: SLOTS });

  /** The URI in these octets of valid UTF-8, or undefined if they break the loose rules. */
  read(bytes: Uint8Array, start: number, end: number): string | undefined {
    const known = this.known(bytes, start, end);
    if (known !== undefined) return known;
    const uri = checked(decodeUtf8(bytes, start, end));
    if (uri !== undefined && uri.length === end - start && uri.length <= LONGEST) {
      this.#slots[slotOf(bytes, start, end)] = uri;
    }
    return uri;
  }

  /** The same if `read` has seen it lately. */
  known(bytes: Uint8Array, start: number, end: number): string | undefined {
    if (end - start > LONGEST) return undefined;
    const known = this.#slots[slotOf(bytes, start, end)];
    return known !== undefined && holds(known, bytes, start, end) ? known : undefined;
  }
}

function slotOf(bytes: Uint8Array, start: number, end: number): number {
  const words = wordsOf(bytes);
  const last = bytes.byteOffset + end;
  let hash = end - start;
  let at = bytes.byteOffset + start;
  for (; at <= last - 4; at += 4) hash = Math.imul(hash ^ words.getInt32(at, true), 0x9e3779b1);
  for (; at < last; at++) hash = Math.imul(hash ^ words.getUint8(at), 0x9e3779b1);
  // the last octets have only reached the high bits
  return (hash ^ (hash >>> 15)) & (SLOTS - 1);
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
