import assert from "node:assert/strict";
import { it } from "node:test";
import { noPayload, payloadOf, ProtocolViolation, type Message } from "../../packages/wamp/index.ts";
import { assertDisposed, entangled, subscribe } from "./scenes.ts";
import { id, types, uri, World } from "./world.ts";

const notForClients: Message[] = [
  { type: "WELCOME", session: id(1), details: {} },
  { type: "CHALLENGE", method: "ticket", extra: {} },
  { type: "AUTHENTICATE", signature: "", extra: {} },
  { type: "HELLO", realm: uri("realm1"), details: { roles: { caller: {} } } },
  { type: "PUBLISHED", request: id(1), publication: id(1) },
  { type: "SUBSCRIBED", request: id(1), subscription: id(1) },
  { type: "UNSUBSCRIBED", request: id(1) },
  { type: "EVENT", subscription: id(1), publication: id(1), details: {}, payload: noPayload },
  { type: "RESULT", request: id(1), details: {}, payload: noPayload },
  { type: "REGISTERED", request: id(1), registration: id(1) },
  { type: "UNREGISTERED", request: id(1) },
  { type: "INVOCATION", request: id(1), registration: id(1), details: {}, payload: noPayload },
  { type: "INTERRUPT", request: id(1), options: {} },
];
for (const message of notForClients) {
  it(`aborts a client that sends ${message.type}`, () => {
    const { world, peer, friend } = entangled();
    peer.send(message);
    const abort = peer.takeOne("ABORT");
    assert.equal(abort.reason, "wamp.error.protocol_violation");
    assert.match(String(abort.details["message"]), new RegExp(message.type, "u"));
    assert.match(String(peer.closed), /protocol_violation/);
    assertDisposed(world, friend);
  });
}

it("sends ABORT first, then the consequences for others, then closes", () => {
  const { world, peer } = entangled();
  const deliveries = world.router.violate(peer.session, new ProtocolViolation("broken frame"), world.now);
  const steps = deliveries.map((step) =>
    "close" in step ? `close ${step.close.name}` : `${step.message.type} ${step.to.map((to) => to.name).join()}`,
  );
  assert.deepEqual(steps, ["ABORT peer", "INTERRUPT friend", "ERROR friend", "close peer"]);
});

it("aborts with the parser's reason and words", () => {
  const peer = new World().join("a");
  peer.violate(new ProtocolViolation("octet 17 is not UTF-8", uri("wamp.error.invalid_uri")));
  const abort = peer.takeOne("ABORT");
  assert.equal(abort.reason, "wamp.error.invalid_uri");
  assert.equal(abort.details["message"], "octet 17 is not UTF-8");
});

it("answers a request whose URI alone is wrong with ERROR, counts it and goes on", () => {
  const peer = new World().join("a");
  const wrong = (type: number, request: number, reply: boolean): ProtocolViolation =>
    new ProtocolViolation("no URI", uri("wamp.error.invalid_uri"), { type, id: id(request), reply });
  peer.violate(wrong(32, 1, true));
  assert.equal(peer.takeError("wamp.error.invalid_uri", 32).request, 1);
  peer.violate(wrong(16, 2, false));
  assert.deepEqual(peer.take(), []);
  peer.send(subscribe(3)).takeOne("SUBSCRIBED");
  peer.violate(wrong(48, 9, true));
  assert.equal(peer.takeOne("ABORT").reason, "wamp.error.protocol_violation");
});

it("must count 1, 2, 3 over all request types; a gap, a repetition or a random start is a violation", () => {
  for (const ids of [[2], [1, 3], [1, 1], [1, 2, 1], [4_711]]) {
    const peer = new World().join("a");
    for (const request of ids) peer.send(subscribe(request));
    const messages = peer.take();
    const last = messages.at(-1);
    assert.ok(last?.type === "ABORT", `ids ${ids.join()}`);
    assert.match(String(last.details["message"]), /out of sequence/);
    assert.ok(peer.closed);
  }
});

it("share one counter among PUBLISH, SUBSCRIBE, UNSUBSCRIBE, REGISTER, UNREGISTER and CALL", () => {
  const peer = new World().join("a");
  const topic = uri("com.t");
  const options = {};
  peer.send({ type: "PUBLISH", request: id(1), options, topic, payload: noPayload });
  peer.send({ type: "SUBSCRIBE", request: id(2), options, topic });
  peer.send({ type: "UNSUBSCRIBE", request: id(3), subscription: id(1) });
  peer.send({ type: "REGISTER", request: id(4), options, procedure: topic });
  peer.send({ type: "UNREGISTER", request: id(5), registration: id(1) });
  peer.send({ type: "CALL", request: id(6), options, procedure: topic, payload: noPayload });
  const got = types(peer.take());
  assert.deepEqual(got, ["SUBSCRIBED", "UNSUBSCRIBED", "REGISTERED", "UNREGISTERED", "ERROR"]);
  assert.equal(peer.closed, undefined);
});

it("CANCEL, YIELD and ERROR do not count", () => {
  const peer = new World().join("a");
  peer.register("com.p");
  peer.call("com.p");
  peer.cancel(id(2), { mode: "kill" }).yield(1, [5]);
  peer.take();
  peer.send(subscribe(3)).takeOne("SUBSCRIBED");
});

it("may be anything in lenient mode, except the id of a call that still waits", () => {
  const peer = new World({ requestIds: "lenient" }).join("a");
  peer.send(subscribe(900)).takeOne("SUBSCRIBED");
  peer.send(subscribe(5)).takeOne("SUBSCRIBED");
  peer.send({ type: "REGISTER", request: id(5), options: {}, procedure: uri("com.p") }).take();
  const call: Message = { type: "CALL", request: id(7), options: {}, procedure: uri("com.p"), payload: payloadOf() };
  peer.send(call).takeOne("INVOCATION");
  peer.send(call);
  assert.equal(peer.takeOne("ABORT").reason, "wamp.error.protocol_violation");
});
