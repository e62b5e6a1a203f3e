import type { Message } from "../message.ts";
import type { ParseLimits } from "./wire.ts";

export type SerializerName = "json" | "msgpack" | "cbor";

/** One WAMP message <-> octets. Chosen through the table in index.ts; there is no other way to make one. */
export interface Serializer {
  readonly name: SerializerName;
  /** The nibble of the raw-socket handshake: 1 JSON, 2 MessagePack, 3 CBOR. */
  readonly rawSocketCode: 1 | 2 | 3;
  /** `wamp.2.json`, `wamp.2.msgpack`, `wamp.2.cbor`. */
  readonly subprotocol: string;
  /** Whether a WebSocket carries it in binary messages (JSON: text). */
  readonly binary: boolean;
  /**
   * Octets of one message -> the message; its payload is checked for well-formedness but stays undecoded, and refers to
   * `bytes` (the caller must not reuse the buffer). `limits`: PARSE_LIMITS unless given. `room`: nobody else reads `bytes`, nor so
   * many octets before them in their buffer, and both may be written over when the payload is sent on.
   * @throws ProtocolViolation for anything that is not a WAMP message.
   */
  parse(bytes: Uint8Array, limits?: ParseLimits, room?: number): Message;
  /**
   * A view of a buffer that it shares with other messages: copy what is kept for long. The `MARSHAL_ROOM` octets of that buffer
   * before it are the caller's, for a frame's prefix.
   * @throws UsageError `not_serializable` when the message holds a value the serializer cannot carry.
   */
  marshal(message: Message): Uint8Array;
  /** The same view with those octets at its beginning. @throws as `marshal`. */
  marshalWithRoom(message: Message): Uint8Array;
}
