/** Every message in every state of the conversation: what is out of turn is a violation, and after the end nothing counts. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Message, MessageType } from "../../packages/wamp/index.ts";
import { serializers } from "../../packages/wamp/serializer/index.ts";
import { hostileOctets } from "../support/hostile-octets.ts";
import { CATALOGUE, entryOf, rightMessage } from "../support/wamp-catalogue.ts";
import { types, uri, World, type Peer } from "./world.ts";

type State = "opening" | "challenging" | "established" | "closing" | "closed";

/** What a client may say then. Everything else is a violation; after the router's GOODBYE it is ignored. */
const ALLOWED: Readonly<Record<State, readonly MessageType[]>> = {
  opening: ["HELLO", "ABORT"],
  challenging: ["AUTHENTICATE", "ABORT"],
  established: [
    ...(["GOODBYE", "ABORT", "PUBLISH", "SUBSCRIBE", "UNSUBSCRIBE", "CALL", "CANCEL"] as const),
    ...(["REGISTER", "UNREGISTER", "YIELD", "ERROR"] as const),
  ],
  closing: ["GOODBYE", "ABORT"],
  closed: [],
};

const identity = { authid: "a", authrole: "anonymous", authmethod: "ticket", authprovider: "test" };
const challenge = { kind: "challenge", method: "ticket", extra: {}, answer: () => welcome } as const;
const welcome = { kind: "welcome", identity } as const;

function inState(state: State): { world: World; peer: Peer } {
  let asked = state === "challenging";
  // a bystander is let in without being asked
  const world = new World({ authenticator: ({ hello }) => (asked && hello.details["agent"] ? challenge : welcome) });
  const friend = world.join("friend");
  friend.subscribe("friend.topic");
  const peer = world.connect("peer");
  if (state === "opening") return { world, peer };
  peer.hello({ roles: { caller: {}, callee: {} }, agent: "hostile" });
  asked = false;
  peer.take();
  if (state === "challenging") return { world, peer };
  peer.register("hostile.own");
  peer.call("hostile.own");
  peer.take();
  if (state === "closing") world.carryOut(world.router.dismiss(peer.session, uri("wamp.close.normal"), world));
  if (state === "closed") peer.send({ type: "GOODBYE", details: {}, reason: uri("wamp.close.normal") });
  peer.take();
  return { world, peer };
}

function message(type: MessageType): Message {
  const entry = entryOf(type);
  return serializers.cbor.parse(hostileOctets("cbor", rightMessage(entry, entry.request ? 3 : 1)));
}

for (const [state, allowed] of Object.entries(ALLOWED) as [State, MessageType[]][]) {
  describe(`${state}:`, () => {
    for (const { type } of CATALOGUE) {
      const name = type as MessageType; // the catalogue has the specification's words
      const fate = allowed.includes(name)
        ? "in its turn"
        : state.startsWith("clos")
          ? "ignored"
          : "a violation, and the session is gone";
      it(`${type} is ${fate}`, () => {
        const { world, peer } = inState(state);
        const wasClosed = peer.closed;
        peer.send(message(name));
        const got = peer.take();
        if (fate === "in its turn") assert.ok(!types(got).includes("ABORT"), JSON.stringify(got));
        else if (fate === "ignored") {
          assert.deepEqual(got, []);
          assert.equal(peer.closed, wasClosed);
        } else {
          assert.deepEqual(types(got), ["ABORT"]);
          assert.equal(got[0]?.type === "ABORT" && got[0].reason, "wamp.error.protocol_violation");
          assert.ok(peer.closed);
          peer.send(message("HELLO")).send(message("CALL"));
          assert.deepEqual(peer.take(), [], "nothing of it is heard any more");
          assert.deepEqual({ ...world.router.size(), deadlines: 0 }, ONLY_THE_FRIEND);
        }
      });
    }
  });
}

const ONLY_THE_FRIEND = { sessions: 1, members: 1, subscriptions: 1, registrations: 0, pendingCalls: 0, deadlines: 0 };

it("AUTHENTICATE twice, and HELLO between CHALLENGE and AUTHENTICATE, are violations", () => {
  for (const second of ["AUTHENTICATE", "HELLO"] as const) {
    const { peer } = inState("challenging");
    if (second === "AUTHENTICATE") peer.send(message("AUTHENTICATE")).takeOne("WELCOME");
    peer.send(message(second));
    assert.equal(peer.takeOne("ABORT").reason, "wamp.error.protocol_violation");
  }
});
