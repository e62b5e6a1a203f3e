/**
 * One frame: a 4-octet big-endian prefix and a payload (WAMP, RawSocket transport).
 *
 *     standard   RRRR XTTT LLLLLLLL LLLLLLLL LLLLLLLL   R = 0, X = 25th length bit, T = type, L = length
 *     plain      LLLLLLLL LLLLLLLL LLLLLLLL LLLLLLLL    the raw socket before its handshake: only a length
 *
 * X is set only for a length of exactly 2^24, and then all length bits are zero.
 */
import { FramingError } from "./framing-error.ts";
import { newOctets } from "./octet-slab.ts";

/** `standard`: the typed prefix that follows a handshake. `plain`: the old raw socket, a bare uint32 length. */
export type Wire = "standard" | "plain";

export const FrameType = { MESSAGE: 0, PING: 1, PONG: 2 } as const;
export type FrameType = (typeof FrameType)[keyof typeof FrameType];

export const PREFIX_OCTETS = 4;
/** The longest payload the standard wire can express: 2^24. */
export const MAX_STANDARD_LENGTH = 0x100_0000;
/** The longest payload the plain wire can express: 2^32 - 1. */
export const MAX_PLAIN_LENGTH = 0xffff_ffff;

const RESERVED_BITS = 0xf0;
const LENGTH_BIT = 0x08;
const TYPE_BITS = 0x07;
const LENGTH_BITS = 0xff_ffff;

export interface SendLimits {
  /** What the peer receives at most, in payload octets, inclusive. Holds for every frame type. */
  readonly maxLength: number;
  /** Default `standard`. */
  readonly wire?: Wire;
  /**
   * Whether a payload of exactly 2^24 octets may be sent. Default false: no other known implementation reads the 25th
   * length bit, and most take such a frame for an empty one and lose the stream.
   */
  readonly allowLengthBit?: boolean;
}

/** Whether a message goes on with those beside it. Its payload, `length` octets from `at` on, is only to be looked at; may be asked twice. */
export type TakesMessage = (octets: Uint8Array, at: number, length: number) => boolean;

/** A checked limit for payloads. @throws FramingError `bad_option` unless an integer that the wire can express. */
export function checkLimit(limit: number, wire: Wire, name: string): number {
  const highest = wire === "standard" ? MAX_STANDARD_LENGTH : MAX_PLAIN_LENGTH;
  if (Number.isInteger(limit) && limit >= 1 && limit <= highest) return limit;
  throw new FramingError("bad_option", `${name} is ${String(limit)}: give a whole number from 1 to ${String(highest)}`);
}

/**
 * @throws FramingError `message_too_long` over the peer's limit, `length_bit_not_allowed` for exactly 2^24 octets on the
 * standard wire without `allowLengthBit`.
 */
export function checkSendLength(length: number, limits: SendLimits): void {
  const standard = limits.wire !== "plain";
  const highest = standard ? MAX_STANDARD_LENGTH : MAX_PLAIN_LENGTH;
  const most = Math.min(limits.maxLength, highest);
  if (length > most) {
    throw new FramingError(
      "message_too_long",
      `a payload of ${String(length)} octets is over the ${String(most)} the peer receives: send less, or raise the peer's limit`,
    );
  }
  if (standard && length === MAX_STANDARD_LENGTH && limits.allowLengthBit !== true) {
    throw new FramingError(
      "length_bit_not_allowed",
      "a payload of exactly 2^24 octets needs the 25th length bit: send less, or set allowLengthBit for a peer that reads it",
    );
  }
}

/** The first four octets of a frame as one number. `length` must have been checked. */
export function prefixOf(type: FrameType, length: number, wire: Wire = "standard"): number {
  if (wire === "plain") return length;
  if (length === MAX_STANDARD_LENGTH) return ((LENGTH_BIT | type) << 24) >>> 0;
  return ((type << 24) | length) >>> 0;
}

/** Writes a prefix as four big-endian octets. */
export function writePrefix(target: Uint8Array, prefix: number, at = 0): void {
  target[at] = prefix >>> 24;
  target[at + 1] = prefix >>> 16;
  target[at + 2] = prefix >>> 8;
  target[at + 3] = prefix;
}

/** Reads four big-endian octets as an unsigned number. The octets must be there. */
export function readPrefix(source: Uint8Array, at = 0): number {
  const a = source[at] ?? 0;
  const b = source[at + 1] ?? 0;
  return ((a << 24) | (b << 16) | ((source[at + 2] ?? 0) << 8) | (source[at + 3] ?? 0)) >>> 0;
}

/** The prefix alone, for payloads that are written without being copied. @throws as `checkSendLength`. */
export function encodePrefix(type: FrameType, length: number, limits: SendLimits): Uint8Array {
  checkSendLength(length, limits);
  const prefix = newOctets(PREFIX_OCTETS);
  writePrefix(prefix, prefixOf(type, length, limits.wire));
  return prefix;
}

