import assert from "node:assert/strict";
import { it } from "node:test";
import { ProtocolViolation } from "../../packages/wamp/index.ts";
import { entangled, goodbye, subscribe } from "./scenes.ts";
import { types, uri, World } from "./world.ts";

it("shutdown ends pending calls, says GOODBYE to everyone and closes each when it has answered", () => {
  const { world, peer, friend } = entangled();
  const silent = world.connect("silent");
  world.carryOut(world.router.shutdown(world.now));
  for (const member of [peer, friend]) {
    const messages = member.take();
    assert.deepEqual(types(messages), ["ERROR", "GOODBYE"]);
    const last = messages[1];
    assert.ok(last?.type === "GOODBYE");
    assert.equal(last.reason, "wamp.close.system_shutdown");
    assert.equal(member.closed, undefined);
  }
  assert.equal(silent.takeOne("ABORT").reason, "wamp.close.system_shutdown");
  peer.send(goodbye("wamp.close.goodbye_and_out"));
  assert.ok(peer.closed);
  assert.deepEqual(peer.take(), [], "the answer to GOODBYE is not answered");
  friend.vanish();
  world.assertEmpty();
});

it("closes those who do not answer GOODBYE after the goodbye timeout", () => {
  const { world, peer, friend } = entangled({ limits: { goodbyeTimeout: 2_000 } });
  world.carryOut(world.router.shutdown(world.now));
  peer.take();
  world.wait(1_999);
  assert.equal(peer.closed, undefined);
  world.wait(1);
  assert.match(String(peer.closed), /GOODBYE/);
  assert.ok(friend.closed);
  world.assertEmpty();
});

it("ignores everything but GOODBYE and ABORT while it waits for the answer", () => {
  const { world, peer } = entangled();
  world.carryOut(world.router.shutdown(world.now));
  peer.take();
  peer.send(subscribe(77)).publish("com.t").yield(99).hello();
  assert.deepEqual(peer.take(), []);
  assert.equal(peer.closed, undefined);
  peer.violate(new ProtocolViolation("garbage"));
  assert.ok(peer.closed);
  assert.deepEqual(peer.take(), []);
});

it("lets nobody in after shutdown", () => {
  const world = new World();
  world.carryOut(world.router.shutdown(world.now));
  const late = world.connect("late").hello();
  assert.equal(late.takeOne("ABORT").reason, "wamp.close.system_shutdown");
  assert.ok(late.closed);
  world.assertEmpty();
});

it("dismisses one session with a reason of its own and leaves the others alone", () => {
  const { world, peer, friend } = entangled();
  const reason = uri("wamp.close.killed");
  world.carryOut(world.router.dismiss(peer.session, reason, { now: world.now, words: "too slow" }));
  const message = peer.takeOne("GOODBYE");
  assert.equal(message.reason, "wamp.close.killed");
  assert.deepEqual(message.details, { message: "too slow" });
  assert.deepEqual(types(friend.take()).toSorted(), ["ERROR", "INTERRUPT"]);
  assert.equal(friend.closed, undefined);
  friend.publish("com.t");
  assert.deepEqual(peer.take(), []);
});

it("cuts the reason that a peer gives before it is told on", () => {
  const world = new World();
  const peer = world.join("a");
  peer.send(goodbye(`wamp.close.${"x".repeat(100_000)}`));
  assert.equal(peer.closed?.length, 500);
});
