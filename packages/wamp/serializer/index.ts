import { batchedSubprotocol } from "./batch.ts";
import { cbor } from "./cbor.ts";
import { json } from "./json.ts";
import { msgpack } from "./msgpack.ts";
import type { Serializer, SerializerName } from "./serializer.ts";

export { Batch, batchedSubprotocol, type BatchLimits, type BatchSeparator } from "./batch.ts";
export { ROOM as MARSHAL_ROOM } from "./byte-writer.ts";
export type { Serializer, SerializerName } from "./serializer.ts";
export { MAX_DEPTH, PARSE_LIMITS, type ParseLimits } from "./wire.ts";

/** The one table of serializers. */
export const serializers: Readonly<Record<SerializerName, Serializer>> = Object.freeze({ json, msgpack, cbor });

/** The serializer of a WebSocket subprotocol such as `wamp.2.json`, or undefined. */
export function serializerBySubprotocol(subprotocol: string): Serializer | undefined {
  return Object.values(serializers).find((serializer) => serializer.subprotocol === subprotocol);
}

/** What a WebSocket subprotocol or a protocol of long-poll stands for, batched or not; undefined if it is none of WAMP's. */
export function protocolByName(name: string): { serializer: Serializer; batched: boolean } | undefined {
  for (const serializer of Object.values(serializers)) {
    if (name === serializer.subprotocol) return { serializer, batched: false };
    if (name === batchedSubprotocol(serializer)) return { serializer, batched: true };
  }
  return undefined;
}

/** The serializer of a raw-socket handshake nibble, or undefined. */
export function serializerByRawSocketCode(code: number): Serializer | undefined {
  return Object.values(serializers).find((serializer) => serializer.rawSocketCode === code);
}
