/**
 * The raw socket's opening handshake, both sides, without I/O (WAMP, RawSocket transport): four octets each way.
 *
 *     request   7F  LLLL SSSS  00 00     L: the sender receives at most 2^(9+L) octets per frame, S: serializer 1..15
 *     accept    7F  LLLL SSSS  00 00     the router's own L, the client's S
 *     refuse    7F  EEEE 0000  00 00     E: 1 serializer, 2 length, 3 reserved bits, 4 connection count
 *
 * The two lengths are independent declarations: neither is negotiated down.
 */
import { FramingError, type FramingErrorCode } from "./framing-error.ts";

export const MAGIC = 0x7f;
export const HANDSHAKE_OCTETS = 4;

/** The serializers the specification has numbered. Codes 6 to 15 are reserved but carried. */
export const SerializerCode = { JSON: 1, MSGPACK: 2, CBOR: 3, UBJSON: 4, FLATBUFFERS: 5 } as const;

export const RefusalCode = { SERIALIZER: 1, LENGTH: 2, RESERVED_BITS: 3, CONNECTION_COUNT: 4 } as const;
export type RefusalCode = (typeof RefusalCode)[keyof typeof RefusalCode];

/** What both sides know once a handshake has succeeded. Lengths in payload octets, inclusive. */
export interface Agreement {
  readonly serializer: number;
  /** What the peer receives at most. */
  readonly maxSend: number;
  /** What this side receives at most: the announced power of two. */
  readonly maxReceive: number;
}

export interface ClientHandshakeOptions {
  /** 1 to 15. */
  readonly serializer: number;
  /** At least 512; rounded down to a power of two; at most 2^24 is announced. */
  readonly maxReceive: number;
}

export interface ServerHandshakeOptions {
  readonly serializers: readonly number[];
  /** At least 512; rounded down to a power of two; at most 2^24 is announced. */
  readonly maxReceive: number;
  /** A client that receives less than this is refused with error 2. Default 512: everybody is served. */
  readonly minSend?: number;
  /** Refuse every well-formed request with error 4. */
  readonly full?: boolean;
}

export type ServerStep =
  | { readonly state: "pending" }
  /** Send `reply`; `rest` is what came glued to the request. */
  | { readonly state: "accepted"; readonly reply: Uint8Array; readonly agreement: Agreement; readonly rest: Uint8Array }
  /** Send `reply` if there is one, then close. */
  | { readonly state: "refused"; readonly reply: Uint8Array | undefined; readonly error: FramingError };

export type ClientStep =
  | { readonly state: "pending" }
  | { readonly state: "agreed"; readonly agreement: Agreement; readonly rest: Uint8Array }
  | { readonly state: "failed"; readonly error: FramingError };

const PENDING = { state: "pending" } as const;
const REPLY_CODES: Partial<Record<number, readonly [FramingErrorCode, string]>> = {
  [RefusalCode.SERIALIZER]: ["serializer_unsupported", "the router does not support this serializer: choose another"],
  [RefusalCode.LENGTH]: ["length_unacceptable", "the router does not accept this maximum length: change maxReceive"],
  [RefusalCode.RESERVED_BITS]: ["reserved_bits_refused", "the router saw reserved bits in the handshake"],
  [RefusalCode.CONNECTION_COUNT]: ["connection_count", "the router has as many connections as it takes: try later"],
};

/** 2^(9+code) octets for a length code of 0 to 15. */
export function announcedLength(code: number): number {
  return 2 ** (9 + (code & 15));
}

/**
 * The length code for a limit: the largest announced power of two that is not above it.
 * @throws FramingError `bad_option` below 512, which the handshake cannot express.
 */
export function lengthCode(maxReceive: number): number {
  if (!Number.isInteger(maxReceive) || maxReceive < 512) {
    throw new FramingError(
      "bad_option",
      `maxReceive is ${String(maxReceive)}: the handshake announces 512 octets or more`,
    );
  }
  let code = 15;
  while (announcedLength(code) > maxReceive) code -= 1;
  return code;
}

/** The client's four octets. @throws FramingError `bad_option`. */
export function encodeRequest(options: ClientHandshakeOptions): Uint8Array {
  return fourOctets((lengthCode(options.maxReceive) << 4) | checkSerializer(options.serializer));
}

/** The router's refusal. */
export function encodeRefusal(code: RefusalCode): Uint8Array {
  return fourOctets(code << 4);
}

/** Judges a client's four octets; never `pending`. `rest` is empty. */
export function answerRequest(
  octets: Uint8Array,
  options: ServerHandshakeOptions,
): Exclude<ServerStep, { state: "pending" }> {
  const [magic = 0, second = 0, third = 0, fourth = 0] = octets;
  const maxSend = announcedLength(second >> 4);
  const serializer = second & 15;
  if (magic !== MAGIC) return { state: "refused", reply: undefined, error: badMagic(magic, "client") };
  if (third !== 0 || fourth !== 0) {
    const error = new FramingError(
      "bad_reserved_octets",
      `the client set reserved octets ${hex(third)} ${hex(fourth)}`,
    );
    return refuse(RefusalCode.RESERVED_BITS, error);
  }
  if (options.full === true) {
    return refuse(RefusalCode.CONNECTION_COUNT, new FramingError("connection_count", "no more connections are taken"));
  }
  if (serializer === 0) {
    const error = new FramingError("serializer_illegal", "the client asked for serializer 0, which means an error");
    return refuse(RefusalCode.SERIALIZER, error);
  }
  if (!options.serializers.includes(serializer)) {
    const offered = options.serializers.join(", ");
    const words = `the client asked for serializer ${String(serializer)}; this side offers ${offered}`;
    return refuse(RefusalCode.SERIALIZER, new FramingError("serializer_unsupported", words));
  }
  if (maxSend < (options.minSend ?? 0)) {
    const words = `the client receives at most ${String(maxSend)} octets, below the ${String(options.minSend)} required`;
    return refuse(RefusalCode.LENGTH, new FramingError("length_unacceptable", words));
  }
  const code = lengthCode(options.maxReceive);
  const agreement = { serializer, maxSend, maxReceive: announcedLength(code) };
  return {
    state: "accepted",
    reply: fourOctets((code << 4) | serializer),
    agreement,
    rest: octets.subarray(HANDSHAKE_OCTETS),
  };
}

