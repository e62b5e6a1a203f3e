import assert from "node:assert/strict";
import { it } from "node:test";
import type { RouterOptions } from "../../router-bridge/router/index.ts";
import { assertAborted } from "./scenes.ts";
import { argsOf, World, type Of, type Peer } from "./world.ts";
import { payloadOf, type RequestId } from "../../packages/wamp/index.ts";

const BOTH = { progressive_call_invocations: true, progressive_call_results: true, call_canceling: true };
const ROLES = { publisher: {}, caller: { features: BOTH }, callee: { features: BOTH } };

function scene(callee: object = BOTH, options: Partial<RouterOptions> = {}) {
  const world = new World(options);
  return {
    world,
    callee: world.join("callee", { roles: { caller: {}, callee: { features: callee } } }),
    caller: world.join("caller", { roles: ROLES }),
  };
}

/** A further part of a call; `progress: false` is the last. */
function part(
  caller: Peer,
  request: RequestId,
  how: { args: unknown[]; progress?: boolean; procedure?: string },
): void {
  const { args, progress = true, procedure = "com.p" } = how;
  const options = progress ? { progress } : {};
  caller.send({ type: "CALL", request, options, procedure: procedure as never, payload: payloadOf(args) }); // a URI
}

it("passes every part on under one invocation id, and the last without progress", () => {
  const { caller, callee } = scene();
  callee.register("com.p");
  const request = caller.call("com.p", [1], { progress: true, receive_progress: true });
  part(caller, request, { args: [2] });
  part(caller, request, { args: [3], progress: false });
  const parts = callee.take() as Of<"INVOCATION">[]; // their ids and details are compared below
  assert.deepEqual(
    parts.map(({ type, request: id, details, payload }) => [type, id, details, payload.args]),
    [
      ["INVOCATION", 1, { receive_progress: true, progress: true }, [1]],
      ["INVOCATION", 1, { progress: true }, [2]],
      ["INVOCATION", 1, {}, [3]],
    ],
  );
  callee.yield(1, [6], { progress: true }).yield(1, [7]);
  assert.deepEqual(caller.take().map(argsOf), [[6], [7]]);
});

it("counts the next request after the first part, whatever parts came between", () => {
  const { caller, callee } = scene();
  callee.register("com.p");
  const first = caller.call("com.p", [], { progress: true });
  const second = caller.call("com.p", [], { progress: true });
  part(caller, first, { args: [1], progress: false });
  part(caller, second, { args: [2], progress: false });
  caller.publish("com.t");
  const ids = (callee.take() as Of<"INVOCATION">[]).map(({ request }) => request); // nothing else was asked of it
  assert.deepEqual(ids, [1, 2, 1, 2]);
  assert.equal(caller.closed, undefined);
});

it("sends all parts to the callee that got the first, also of a shared registration and after it left that", () => {
  const { world, caller, callee } = scene();
  const other = world.join("other", { roles: ROLES });
  const id = callee.register("com.p", { invoke: "roundrobin" });
  other.register("com.p", { invoke: "roundrobin" });
  const request = caller.call("com.p", [1], { progress: true });
  part(caller, request, { args: [2] });
  callee.take();
  callee.unregister(id).take();
  part(caller, request, { args: [3], progress: false });
  callee.takeOne("INVOCATION");
  assert.deepEqual(other.take(), []);
});

it("names the procedure in every part for a pattern registration", () => {
  const { caller, callee } = scene();
  callee.register("com.", { match: "prefix" });
  const request = caller.call("com.p", [1], { progress: true });
  part(caller, request, { args: [2], progress: false });
  const parts = callee.take() as Of<"INVOCATION">[]; // compared below
  assert.deepEqual(
    parts.map(({ details }) => details),
    [{ procedure: "com.p", progress: true }, { procedure: "com.p" }],
  );
});

it("freezes the options with the first part", () => {
  const { world, caller, callee } = scene();
  callee.register("com.p");
  const request = caller.call("com.p", [], { progress: true });
  caller.send({
    type: "CALL",
    request,
    options: { disclose_me: true, timeout: 5, receive_progress: true },
    procedure: "com.p" as never, // a URI
    payload: payloadOf(),
  });
  assert.deepEqual((callee.take().at(-1) as Of<"INVOCATION">).details, {}); // the second part
  world.wait(10);
  assert.deepEqual(caller.take(), []);
});

it("aborts a caller that reuses the id of a call that has no further parts, or for another procedure", () => {
  for (const how of [
    { progress: false, procedure: "com.p" },
    { progress: true, procedure: "com.q" },
  ]) {
    const { caller, callee } = scene();
    callee.register("com.p");
    callee.register("com.q");
    const request = caller.call("com.p", [], { progress: how.progress });
    part(caller, request, { args: [], procedure: how.procedure });
    assertAborted(caller, "wamp.error.protocol_violation");
  }
});

