import assert from "node:assert/strict";
import { it } from "node:test";
import { payloadOf } from "../../packages/wamp/index.ts";
import { scene } from "./scenes.ts";
import { World, argsOf, id, uri } from "./world.ts";

it("aborts a session that yields for another session's invocation, and leaves the call alone", () => {
  const { caller, callee, other } = scene();
  callee.register("com.p");
  caller.call("com.p");
  const { request } = callee.takeOne("INVOCATION");
  other.yield(request, ["forged"]);
  assert.equal(other.takeOne("ABORT").reason, "wamp.error.protocol_violation");
  assert.ok(other.closed);
  assert.deepEqual(caller.take(), []);
  callee.yield(request, ["true"]);
  assert.deepEqual(argsOf(caller.takeOne("RESULT")), ["true"]);
});

it("aborts a caller that answers its own call", () => {
  const { caller, callee } = scene();
  callee.register("com.p");
  caller.yield(caller.call("com.p"));
  assert.equal(caller.takeOne("ABORT").reason, "wamp.error.protocol_violation");
});

it("treats the same invocation id of two callees as two invocations", () => {
  const { caller, callee, other } = scene();
  callee.register("com.p");
  other.register("com.q");
  const p = caller.call("com.p");
  const q = caller.call("com.q");
  other.yield(1, ["q"]);
  assert.equal(caller.takeOne("RESULT").request, q);
  callee.yield(1, ["p"]);
  assert.equal(caller.takeOne("RESULT").request, p);
});

it("aborts YIELD and ERROR for an invocation that was never issued", () => {
  for (const answer of ["yield", "fail"] as const) {
    const { callee } = scene();
    callee.register("com.p");
    callee[answer](1);
    assert.equal(callee.takeOne("ABORT").reason, "wamp.error.protocol_violation");
  }
});

it("discards a second answer in silence", () => {
  const { world, caller, callee } = scene();
  callee.register("com.p");
  caller.call("com.p");
  callee.take();
  callee.yield(1, [1]).yield(1, [2]).fail(1);
  assert.deepEqual(argsOf(caller.takeOne("RESULT")), [1]);
  assert.deepEqual(callee.take(), []);
  assert.equal(world.router.statistics.lateAnswers, 2);
});

it("aborts an ERROR that does not answer an INVOCATION", () => {
  const { callee } = scene();
  callee.send({
    type: "ERROR",
    requestType: 48,
    request: id(1),
    details: {},
    error: uri("com.e"),
    payload: payloadOf(),
  });
  assert.equal(callee.takeOne("ABORT").reason, "wamp.error.protocol_violation");
});

it("answers the caller with invalid_uri if the callee's error is no URI", () => {
  const { world, caller, callee } = scene();
  callee.register("com.p");
  caller.call("com.p");
  callee.take();
  callee.fail(1, "not a uri!");
  caller.takeError("wamp.error.invalid_uri", 48);
  assert.equal(callee.closed, undefined);
  assert.equal(world.router.size().pendingCalls, 0);
});

it("fails the call behind an INVOCATION that is too large for the callee", () => {
  const { world, caller, callee } = scene();
  callee.register("com.p");
  caller.call("com.p");
  const invocation = callee.takeOne("INVOCATION");
  world.carryOut(world.router.undeliverable(callee.session, invocation, world.now));
  caller.takeError("wamp.error.payload_size_exceeded", 48);
  assert.equal(world.router.size().pendingCalls, 0);
});

it("answers the caller with payload_size_exceeded when RESULT or ERROR is too large for it", () => {
  const { world, caller, callee } = scene();
  callee.register("com.p");
  caller.call("com.p");
  caller.call("com.p");
  callee.take();
  callee.yield(1).fail(2);
  for (const message of caller.take()) {
    world.carryOut(world.router.undeliverable(caller.session, message, world.now));
    caller.takeError("wamp.error.payload_size_exceeded", 48);
  }
});

it("counts an EVENT that is too large, and disturbs nobody", () => {
  const { world, caller, other } = scene();
  other.subscribe("com.t");
  caller.publish("com.t");
  world.carryOut(world.router.undeliverable(other.session, other.takeOne("EVENT"), world.now));
  assert.equal(world.router.statistics.undeliverable, 1);
  assert.deepEqual(other.take(), []);
});

it("ends a call whose progressive result is too large for the caller, and interrupts the callee", () => {
  const { world, caller, callee } = scene();
  callee.register("com.p");
  caller.call("com.p", [], { receive_progress: true });
  callee.take();
  callee.yield(1, [1], { progress: true });
  world.carryOut(world.router.undeliverable(caller.session, caller.takeOne("RESULT"), world.now));
  caller.takeError("wamp.error.payload_size_exceeded", 48);
  callee.takeOne("INTERRUPT");
  callee.yield(1, [2]);
  assert.deepEqual(caller.take(), []);
});

it("aborts a session whose transport cannot even take WELCOME or an ERROR without payload", () => {
  const world = new World();
  const small = world.connect("small").hello();
  world.carryOut(world.router.undeliverable(small.session, small.takeOne("WELCOME"), world.now));
  assert.equal(small.takeOne("ABORT").reason, "wamp.error.payload_size_exceeded");
  assert.ok(small.closed);
  const smaller = world.join("smaller");
  smaller.call("com.nobody");
  for (let i = 0; i < 2; i += 1) {
    world.carryOut(world.router.undeliverable(smaller.session, smaller.takeOne("ERROR"), world.now));
    if (smaller.closed !== undefined) break;
  }
  assert.equal(smaller.takeOne("ABORT").reason, "wamp.error.payload_size_exceeded");
  world.assertEmpty();
});