/** Judges a router's four octets. @throws FramingError with the code of what is wrong. */
export function parseReply(octets: Uint8Array, options: ClientHandshakeOptions): Agreement {
  const [magic = 0, second = 0, third = 0, fourth = 0] = octets;
  if (magic !== MAGIC) throw badMagic(magic, "router");
  if (third !== 0 || fourth !== 0) {
    throw new FramingError("bad_reserved_octets", `the router set reserved octets ${hex(third)} ${hex(fourth)}`);
  }
  const high = second >> 4;
  const serializer = second & 15;
  if (serializer === 0) {
    const [code, words] = REPLY_CODES[high] ?? ["handshake_refused", "the router refused with a reserved error code"];
    throw new FramingError(code, `${words} (error ${String(high)} in the handshake)`);
  }
  if (serializer !== options.serializer) {
    const words = `the router answered with serializer ${String(serializer)}, asked was ${String(options.serializer)}`;
    throw new FramingError("serializer_mismatch", words);
  }
  return { serializer, maxSend: announcedLength(high), maxReceive: announcedLength(lengthCode(options.maxReceive)) };
}

/**
 * Gathers four octets from pieces of any size; fails on a wrong first octet without waiting for the others.
 * Owns at most four octets.
 */
class Gathering {
  readonly #octets = new Uint8Array(HANDSHAKE_OCTETS);
  #filled = 0;

  /** What is left of the chunk once the four octets are complete or the first is wrong, else undefined. */
  push(chunk: Uint8Array): { readonly octets: Uint8Array; readonly rest: Uint8Array } | undefined {
    const taken = Math.min(chunk.length, HANDSHAKE_OCTETS - this.#filled);
    this.#octets.set(chunk.subarray(0, taken), this.#filled);
    this.#filled += taken;
    const wrong = this.#filled > 0 && this.#octets[0] !== MAGIC;
    if (this.#filled < HANDSHAKE_OCTETS && !wrong) return undefined;
    return { octets: this.#octets, rest: chunk.subarray(taken) };
  }
}

/** The router's side, fed in pieces of any size. Not to be fed again once it has left `pending`. */
export class ServerHandshake {
  readonly #gathering = new Gathering();
  readonly #options: ServerHandshakeOptions;

  /** @throws FramingError `bad_option`. */
  constructor(options: ServerHandshakeOptions) {
    if (options.serializers.length === 0)
      throw new FramingError("bad_option", "serializers is empty: offer at least one");
    options.serializers.forEach(checkSerializer);
    lengthCode(options.maxReceive);
    this.#options = options;
  }

  push(chunk: Uint8Array): ServerStep {
    const gathered = this.#gathering.push(chunk);
    if (gathered === undefined) return PENDING;
    const step = answerRequest(gathered.octets, this.#options);
    return step.state === "accepted" ? { ...step, rest: gathered.rest } : step;
  }
}

/** The client's side: send `request`, then feed what comes. Not to be fed again once it has left `pending`. */
export class ClientHandshake {
  readonly request: Uint8Array;
  readonly #gathering = new Gathering();
  readonly #options: ClientHandshakeOptions;

  /** @throws FramingError `bad_option`. */
  constructor(options: ClientHandshakeOptions) {
    this.request = encodeRequest(options);
    this.#options = options;
  }

  push(chunk: Uint8Array): ClientStep {
    const gathered = this.#gathering.push(chunk);
    if (gathered === undefined) return PENDING;
    try {
      return { state: "agreed", agreement: parseReply(gathered.octets, this.#options), rest: gathered.rest };
    } catch (error) {
      if (error instanceof FramingError) return { state: "failed", error };
      throw error;
    }
  }
}

function checkSerializer(serializer: number): number {
  if (Number.isInteger(serializer) && serializer >= 1 && serializer <= 15) return serializer;
  throw new FramingError("bad_option", `serializer is ${String(serializer)}: give a code from 1 to 15`);
}

function refuse(code: RefusalCode, error: FramingError): Exclude<ServerStep, { state: "pending" }> {
  return { state: "refused", reply: encodeRefusal(code), error };
}

function badMagic(octet: number, who: string): FramingError {
  return new FramingError(
    "bad_magic",
    `the ${who}'s first octet is ${hex(octet)}, not 7f: it does not speak raw socket`,
  );
}

function fourOctets(second: number): Uint8Array {
  return Uint8Array.of(MAGIC, second, 0, 0);
}

function hex(octet: number): string {
  return octet.toString(16).padStart(2, "0");
}
