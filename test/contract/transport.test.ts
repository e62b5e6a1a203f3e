import type { SerializerName } from "@pinion/wamp/serializer";
import { LIMIT, transportPair, type TransportName } from "../support/transport-pairs.ts";
import { type MakePair, octetTransportContract, transportContract } from "./transport-contract.ts";

const TRANSPORTS: readonly TransportName[] = [
  "tcp",
  "tls",
  "unix",
  "websocket",
  "websocket, batched",
  "websocket over unix",
  "websocket of pages",
];
const SERIALIZERS: readonly SerializerName[] = ["json", "msgpack", "cbor"];

function pairsOf(name: TransportName, serializer: SerializerName): MakePair {
  return async (context) => {
    const pair = await transportPair(name, serializer);
    context.after(() => pair.stop());
    return { ...pair, limit: name === "memory" ? Infinity : LIMIT };
  };
}

transportContract("memory", pairsOf("memory", "json"));
for (const transport of TRANSPORTS) {
  for (const serializer of SERIALIZERS) {
    octetTransportContract(`${transport}, ${serializer}`, pairsOf(transport, serializer));
  }
}
