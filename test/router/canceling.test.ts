import assert from "node:assert/strict";
import { it } from "node:test";
import { scene } from "./scenes.ts";
import { argsOf, id, types, type Of } from "./world.ts";

it("killnowait answers the caller at once and interrupts the callee, whose answer is discarded", () => {
  const { caller, callee } = scene();
  callee.register("com.p");
  const request = caller.call("com.p");
  callee.take();
  caller.cancel(request, { mode: "killnowait" });
  assert.equal(caller.takeError("wamp.error.canceled", 48).request, request);
  assert.deepEqual(callee.takeOne("INTERRUPT").options, { mode: "killnowait" });
  callee.yield(1);
  assert.deepEqual(caller.take(), []);
});

it("is killnowait when no mode is given", () => {
  const { caller, callee } = scene();
  callee.register("com.p");
  const request = caller.call("com.p");
  callee.take();
  caller.cancel(request).takeError("wamp.error.canceled", 48);
  assert.deepEqual(callee.takeOne("INTERRUPT").options, { mode: "killnowait" });
});

it("skip answers the caller at once and tells the callee nothing", () => {
  const { caller, callee } = scene();
  callee.register("com.p");
  const request = caller.call("com.p");
  callee.take();
  caller.cancel(request, { mode: "skip" }).takeError("wamp.error.canceled", 48);
  assert.deepEqual(callee.take(), []);
  callee.yield(1);
  assert.deepEqual(caller.take(), []);
  assert.equal(callee.closed, undefined);
});

for (const answer of ["yield", "fail"] as const) {
  it(`kill interrupts the callee once and gives the caller the callee's ${answer}`, () => {
    const { caller, callee } = scene();
    callee.register("com.p");
    const request = caller.call("com.p");
    callee.take();
    caller.cancel(request, { mode: "kill" }).cancel(request, { mode: "kill" });
    assert.deepEqual(caller.take(), []);
    assert.deepEqual(callee.takeOne("INTERRUPT").options, { mode: "kill" });
    callee[answer](1);
    assert.deepEqual(types(caller.take()), [answer === "yield" ? "RESULT" : "ERROR"]);
  });
}

it("kill can be followed by killnowait, and a callee that leaves ends it", () => {
  const { caller, callee } = scene();
  callee.register("com.p");
  const first = caller.call("com.p");
  const second = caller.call("com.p");
  caller.cancel(first, { mode: "kill" }).cancel(first, { mode: "killnowait" });
  caller.takeError("wamp.error.canceled", 48);
  caller.cancel(second, { mode: "kill" });
  callee.vanish();
  assert.equal(caller.takeError("wamp.error.canceled", 48).request, second);
});

it("ignores CANCEL of an unknown call, of an ended one and of somebody else's", () => {
  const { caller, callee, other } = scene();
  callee.register("com.p");
  const request = caller.call("com.p");
  callee.take();
  other.cancel(request).cancel(id(77));
  callee.yield(1);
  caller.takeOne("RESULT");
  caller.cancel(request);
  for (const peer of [caller, callee, other]) {
    assert.deepEqual(peer.take(), []);
    assert.equal(peer.closed, undefined);
  }
});

it("takes an unknown mode for a protocol violation", () => {
  const { caller } = scene();
  caller.cancel(id(1), { mode: "gently" });
  assert.equal(caller.takeOne("ABORT").reason, "wamp.error.protocol_violation");
});

it("answers the caller with timeout after that many milliseconds, and interrupts the callee", () => {
  const { world, caller, callee } = scene();
  callee.register("com.p");
  const request = caller.call("com.p", [], { timeout: 250 });
  callee.take();
  world.wait(249);
  assert.deepEqual(caller.take(), []);
  world.wait(1);
  const error = caller.takeError("wamp.error.timeout", 48);
  assert.equal(error.request, request);
  assert.match(String(argsOf(error)[0]), /250 ms/);
  assert.deepEqual(callee.takeOne("INTERRUPT").options, { mode: "killnowait" });
  callee.yield(1);
  assert.deepEqual(caller.take(), []);
  assert.equal(callee.closed, undefined);
  assert.equal(world.router.size().pendingCalls, 0);
});

it("has no timeout when it is absent or 0", () => {
  const { world, caller, callee } = scene();
  callee.register("com.p");
  caller.call("com.p");
  caller.call("com.p", [], { timeout: 0 });
  assert.equal(world.router.nextDeadline(), undefined);
  world.wait(10 ** 9);
  assert.deepEqual(caller.take(), []);
});

it("forgets the deadline of a call that ended, however it ended", () => {
  const { world, caller, callee } = scene();
  callee.register("com.p");
  const requests = [1, 2, 3].map(() => caller.call("com.p", [], { timeout: 100 }));
  callee.yield(1).fail(2);
  caller.cancel(requests[2] ?? id(0));
  assert.equal(world.router.nextDeadline(), undefined);
  caller.call("com.p", [], { timeout: 100 });
  callee.vanish();
  assert.equal(world.router.nextDeadline(), undefined);
});

it("expires calls in the order of their deadlines", () => {
  const { world, caller, callee } = scene();
  callee.register("com.p");
  const slow = caller.call("com.p", [], { timeout: 300 });
  const fast = caller.call("com.p", [], { timeout: 100 });
  const equal = caller.call("com.p", [], { timeout: 300 });
  world.carryOut(world.router.expire(world.now + 1_000));
  const errors = caller.take() as Of<"ERROR">[]; // checked below
  assert.deepEqual(
    errors.map(({ error, request }) => [error, request]),
    [fast, slow, equal].map((request) => ["wamp.error.timeout", request]),
  );
});

it("takes a timeout that is no whole number for a protocol violation", () => {
  for (const timeout of [-1, 1.5, "10", true]) {
    const { caller } = scene();
    caller.call("com.p", [], { timeout });
    assert.equal(caller.takeOne("ABORT").reason, "wamp.error.protocol_violation");
  }
});
