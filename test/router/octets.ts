/** Octets from a peer, taken to the router as the room around it does: parsed, received, or reported as a violation. */
import { ProtocolViolation } from "../../packages/wamp/index.ts";
import { serializers, type SerializerName } from "../../packages/wamp/serializer/index.ts";
import type { Peer } from "./world.ts";

/** @throws whatever the parser throws that is no ProtocolViolation: there must be nothing of that kind. */
export function feed(peer: Peer, name: SerializerName, octets: Uint8Array): void {
  let message;
  try {
    message = serializers[name].parse(octets);
  } catch (fault) {
    if (!(fault instanceof ProtocolViolation)) throw fault;
    return peer.violate(fault);
  }
  peer.send(message);
}
