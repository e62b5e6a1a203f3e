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
   * How many octets in front of what `encoded(codec)` gives are the caller's from now on, to write over: a large message is sent
   * on around its payload, without copying that. 0 where there are none, or somebody has taken them before.
   */
  takeFront(codec: PayloadCodec): number;
}

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
  takeFront(): number {
    return 0;
  }
}

class EncodedPayload implements Payload {
  readonly elements: 1 | 2;
  readonly #bytes: Uint8Array;
  readonly #codec: PayloadCodec;
  #front: number;
  #decoded: DecodedPayload | undefined;

  constructor(bytes: Uint8Array, codec: PayloadCodec, elements: 1 | 2, front = 0) {
    this.#bytes = bytes;
    this.#codec = codec;
    this.elements = elements;
    this.#front = front;
  }

  get args(): readonly unknown[] {
    return this.#decode().args;
  }

  get kwargs(): Dict {
    return this.#decode().kwargs;
  }

  encoded(codec: PayloadCodec): Uint8Array {
    if (codec.name === this.#codec.name) return this.#bytes;
    return this.#decode().encoded(codec);
  }

  takeFront(codec: PayloadCodec): number {
    if (codec.name !== this.#codec.name) return 0;
    const front = this.#front;
    this.#front = 0;
    return front;
  }

  /** See `keptPayload`. */
  kept(): { payload: Payload; octets: number } {
    const bytes = this.#bytes;
    const isWhole = bytes.byteLength === bytes.buffer.byteLength;
    const payload = new EncodedPayload(isWhole ? bytes : Uint8Array.from(bytes), this.#codec, this.elements);
    return { payload, octets: bytes.byteLength };
  }

  /* As many elements as were received, also where they are empty: `elements` and what `encoded` gives must agree. */
  #decode(): DecodedPayload {
    if (!this.#decoded) {
      const { args, kwargs } = this.#codec.decode(this.#bytes, this.elements);
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

/**
 * A payload as received: `elements` well-formed items of `codec` in `bytes`. `front`: octets before them in their buffer that
 * nobody reads any more.
 */
export function receivedPayload(bytes: Uint8Array, codec: PayloadCodec, elements: 1 | 2, front: number): Payload {
  return new EncodedPayload(bytes, codec, elements, front);
}
