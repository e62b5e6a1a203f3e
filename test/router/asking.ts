/** Calls to the router itself, as tests make them. */
import { payloadOf, type Dict } from "../../packages/wamp/index.ts";
import { argsOf, uri, type Peer } from "./world.ts";

/** Sends the CALL and leaves the answer in the inbox. */
export function demand(peer: Peer, procedure: string, args: readonly unknown[] = [], kwargs: Dict = {}): Peer {
  const payload = payloadOf(args, kwargs);
  return peer.send({ type: "CALL", request: peer.nextRequest(), options: {}, procedure: uri(procedure), payload });
}

/** The Args of the RESULT, which must be all that the peer receives. */
export function ask(
  peer: Peer,
  procedure: string,
  args: readonly unknown[] = [],
  kwargs: Dict = {},
): readonly unknown[] {
  return argsOf(demand(peer, procedure, args, kwargs).takeOne("RESULT"));
}
