/**
 * A message on its way out. One message to many peers is serialized once for each serializer and framed once for each
 * transport; all peers share the same octets. It must not be kept after the message was handed to the links.
 */
import type { Message } from "@pinion/wamp";
import { serializers, type Serializer, type SerializerName } from "@pinion/wamp/serializer";
import { encodeFrame, FrameType, MAX_STANDARD_LENGTH } from "net-socket-raw-framing";
import { webSocketFrame } from "./listeners/web-socket-frame.ts";

/** One serialized message, with its frames made on first use. */
export class Encoded {
  readonly octets: Uint8Array;
  readonly serializer: Serializer;
  #rawSocketFrame: Uint8Array | undefined;
  #webSocketFrame: Uint8Array | undefined;
  #kept: Encoded | undefined;

  constructor(octets: Uint8Array, serializer: Serializer) {
    this.octets = octets;
    this.serializer = serializer;
  }

  /** The same for somebody who has to wait: without the frames, which share their memory with all that was framed beside them. */
  get kept(): Encoded {
    return (this.#kept ??= new Encoded(this.octets, this.serializer));
  }

  /** Prefix and message joined, for raw sockets. @throws FramingError for 2^24 octets and more. */
  get rawSocketFrame(): Uint8Array {
    return (this.#rawSocketFrame ??= encodeFrame(FrameType.MESSAGE, this.octets, { maxLength: MAX_STANDARD_LENGTH }));
  }

  /** Header and message joined, unmasked, as a WebSocket server sends it. */
  get webSocketFrame(): Uint8Array {
    return (this.#webSocketFrame ??= webSocketFrame(this.octets, this.serializer.binary));
  }
}

/** One message for any number of peers. */
export class Outgoing {
  readonly message: Message;
  readonly #encodings = new Map<SerializerName, Encoded>();

  constructor(message: Message) {
    this.message = message;
  }

  /** @throws UsageError `not_serializable` if this serializer cannot carry the message. */
  encoded(name: SerializerName): Encoded {
    const known = this.#encodings.get(name);
    if (known !== undefined) return known;
    const serializer = serializers[name];
    const encoded = new Encoded(serializer.marshal(this.message), serializer);
    this.#encodings.set(name, encoded);
    return encoded;
  }
}
