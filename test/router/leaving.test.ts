import assert from "node:assert/strict";
import { it } from "node:test";
import { noPayload, ProtocolViolation } from "../../packages/wamp/index.ts";
import { assertDisposed, entangled, goodbye, scene, subscribe } from "./scenes.ts";
import { uri, World, type Of } from "./world.ts";

it("answers every caller of a callee that leaves with canceled, in the order of their calls", () => {
  const { world, caller, callee, other } = scene();
  callee.register("com.p");
  const first = caller.call("com.p");
  other.call("com.p");
  const last = caller.call("com.p");
  callee.vanish();
  const errors = caller.take() as Of<"ERROR">[]; // checked below
  assert.deepEqual(
    errors.map(({ type, error, request }) => [type, error, request]),
    [
      ["ERROR", "wamp.error.canceled", first],
      ["ERROR", "wamp.error.canceled", last],
    ],
  );
  other.takeError("wamp.error.canceled", 48);
  assert.equal(world.router.size().pendingCalls, 0);
  caller.call("com.p");
  caller.takeError("wamp.error.no_such_procedure", 48);
});

it("does so too when the callee says GOODBYE or is aborted", () => {
  const goodbye = scene();
  goodbye.callee.register("com.p");
  goodbye.caller.call("com.p");
  goodbye.callee.take();
  goodbye.callee.send({ type: "GOODBYE", details: {}, reason: uri("wamp.close.normal") });
  goodbye.caller.takeError("wamp.error.canceled", 48);
  const violation = scene();
  violation.callee.register("com.p");
  violation.caller.call("com.p");
  violation.callee.yield(99);
  violation.caller.takeError("wamp.error.canceled", 48);
});

it("interrupts the callee when the caller leaves, and discards its late answer", () => {
  const { world, caller, callee } = scene();
  callee.register("com.p");
  caller.call("com.p");
  caller.call("com.p");
  callee.take();
  caller.vanish();
  const interrupts = callee.take() as Of<"INTERRUPT">[]; // checked below
  assert.deepEqual(
    interrupts.map(({ type, request, options }) => [type, request, options]),
    [
      ["INTERRUPT", 1, { mode: "killnowait" }],
      ["INTERRUPT", 2, { mode: "killnowait" }],
    ],
  );
  callee.yield(1).fail(2);
  assert.deepEqual(callee.take(), []);
  assert.equal(callee.closed, undefined);
  assert.equal(world.router.size().pendingCalls, 0);
});

it("sends no INTERRUPT to a callee that did not announce call_canceling", () => {
  const { caller, callee } = scene({ plain: true });
  callee.register("com.p");
  caller.call("com.p");
  caller.call("com.p", [], { timeout: 10 });
  const third = caller.call("com.p");
  callee.take();
  caller.cancel(third, { mode: "kill" }).takeError("wamp.error.canceled", 48);
  caller.vanish();
  assert.deepEqual(callee.take(), []);
});

it("knows call_canceling also by its other spelling", () => {
  const world = new World();
  const roles = { callee: { features: { call_cancelling: true } } };
  const callee = world.join("callee", { roles });
  const caller = world.join("caller");
  callee.register("com.p");
  caller.call("com.p");
  callee.take();
  caller.vanish();
  callee.takeOne("INTERRUPT");
});

it("answers GOODBYE with goodbye_and_out, disposes of the session and closes after the answer", () => {
  const { world, peer, friend } = entangled();
  peer.send(goodbye());
  assert.equal(peer.takeOne("GOODBYE").reason, "wamp.close.goodbye_and_out");
  assert.ok(peer.closed);
  assertDisposed(world, friend);
});

it("takes any reason for a GOODBYE", () => {
  for (const reason of ["wamp.close.close_realm", "wamp.error.goodbye_and_out", "com.own.reason"]) {
    new World().join("a").send(goodbye(reason)).takeOne("GOODBYE");
  }
});

it("does not answer ABORT, disposes and closes", () => {
  const { world, peer, friend } = entangled();
  peer.send({ type: "ABORT", details: {}, reason: uri("wamp.error.protocol_violation"), payload: noPayload });
  assert.deepEqual(peer.take(), []);
  assert.ok(peer.closed);
  assertDisposed(world, friend);
});

it("disposes of a session whose connection broke", () => {
  const { world, peer, friend } = entangled();
  peer.vanish();
  assertDisposed(world, friend);
});

it("is done once: what comes after the end changes nothing", () => {
  const { world, peer, friend } = entangled();
  peer.send(goodbye());
  peer.take();
  friend.take();
  peer.send(subscribe(5)).send(goodbye());
  peer.violate(new ProtocolViolation("late"));
  world.carryOut(world.router.leave(peer.session, world.now));
  assert.deepEqual(peer.take(), []);
  assert.equal(world.router.size().subscriptions, 0);
  assert.equal(world.router.statistics.left, 1);
});

it("leaves nothing behind when everybody has left", () => {
  const { world, peer, friend } = entangled();
  peer.vanish();
  friend.send(goodbye());
  world.assertEmpty();
});
