/** Lists in the octets of a serializer as only a hostile peer would write them: integers of any size, any depth. */
import { Encoder } from "@msgpack/msgpack";
import { encode as encodeCbor } from "cborg";
import type { SerializerName } from "../../packages/wamp/serializer/index.ts";

const msgpack = new Encoder({ useBigInt64: true, maxDepth: 100_000 });

export function hostileOctets(name: SerializerName, list: unknown): Uint8Array {
  switch (name) {
    case "json":
      return Buffer.from(json(list));
    case "msgpack":
      return msgpack.encode(list);
    case "cbor":
      break;
  }
  return encodeCbor(list);
}

/** JSON.stringify knows neither bigints nor how WAMP writes binary. */
function json(value: unknown): string {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Uint8Array) return JSON.stringify(`\0${Buffer.from(value).toString("base64")}`);
  if (Array.isArray(value)) return `[${value.map(json).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const entries = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}:${json(item)}`);
  return `{${entries.join()}}`;
}
