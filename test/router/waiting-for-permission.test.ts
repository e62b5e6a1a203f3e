import assert from "node:assert/strict";
import { it } from "node:test";
import { payloadOf } from "../../packages/wamp/index.ts";
import { demand } from "./asking.ts";
import { answer, AUTHORIZER, stage } from "./authorizer-stage.ts";
import { assertAborted, goodbye } from "./scenes.ts";
import { argsOf, id, types, uri, type Peer } from "./world.ts";

it("keeps the order of one session while an answer is pending, and does not stall others", () => {
  const { authorizer, join } = stage();
  const listener = join("backend-2");
  authorizer.unregister(1).take();
  const judge = join("backend-3");
  judge.register(AUTHORIZER);
  for (const topic of ["com.a", "com.b", "com.c"]) {
    listener.send({ type: "SUBSCRIBE", request: listener.nextRequest(), options: {}, topic: uri(topic) });
    answer(judge, true);
    listener.takeOne("SUBSCRIBED");
  }
  const guest = join("guest-1");
  const other = join("guest-2");
  guest.publish("com.a", [1]);
  guest.publish("com.b", [2], { acknowledge: true });
  guest.publish("com.a", [3], { acknowledge: true });
  other.publish("com.c", [4]);
  const questions = judge.take();
  assert.deepEqual(types(questions), ["INVOCATION", "INVOCATION"], "one question for each session at a time");
  judge.yield(5, [true]);
  assert.deepEqual(listener.take().map(argsOf), [[4]], "the second session does not wait for the first");
  judge.yield(4, [true]);
  assert.deepEqual(argsOf(judge.takeOne("INVOCATION"))[1], "com.b");
  assert.deepEqual(listener.take().map(argsOf), [[1]]);
  judge.yield(6, [true]);
  assert.deepEqual(listener.take().map(argsOf), [[2], [3]]);
  assert.deepEqual(
    guest.take().map((message) => message.type === "PUBLISHED" && message.request),
    [2, 3],
  );
});

it("lets a callee answer, and a call on its way be canceled, while its own request waits", () => {
  const { authorizer, join } = stage();
  const guest = join("guest-1");
  guest.send({ type: "REGISTER", request: guest.nextRequest(), options: {}, procedure: uri("com.p") });
  answer(authorizer, true);
  guest.take();
  authorizer.call("com.p");
  guest.takeOne("INVOCATION");
  guest.call("com.p");
  answer(authorizer, true);
  const call = guest.lastRequest;
  guest.take();
  guest.publish("com.waits");
  authorizer.take();
  guest.yield(1, ["here"]);
  assert.deepEqual(argsOf(authorizer.takeOne("RESULT")), ["here"]);
  guest.cancel(id(call));
  assert.deepEqual(types(guest.take()), ["INTERRUPT", "ERROR"]);
});

it("ends a session that sends too much while it waits, and nobody else", () => {
  for (const [limits, send] of [
    [{ parkedMessagesPerSession: 3 }, (peer: Peer) => peer.publish("com.t")],
    [{ parkedOctetsPerSession: 3_500 }, (peer: Peer) => peer.publish("com.t", ["x".repeat(1_000)])],
    [{ parkedOctetsPerSession: 3_500 }, (peer: Peer) => peer.publish("com.t", [], { x_pad: "x".repeat(1_000) })],
  ] as const) {
    const { world, authorizer, join } = stage({}, { limits });
    const guest = join("guest-1");
    guest.publish("com.t");
    for (let i = 0; i < 3; i += 1) send(guest);
    assert.equal(guest.closed, undefined);
    send(guest);
    assertAborted(guest, "pinion.error.limit_exceeded");
    assert.deepEqual(types(authorizer.take()), ["INVOCATION", "INTERRUPT"]);
    authorizer.yield(1, [true]);
    authorizer.vanish();
    world.assertEmpty();
  }
});

it("forgets a session that leaves while it waits, and leaves nothing behind", () => {
  const { world, authorizer, join } = stage();
  const guest = join("guest-1");
  guest.publish("com.a").publish("com.b");
  guest.vanish();
  assert.deepEqual(types(authorizer.take()), ["INVOCATION", "INTERRUPT"]);
  authorizer.yield(1, [true]);
  authorizer.vanish();
  world.assertEmpty();
});

it("says GOODBYE after what was asked before it", () => {
  const { authorizer, join } = stage();
  authorizer.subscribe("com.t");
  const guest = join("guest-1");
  guest.publish("com.t", [1], { acknowledge: true }).send(goodbye());
  assert.equal(guest.closed, undefined);
  answer(authorizer, true);
  assert.deepEqual(types(guest.take()), ["PUBLISHED", "GOODBYE"]);
  assert.deepEqual(argsOf(authorizer.takeOne("EVENT")), [1]);
});

it("aborts for a violation that was parked, and only the session that made it", () => {
  const { authorizer, join } = stage();
  const guest = join("guest-1");
  guest.publish("com.t");
  guest.send({ type: "PUBLISH", request: id(77), options: {}, topic: uri("com.t"), payload: payloadOf() });
  assert.equal(guest.closed, undefined);
  answer(authorizer, true);
  assertAborted(guest, "wamp.error.protocol_violation");
  assert.equal(authorizer.closed, undefined);
});

it("asks for testaments when they are left, and publishes them when the session is gone", () => {
  const { world, authorizer, join } = stage();
  authorizer.subscribe("com.last");
  const guest = join("guest-1");
  demand(guest, "wamp.session.add_testament", ["com.last", ["bye"], {}]);
  assert.deepEqual(answer(authorizer, true).slice(1, 3), ["wamp.session.add_testament", "call"]);
  assert.deepEqual(answer(authorizer, true).slice(1, 3), ["com.last", "publish"]);
  guest.takeOne("RESULT");
  world.wait(100_000);
  guest.vanish();
  assert.deepEqual(argsOf(authorizer.takeOne("EVENT")), ["bye"]);
});

it("lets a call in parts begin with its permission, and the parts follow in order", () => {
  const { world, authorizer } = stage();
  const caller = { features: { progressive_call_invocations: true } };
  const callee = { features: { progressive_call_invocations: true, call_canceling: true } };
  const server = world.join("server", { roles: { callee }, authid: "backend-9" });
  server.send({ type: "REGISTER", request: server.nextRequest(), options: {}, procedure: uri("com.p") });
  answer(authorizer, true);
  server.take();
  const guest = world.join("guest", { roles: { caller }, authid: "guest-1" });
  const call = (part: number, options: object): Peer =>
    guest.send({
      type: "CALL",
      request: id(1),
      options: { ...options },
      procedure: uri("com.p"),
      payload: payloadOf([part]),
    });
  call(1, { progress: true });
  call(2, { progress: true });
  call(3, {});
  answer(authorizer, true);
  assert.deepEqual(server.take().map(argsOf), [[1], [2], [3]]);
});
