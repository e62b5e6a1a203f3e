/**
 * Raw WAMP lists in octets, made and read by other people's codecs, so that ours are not checked against themselves.
 */
import { decode as decodeMsgpack, encode as encodeMsgpack } from "@msgpack/msgpack";
import { decode as decodeCbor, encode as encodeCbor } from "cborg";
import type { SerializerName } from "../../packages/wamp/serializer/index.ts";

/** A list of plain values in the octets of a serializer. Integers beyond 2^32 as bigint for MessagePack. */
export function rawOctets(name: SerializerName, list: unknown): Uint8Array {
  switch (name) {
    case "json":
      return Buffer.from(JSON.stringify(list));
    case "msgpack":
      return encodeMsgpack(list, { useBigInt64: true });
    case "cbor":
      break;
  }
  return encodeCbor(list);
}

/** The values in octets; integers of MessagePack that took 64 bit come as bigint. */
export function rawList(name: SerializerName, octets: Uint8Array): unknown {
  switch (name) {
    case "json":
      return JSON.parse(Buffer.from(octets).toString());
    case "msgpack":
      return decodeMsgpack(octets, { useBigInt64: true });
    case "cbor":
      break;
  }
  return decodeCbor(octets);
}