it("aborts a further part with an id that was never used for a progressive call", () => {
  const { caller, callee } = scene();
  callee.register("com.p");
  const request = caller.call("com.p");
  callee.yield(1);
  caller.take();
  part(caller, request, { args: [] });
  assertAborted(caller, "wamp.error.protocol_violation");
});

it("discards parts that were on their way when the call ended, up to the last, and then the id is spent", () => {
  for (const requestIds of ["strict", "lenient"] as const) {
    const { caller, callee } = scene(BOTH, { requestIds });
    callee.register("com.p");
    const request = caller.call("com.p", [], { progress: true });
    callee.take();
    callee.yield(1, ["enough"]);
    caller.takeOne("RESULT");
    part(caller, request, { args: [2] });
    part(caller, request, { args: [3], progress: false });
    assert.deepEqual([caller.take(), callee.take()], [[], []]);
    if (requestIds === "lenient") continue;
    part(caller, request, { args: [4] });
    assertAborted(caller, "wamp.error.protocol_violation");
  }
});

it("discards the further parts of a call that was refused or canceled", () => {
  const { caller, callee } = scene();
  const refused = caller.call("com.nobody", [], { progress: true });
  caller.takeError("wamp.error.no_such_procedure", 48);
  part(caller, refused, { args: [], procedure: "com.nobody" });
  callee.register("com.p");
  const canceled = caller.call("com.p", [], { progress: true });
  caller.cancel(canceled, { mode: "killnowait" }).takeError("wamp.error.canceled", 48);
  part(caller, canceled, { args: [], progress: false });
  assert.deepEqual(caller.take(), []);
  assert.deepEqual(
    callee.take().map(({ type }) => type),
    ["INVOCATION", "INTERRUPT"],
  );
});

it("refuses it for a callee that cannot take it, or cannot be interrupted", () => {
  for (const features of [{ call_canceling: true }, { progressive_call_invocations: true }]) {
    const { caller, callee } = scene(features);
    callee.register("com.p");
    const request = caller.call("com.p", [], { progress: true });
    caller.takeError("wamp.error.feature_not_supported", 48);
    part(caller, request, { args: [], progress: false });
    assert.deepEqual([caller.take(), callee.take()], [[], []]);
    caller.call("com.p");
    callee.takeOne("INVOCATION");
  }
});

it("ends it when the callee or the caller leaves between two parts", () => {
  const { world, caller, callee } = scene();
  callee.register("com.p");
  const request = caller.call("com.p", [], { progress: true });
  callee.vanish();
  caller.takeError("wamp.error.canceled", 48);
  part(caller, request, { args: [] });
  assert.deepEqual(caller.take(), []);
  const next = world.join("next", { roles: ROLES });
  next.register("com.p");
  caller.call("com.p", [], { progress: true });
  next.take();
  caller.vanish();
  assert.equal(next.takeOne("INTERRUPT").options["mode"], "killnowait");
  next.vanish();
  world.assertEmpty();
});

it("interrupts the callee when a further part does not fit through its transport", () => {
  const { world, caller, callee } = scene();
  callee.register("com.p");
  const request = caller.call("com.p", [], { progress: true });
  part(caller, request, { args: ["x"] });
  const large = callee.take().at(-1);
  assert.ok(large);
  world.carryOut(world.router.undeliverable(callee.session, large, world.now));
  caller.takeError("wamp.error.payload_size_exceeded", 48);
  callee.takeOne("INTERRUPT");
});

it("forgets the oldest of many ended progressive calls: memory is bounded", () => {
  const { caller } = scene();
  const first = caller.call("com.p", [], { progress: true });
  for (let i = 0; i < 100; i += 1) caller.call("com.p", [], { progress: true });
  caller.take();
  part(caller, first, { args: [] });
  assertAborted(caller, "wamp.error.protocol_violation");
});

it("remembers as many ended calls as it is told to: a part of an older one is a violation", () => {
  const { caller, callee } = scene(BOTH, { limits: { endedCallsPerSession: 2 } });
  callee.register("com.p");
  const calls = [1, 2, 3].map(() => {
    const request = caller.call("com.p", [], { progress: true });
    callee.fail((callee.take() as Of<"INVOCATION">[])[0]?.request ?? 0); // nothing else was sent to it
    return request;
  });
  caller.take();
  const [first, second, third] = calls;
  assert.ok(first !== undefined && second !== undefined && third !== undefined);
  for (const request of [second, third]) part(caller, request, { args: [], progress: false });
  assert.deepEqual(caller.take(), []);
  part(caller, first, { args: [], progress: false });
  assertAborted(caller, "wamp.error.protocol_violation");
});