/** Prefix and payload joined into a new array; small ones share an ArrayBuffer, as Node's do. @throws as `checkSendLength`. */
export function encodeFrame(type: FrameType, payload: Uint8Array, limits: SendLimits): Uint8Array {
  checkSendLength(payload.length, limits);
  const frame = newOctets(PREFIX_OCTETS + payload.length);
  writePrefix(frame, prefixOf(type, payload.length, limits.wire));
  frame.set(payload, PREFIX_OCTETS);
  return frame;
}

/** The type in a checked standard prefix. @throws FramingError `reserved_bits`, `reserved_type`. */
export function typeOf(prefix: number): FrameType {
  const first = prefix >>> 24;
  if ((first & RESERVED_BITS) !== 0) {
    throw new FramingError(
      "reserved_bits",
      `frame prefix ${hex(prefix)} has reserved bits set: the stream is out of step`,
    );
  }
  const type = knownType(prefix);
  if (type !== undefined) return type;
  throw new FramingError("reserved_type", `frame prefix ${hex(prefix)} has a reserved type: it is none of 0, 1, 2`);
}

/** The payload length in a standard prefix, 0 to 2^24. @throws FramingError `bad_length_bit`. */
export function lengthOf(prefix: number): number {
  const length = prefix & LENGTH_BITS;
  if (((prefix >>> 24) & LENGTH_BIT) === 0) return length;
  if (length === 0) return MAX_STANDARD_LENGTH;
  throw new FramingError(
    "bad_length_bit",
    `frame prefix ${hex(prefix)} sets the 25th length bit beside other length bits: it means exactly 2^24 octets or nothing`,
  );
}

/**
 * Checks octets that are said to be one whole frame, and the peer's limit.
 * @throws FramingError `bad_frame` unless prefix and size agree, any code of `checkSendLength`.
 */
export function checkFrame(frame: Uint8Array, limits: SendLimits): FrameType {
  if (frame.length < PREFIX_OCTETS) throw badFrame(frame.length, "is shorter than a prefix");
  const length = frame.length - PREFIX_OCTETS;
  const prefix = readPrefix(frame);
  // a message's prefix is its length, on either wire
  if (prefix === length && length <= limits.maxLength && length < MAX_STANDARD_LENGTH) return FrameType.MESSAGE;
  const type = limits.wire === "plain" ? FrameType.MESSAGE : knownType(prefix);
  if (type === undefined || prefix !== prefixOf(type, length, limits.wire)) {
    throw badFrame(frame.length, `starts with ${hex(prefix)}`);
  }
  checkSendLength(length, limits);
  return type;
}

/**
 * Where the whole MESSAGE frames end that lie side by side from `start` on, as far as none is over `longest` octets and `takes`
 * says yes; `start` if not even the first one does. `takes` is given where the payload begins, and its length.
 */
export function endOfMessages(octets: Uint8Array, start: number, longest: number, takes: TakesMessage): number {
  let end = start;
  for (;;) {
    const at = end + PREFIX_OCTETS;
    if (at > octets.length) return end;
    // a message's prefix is its length, on either wire
    const length = readPrefix(octets, end);
    if (length > longest || at + length > octets.length || !takes(octets, at, length)) return end;
    end = at + length;
  }
}

/**
 * Checks octets that are said to be whole MESSAGE frames side by side, and the peer's limit.
 * @throws FramingError `bad_frame` unless they are one such frame or more, with nothing behind them.
 */
export function checkMessages(frames: Uint8Array, { maxLength, wire }: SendLimits): void {
  const end = endOfMessages(frames, 0, longestInRun(maxLength, wire), () => true);
  if (end === frames.length && end > 0) return;
  const words = `is no message within the peer's ${String(maxLength)} octets at octet ${String(end)}`;
  throw new FramingError("bad_frame", `a run of frames, ${String(frames.length)} octets, ${words}`);
}

/** The longest message that may lie in a run: on the standard wire the longest of all has another prefix. */
export function longestInRun(maxLength: number, wire: Wire = "standard"): number {
  return wire === "plain" ? maxLength : Math.min(maxLength, MAX_STANDARD_LENGTH - 1);
}

function knownType(prefix: number): FrameType | undefined {
  const type = (prefix >>> 24) & TYPE_BITS;
  return type === FrameType.MESSAGE || type === FrameType.PING || type === FrameType.PONG ? type : undefined;
}

function badFrame(octets: number, what: string): FramingError {
  return new FramingError("bad_frame", `a frame of ${String(octets)} octets ${what}: build frames with encodeFrame`);
}

function hex(prefix: number): string {
  return prefix.toString(16).padStart(8, "0");
}
