import assert from "node:assert/strict";
import { it } from "node:test";
import type { RouterOptions } from "../../router-bridge/router/index.ts";
import { World } from "./world.ts";

const TIMING = { callee: { features: { call_canceling: true, call_timeout: true, call_reroute: true } } };
const PLAIN = { callee: { features: { call_canceling: true } } };
const FORWARD = { forward_timeout: true };

function scene(roles: object, options: Partial<RouterOptions> = {}) {
  const world = new World(options);
  return { world, caller: world.join("caller"), callee: world.join("callee", { roles }) };
}

it("leaves the timeout to a callee that announced call_timeout and asked for it", () => {
  const { world, caller, callee } = scene(TIMING);
  callee.register("com.p", FORWARD);
  caller.call("com.p", [], { timeout: 50 });
  assert.deepEqual(callee.takeOne("INVOCATION").details, { timeout: 50 });
  world.wait(1_000);
  assert.deepEqual(caller.take(), []);
  callee.fail(1, "wamp.error.timeout");
  caller.takeError("wamp.error.timeout", 48);
});

it("keeps it for a callee that did not announce it, or did not ask", () => {
  for (const [roles, options] of [
    [PLAIN, FORWARD],
    [TIMING, {}],
  ] as const) {
    const { world, caller, callee } = scene(roles);
    callee.register("com.p", options);
    caller.call("com.p", [], { timeout: 50 });
    assert.deepEqual(callee.takeOne("INVOCATION").details, {});
    world.wait(50);
    caller.takeError("wamp.error.timeout", 48);
  }
});

it("keeps it for all callees when it is configured so", () => {
  const { world, caller, callee } = scene(TIMING, { forwardTimeouts: false });
  callee.register("com.p", FORWARD);
  caller.call("com.p", [], { timeout: 50 });
  assert.deepEqual(callee.takeOne("INVOCATION").details, {});
  world.wait(50);
  caller.takeError("wamp.error.timeout", 48);
});

it("says nothing of a timeout to a callee whose caller has none", () => {
  const { caller, callee } = scene(TIMING);
  callee.register("com.p", FORWARD);
  caller.call("com.p");
  assert.deepEqual(callee.takeOne("INVOCATION").details, {});
});

it("hands on what is left of the time when the call is re-routed, in both directions", () => {
  const { world, caller, callee } = scene(TIMING);
  const plain = world.join("plain", { roles: PLAIN });
  const third = world.join("third", { roles: TIMING });
  callee.register("com.p", { ...FORWARD, invoke: "first" });
  plain.register("com.p", { ...FORWARD, invoke: "first" });
  third.register("com.p", { ...FORWARD, invoke: "first" });
  caller.call("com.p", [], { timeout: 100 });
  callee.take();
  world.wait(30);
  callee.fail(1, "wamp.error.unavailable");
  assert.deepEqual(plain.takeOne("INVOCATION").details, {});
  assert.equal(world.router.size().deadlines, 1);
  world.wait(30);
  plain.fail(1, "wamp.error.unavailable");
  assert.deepEqual(third.takeOne("INVOCATION").details, { timeout: 40 });
  assert.equal(world.router.size().deadlines, 0);
});
