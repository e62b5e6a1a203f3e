import { cbor } from "./cbor.ts";
import { json } from "./json.ts";
import { msgpack } from "./msgpack.ts";
import type { Serializer, SerializerName } from "./serializer.ts";

export type { Serializer, SerializerName } from "./serializer.ts";

/** The one table of serializers. */
export const serializers: Readonly<Record<SerializerName, Serializer>> = Object.freeze({ json, msgpack, cbor });

/** The serializer of a WebSocket subprotocol such as `wamp.2.json`, or undefined. */
export function serializerBySubprotocol(subprotocol: string): Serializer | undefined {
  return Object.values(serializers).find((serializer) => serializer.subprotocol === subprotocol);
}

/** The serializer of a raw-socket handshake nibble, or undefined. */
export function serializerByRawSocketCode(code: number): Serializer | undefined {
  return Object.values(serializers).find((serializer) => serializer.rawSocketCode === code);
}
