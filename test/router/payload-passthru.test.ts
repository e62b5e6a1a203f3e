import assert from "node:assert/strict";
import { it } from "node:test";
import { payloadOf } from "../../packages/wamp/index.ts";
import { ask, demand } from "./asking.ts";
import { assertAborted } from "./scenes.ts";
import { argsOf, PLAIN_ROLES, uri, World, type Peer } from "./world.ts";

const KNOWS = { features: { payload_passthru_mode: true, progressive_call_results: true, call_canceling: true } };
const OPAQUE_ROLES = { publisher: KNOWS, subscriber: KNOWS, caller: KNOWS, callee: KNOWS };
const PPT = { ppt_scheme: "x_house", ppt_serializer: "cbor", ppt_cipher: "aes256gcm", ppt_keyid: "k1" };
const SEALED = Uint8Array.of(1, 2, 3);

function pair(
  caller: object = OPAQUE_ROLES,
  callee: object = OPAQUE_ROLES,
): { world: World; caller: Peer; callee: Peer } {
  const world = new World();
  const peers = {
    world,
    caller: world.join("caller", { roles: caller }),
    callee: world.join("callee", { roles: callee }),
  };
  peers.callee.register("com.p");
  return peers;
}

it("is announced by broker and dealer", () => {
  const welcome = new World().connect("peer").hello().takeOne("WELCOME");
  const roles = welcome.details["roles"] as Record<string, { features: Record<string, unknown> }>; // as announced
  for (const role of ["broker", "dealer"]) assert.equal(roles[role]?.features["payload_passthru_mode"], true);
});

it("passes the payload and what it is from CALL to INVOCATION and from YIELD to RESULT, progressive ones too", () => {
  const { caller, callee } = pair();
  caller.call("com.p", [SEALED], { ...PPT, receive_progress: true, x_other: 1 });
  const invocation = callee.takeOne("INVOCATION");
  assert.deepEqual(invocation.details, { ...PPT, receive_progress: true });
  assert.deepEqual(argsOf(invocation), [SEALED]);
  callee.yield(1, [SEALED], { ...PPT, progress: true });
  assert.deepEqual(caller.takeOne("RESULT").details, { ...PPT, progress: true });
  callee.yield(1, [SEALED], { ppt_scheme: "mqtt" });
  const result = caller.takeOne("RESULT");
  assert.deepEqual([result.details, argsOf(result)], [{ ppt_scheme: "mqtt" }, [SEALED]]);
});

it("passes it on with an ERROR of the callee", () => {
  const { caller, callee } = pair();
  caller.call("com.p", [SEALED], PPT);
  const { request } = callee.takeOne("INVOCATION");
  callee.send({
    type: "ERROR",
    requestType: 68,
    request,
    details: PPT,
    error: uri("com.example.no"),
    payload: payloadOf([SEALED]),
  });
  const error = caller.takeOne("ERROR");
  assert.deepEqual([error.details, argsOf(error)], [PPT, [SEALED]]);
});

it("passes it from PUBLISH to EVENT, to whoever is subscribed, and keeps it with what is retained", () => {
  const world = new World();
  const publisher = world.join("publisher", { roles: OPAQUE_ROLES });
  const plain = world.join("plain", { roles: PLAIN_ROLES });
  plain.subscribe("com.", { match: "prefix" });
  publisher.publish("com.t", [SEALED], { ...PPT, retain: true, disclose_me: true });
  const event = plain.takeOne("EVENT");
  assert.equal(event.details["publisher"], publisher.sessionId);
  assert.equal(event.details["topic"], "com.t");
  for (const [key, value] of Object.entries(PPT)) assert.equal(event.details[key], value);
  plain.send({
    type: "SUBSCRIBE",
    request: plain.nextRequest(),
    options: { get_retained: true },
    topic: uri("com.t"),
  });
  const [, retained] = plain.take();
  assert.ok(retained?.type === "EVENT");
  assert.equal(retained.details["ppt_scheme"], "x_house");
});

it("aborts who uses it and has not announced it: CALL, PUBLISH, YIELD, ERROR", () => {
  for (const [use, role] of [
    [(peer: Peer) => void peer.call("com.p", [], PPT), "caller"],
    [(peer: Peer) => void peer.publish("com.t", [], PPT), "publisher"],
    [(peer: Peer) => void peer.yield(1, [], PPT), "callee"],
  ] as const) {
    const { world, callee } = pair(OPAQUE_ROLES, { ...OPAQUE_ROLES, [role]: {} });
    const friend = world.join("friend");
    friend.call("com.p");
    callee.take();
    use(callee);
    assertAborted(callee, "wamp.error.protocol_violation");
  }
});

it("takes an empty or absent scheme for none", () => {
  const { caller, callee } = pair(PLAIN_ROLES, PLAIN_ROLES);
  caller.call("com.p", [], { ppt_scheme: "", ppt_serializer: "cbor" });
  assert.deepEqual(callee.takeOne("INVOCATION").details, {});
});

it("answers feature_not_supported for a callee that has not announced it", () => {
  const { caller } = pair(OPAQUE_ROLES, PLAIN_ROLES);
  caller.call("com.p", [SEALED], PPT);
  caller.takeError("wamp.error.feature_not_supported", 48);
});

it("tells both sides when the answer is opaque and the caller has not announced it", () => {
  for (const answer of [(callee: Peer) => callee.yield(1, [SEALED], PPT)]) {
    const { world, caller, callee } = pair(PLAIN_ROLES, OPAQUE_ROLES);
    caller.call("com.p");
    callee.take();
    answer(callee);
    callee.takeError("wamp.error.feature_not_supported", 70);
    caller.takeError("wamp.error.feature_not_supported", 48);
    assert.equal(callee.closed, undefined);
    assert.equal(world.router.size().pendingCalls, 0);
  }
});

it("re-routes an opaque call only to a callee that takes it", () => {
  const world = new World();
  const caller = world.join("caller", { roles: OPAQUE_ROLES });
  const [first, plain, third] = [OPAQUE_ROLES, PLAIN_ROLES, OPAQUE_ROLES].map((roles, i) => {
    const peer = world.join(`callee ${i}`, { roles });
    peer.register("com.p", { invoke: "first" });
    return peer;
  });
  caller.call("com.p", [SEALED], PPT);
  first?.take();
  first?.fail(1, "wamp.error.unavailable");
  assert.deepEqual(plain?.take(), []);
  assert.equal(third?.takeOne("INVOCATION").details["ppt_scheme"], "x_house");
});

it("is kept out of the router's own procedures", () => {
  const caller = new World().join("caller", { roles: OPAQUE_ROLES });
  assert.deepEqual(ask(caller, "wamp.session.count"), [1]);
  demand(caller, "wamp.session.get", [SEALED]).takeError("wamp.error.invalid_argument", 48);
});
