/**
 * Application payload (Args and KwArgs), kept as it came until somebody asks.
 *
 * A received payload is a slice of well-formed serialized elements; marshalling it with the same serializer splices
 * those octets, with another one it is transcoded once and remembered. It must not know any message type.
 */
import type { Dict } from "./message.ts";

/** How one serializer writes and reads the payload elements of a message. */
export interface PayloadCodec {
  readonly name: string;
  /** `elements` items, joined as inside a list of this serializer (JSON: `[...],{...}`), without the enclosing list. */
  encode(args: readonly unknown[], kwargs: Dict, elements: 0 | 1 | 2): Uint8Array;
  /** The reverse; `bytes` were checked to be well-formed when they were received. */
  decode(bytes: Uint8Array, elements: 0 | 1 | 2): { args: readonly unknown[]; kwargs: Dict };
}

/** Where a payload is written to: a WireWriter's part for that. */
export interface PayloadTarget {
  /**
   * Octets `from` to `to` of what lies in `octets`, already serialized. With `front` that many octets before `from`, counted in
   * the buffer, are the target's to write over.
   */
  splice(octets: Uint8Array, from: number, to: number, front: number): void;
}

export interface Payload {
  /** Args; [] when the element was absent. Decoded on first use. */
  readonly args: readonly unknown[];
  /** KwArgs; {} when the element was absent. Decoded on first use. */
  readonly kwargs: Dict;
  /** How many elements the payload takes on the wire: 0 none, 1 Args, 2 Args and KwArgs. */
  readonly elements: 0 | 1 | 2;
  /** The elements serialized by `codec`; the received octets if they came from the same one. */
  encoded(codec: PayloadCodec): Uint8Array;
  /**
   * Writes what `encoded(codec)` gives. A large one goes on where it lies, with what is around it written in front of it, where
   * those octets are free and nobody has used them before.
   */
  splice(codec: PayloadCodec, target: PayloadTarget): void;
}

/** Octets from which on a payload is sent on where it lies: smaller ones are better off side by side with others. */
const LARGE = 16 * 1024;

const NO_ARGS: readonly unknown[] = Object.freeze([]);
const NO_KWARGS: Dict = Object.freeze({});
const NO_BYTES = new Uint8Array(0);

class DecodedPayload implements Payload {
  readonly args: readonly unknown[];
  readonly kwargs: Dict;
  readonly elements: 0 | 1 | 2;
  #encodings: Map<string, Uint8Array> | undefined;

  constructor(args: readonly unknown[], kwargs: Dict, elements: 0 | 1 | 2) {
    this.args = args;
    this.kwargs = kwargs;
    this.elements = elements;
  }

  encoded(codec: PayloadCodec): Uint8Array {
    if (this.elements === 0) return NO_BYTES;
    const known = this.#encodings?.get(codec.name);
    if (known) return known;
    const bytes = codec.encode(this.args, this.kwargs, this.elements);
    (this.#encodings ??= new Map()).set(codec.name, bytes);
    return bytes;
  }

  /** What was encoded here may be sent more than once. */
  splice(codec: PayloadCodec, target: PayloadTarget): void {
    const octets = this.encoded(codec);
    target.splice(octets, 0, octets.length, 0);
  }
}

class EncodedPayload implements Payload {
  readonly elements: 1 | 2;
  /** The message around it: a view of the payload alone costs as much as copying a small one. */
  readonly #message: Uint8Array;
  readonly #from: number;
  readonly #to: number;
  readonly #codec: PayloadCodec;
  #front: number;
  #decoded: DecodedPayload | undefined;

  constructor(received: Received, codec: PayloadCodec) {
    this.elements = received.elements;
    this.#message = received.message;
    this.#from = received.from;
    this.#to = received.to;
    this.#front = received.front;
    this.#codec = codec;
  }

  get args(): readonly unknown[] {
    return this.#decode().args;
  }

  get kwargs(): Dict {
    return this.#decode().kwargs;
  }

  encoded(codec: PayloadCodec): Uint8Array {
    return codec.name === this.#codec.name ? this.#octets() : this.#decode().encoded(codec);
  }

  splice(codec: PayloadCodec, target: PayloadTarget): void {
    if (codec.name !== this.#codec.name) {
      this.#decode().splice(codec, target);
      return;
    }
    const isLarge = this.#to - this.#from >= LARGE;
    const front = isLarge ? this.#front : 0;
    if (isLarge) this.#front = 0;
    target.splice(this.#message, this.#from, this.#to, front);
  }

  /** See `keptPayload`. */
  kept(): { payload: Payload; octets: number } {
    const octets = this.#to - this.#from;
    const isWhole = octets === this.#message.buffer.byteLength;
    const message = isWhole ? this.#message : this.#message.slice(this.#from, this.#to);
    const received = { message, from: 0, to: octets, front: 0, elements: this.elements };
    return { payload: new EncodedPayload(received, this.#codec), octets };
  }

  #octets(): Uint8Array {
    return this.#message.subarray(this.#from, this.#to);
  }

  /* As many elements as were received, also where they are empty: `elements` and what `encoded` gives must agree. */
  #decode(): DecodedPayload {
    if (!this.#decoded) {
      const { args, kwargs } = this.#codec.decode(this.#octets(), this.elements);
      this.#decoded = new DecodedPayload(args, kwargs, this.elements);
    }
    return this.#decoded;
  }
}

/** The payload of a message without Args and KwArgs. */
export const noPayload: Payload = new DecodedPayload(NO_ARGS, NO_KWARGS, 0);

/** A payload from values. Empty Args and KwArgs are left out on the wire (spec: SHOULD). */
export function payloadOf(args: readonly unknown[] = NO_ARGS, kwargs: Dict = NO_KWARGS): Payload {
  const elements = Object.keys(kwargs).length > 0 ? 2 : args.length > 0 ? 1 : 0;
  return elements === 0 ? noPayload : new DecodedPayload(args, kwargs, elements);
}

/**
 * The same payload for keeping: a received one is a view of a chunk of input, which it would hold in memory as a whole.
 * `octets` is roughly what it takes; of a payload made from values it is an estimate.
 */
export function keptPayload(payload: Payload): { readonly payload: Payload; readonly octets: number } {
  if (payload instanceof EncodedPayload) return payload.kept();
  return { payload, octets: payload.elements === 0 ? 0 : sizeOf([payload.args, payload.kwargs]) };
}

function sizeOf(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return 8;
  if (value instanceof Uint8Array) return value.byteLength;
  let octets = 8;
  for (const [key, item] of Object.entries(value)) octets += key.length + sizeOf(item);
  return octets;
}

/** A payload as received: `elements` well-formed items in the octets `from` to `to` of a message. */
interface Received {
  readonly message: Uint8Array;
  readonly from: number;
  readonly to: number;
  /** Octets before them in their buffer that nobody reads any more. */
  readonly front: number;
  readonly elements: 1 | 2;
}

export function receivedPayload(received: Received, codec: PayloadCodec): Payload {
  return new EncodedPayload(received, codec);
}
