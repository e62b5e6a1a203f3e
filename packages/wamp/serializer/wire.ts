/*
 * How parse.ts and marshal.ts see a serialization: a list of elements read from the front, a list of elements written to
 * the end. Each format has one reader and one writer; neither knows a message.
 */
import { ProtocolViolation } from "../errors.ts";
import type { Dict } from "../message.ts";
import type { PayloadTarget } from "../payload.ts";

/**
 * Lists and dicts nested deeper than this, counted inside a message, are refused on receipt and on sending: what one
 * hop lets through, every other one can read without a deep stack. The message itself is level 0.
 */
export const MAX_DEPTH = 64;

/** What one side takes of a message. Sizes of whole messages are the transport's to bound. */
export interface ParseLimits {
  /** Levels of lists and dicts, at most MAX_DEPTH. */
  readonly depth: number;
  /** Octets of the Options, Details or Extra of one message, which are decoded while the payload is not. */
  readonly detailsOctets: number;
}

export const PARSE_LIMITS: ParseLimits = Object.freeze({ depth: MAX_DEPTH, detailsOctets: 1024 * 1024 });

/** @throws ProtocolViolation */
export function checkDetails(octets: number, { detailsOctets }: ParseLimits): void {
  if (octets <= detailsOctets) return;
  throw new ProtocolViolation(`a dict of ${octets} octets before the payload; ${detailsOctets} are taken`);
}

/** What readers hand over for an empty dict: shared and frozen, so that the common case costs nothing. */
export const NO_DICT: Dict = Object.freeze({});

/** Reads one message from the front. Every method throws ProtocolViolation for what it cannot accept. */
export interface WireReader {
  /** Opens the list that the whole of `bytes` must be. */
  open(bytes: Uint8Array, limits: ParseLimits): void;
  /** Whether another element follows; moves to it. At the end of the list, checks that nothing follows the list. */
  next(): boolean;
  /** Octets consumed so far. */
  readonly position: number;
  /** A number of integral value. Formats that spell it otherwise (float, 64 bit) are brought to a JS number. */
  integer(): number;
  string(): string;
  /** A string that is a URI, as a string shared with earlier ones; undefined if it breaks the loose rules. */
  uri(): string | undefined;
  dict(): Dict;
  /** Checks the next element, a list of any values, without decoding it. False if it is null. */
  skipList(): boolean;
  /** Checks the next element, a dict of any values, without decoding it. False if it is null. */
  skipDict(): boolean;
  /** Forgets the octets. */
  release(): void;
}

/** Writes values one after the other. Lists and dicts announce their size first. */
export interface WireWriter extends PayloadTarget {
  null(): void;
  boolean(value: boolean): void;
  /** An integer from -2^63 to 2^64-1. */
  integer(value: number | bigint): void;
  float(value: number): void;
  string(value: string): void;
  bytes(value: Uint8Array): void;
  key(value: string): void;
  beginList(count: number): void;
  beginDict(count: number): void;
  /** Between two items of a list or two entries of a dict. */
  separate(): void;
  endList(): void;
  endDict(): void;
  /** The octets written since the last `take`, or the same with the `ROOM` octets before them. */
  take(withRoom: boolean): Uint8Array;
  /** Drops what was written since the last `take`. */
  reset(): void;
}
