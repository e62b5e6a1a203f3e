import assert from "node:assert/strict";
import { it } from "node:test";
import { argsOf, types, World, type Of, type Peer } from "./world.ts";

const UNAVAILABLE = "wamp.error.unavailable";
const NOBODY = "wamp.error.no_available_callee";
const FEATURES = { call_canceling: true, call_reroute: true, progressive_call_results: true };
const ROLES = { caller: {}, callee: { features: FEATURES } };

function scene(invoke: string, names = "abc", roles: object = ROLES) {
  const world = new World();
  const caller = world.join("caller");
  const callees: readonly Peer[] = names.split("").map((name) => world.join(name, { roles }));
  for (const callee of callees) callee.register("com.p", { invoke });
  return { world, caller, callees };
}

/** The callee that was just invoked, and the id; nobody else was sent anything. */
function invoked(callees: readonly Peer[]): { peer: Peer; message: Of<"INVOCATION"> } {
  const [peer, ...others] = callees.filter(({ inbox }) => inbox.length > 0);
  assert.ok(peer && others.length === 0, "exactly one callee was invoked");
  return { peer, message: peer.takeOne("INVOCATION") };
}

/** Has every callee decline one call and tells the order in which they were asked. */
function declineAll(caller: Peer, callees: readonly Peer[]): string {
  const request = caller.call("com.p", ["x"]);
  let order = "";
  while (caller.inbox.length === 0) {
    const { peer, message } = invoked(callees);
    assert.deepEqual(argsOf(message), ["x"], "every callee gets the payload");
    order += peer.name;
    peer.fail(message.request, UNAVAILABLE, [`${peer.name} is off`]);
  }
  const error = caller.takeError(NOBODY, 48);
  assert.equal(error.request, request);
  assert.deepEqual(argsOf(error), [`${order.at(-1)} is off`], "the last one's words");
  return order;
}

it("asks the next in turn with roundrobin", () => {
  const { caller, callees } = scene("roundrobin");
  assert.equal(declineAll(caller, callees), "abc");
  caller.call("com.p");
  const { peer, message } = invoked(callees);
  assert.equal(peer.name, "a");
  peer.fail(message.request, UNAVAILABLE);
  const next = invoked(callees);
  assert.equal(next.peer.name, "b");
  next.peer.yield(next.message.request, [1]);
  caller.takeOne("RESULT");
});

it("asks the one registered after with first, before with last, and each once with random", () => {
  assert.equal(declineAll(...pair("first")), "abc");
  assert.equal(declineAll(...pair("last")), "cba");
  assert.equal(
    declineAll(...pair("random"))
      .split("")
      .toSorted()
      .join(""),
    "abc",
  );
  function pair(invoke: string): [Peer, readonly Peer[]] {
    const { caller, callees } = scene(invoke);
    return [caller, callees];
  }
});

it("answers a single callee's unavailable with no_available_callee and its words, if it announced call_reroute", () => {
  const { caller, callees } = scene("single", "a");
  assert.equal(declineAll(caller, callees), "a");
  const plain = scene("single", "a", { callee: {} });
  plain.caller.call("com.p");
  plain.callees[0]?.fail(1, UNAVAILABLE, ["busy"]);
  assert.deepEqual(argsOf(plain.caller.takeError(UNAVAILABLE, 48)), ["busy"]);
});

it("passes over a callee that takes no calls in parts when the call is one", () => {
  const world = new World();
  const parts = { call_canceling: true, progressive_call_invocations: true };
  const caller = world.join("caller", { roles: { caller: { features: parts } } });
  const callees = ["a", "b", "c"].map((name) =>
    world.join(name, { roles: { callee: { features: name === "b" ? FEATURES : { ...FEATURES, ...parts } } } }),
  );
  for (const callee of callees) callee.register("com.p", { invoke: "first" });
  caller.call("com.p", [1], { progress: true });
  const first = invoked(callees);
  assert.equal(first.peer.name, "a");
  first.peer.fail(first.message.request, UNAVAILABLE);
  const next = invoked(callees);
  assert.equal(next.peer.name, "c");
  next.peer.fail(next.message.request, UNAVAILABLE);
  caller.takeError(NOBODY, 48);
  assert.deepEqual(types(callees[1]?.take() ?? []), []);
});

it("passes any other error on", () => {
  const { caller, callees } = scene("first");
  caller.call("com.p");
  callees[0]?.fail(1, "com.own.error");
  caller.takeError("com.own.error", 48);
  assert.deepEqual(callees[1]?.take(), []);
});

it("goes on with a new invocation id, discards what the first callee still says, and takes the second's answer", () => {
  const { caller, callees } = scene("first", "ab");
  const [a, b] = callees as readonly [Peer, Peer]; // made from two letters
  caller.call("com.p");
  a.fail(1, UNAVAILABLE).yield(1, ["late"]);
  assert.equal(a.closed, undefined);
  assert.deepEqual(caller.take(), []);
  b.yield(b.takeOne("INVOCATION").request, ["served"]);
  assert.deepEqual(argsOf(caller.takeOne("RESULT")), ["served"]);
});

it("cancels, times out and ends with the callee that has the call now", () => {
  for (const end of ["cancel", "timeout", "leave"] as const) {
    const { world, caller, callees } = scene("first", "ab");
    const [a, b] = callees as readonly [Peer, Peer]; // made from two letters
    const request = caller.call("com.p", [], { timeout: 100 });
    world.wait(60);
    a.take();
    a.fail(1, UNAVAILABLE);
    b.take();
    if (end === "cancel") caller.cancel(request).takeError("wamp.error.canceled", 48);
    if (end === "timeout") {
      world.wait(39);
      assert.deepEqual(caller.take(), []);
      world.wait(1);
      caller.takeError("wamp.error.timeout", 48);
    }
    if (end === "leave") b.vanish();
    else b.takeOne("INTERRUPT");
    if (end === "leave") caller.takeError("wamp.error.canceled", 48);
    assert.deepEqual(a.take(), []);
    assert.equal(world.router.size().pendingCalls + world.router.size().deadlines, 0);
  }
});

it("does not begin anew what a callee has begun to answer, nor what was canceled with kill", () => {
  const { caller, callees } = scene("first", "ab");
  const [a, b] = callees as readonly [Peer, Peer]; // made from two letters
  caller.call("com.p", [], { receive_progress: true });
  a.yield(1, [1], { progress: true }).fail(1, UNAVAILABLE);
  assert.deepEqual(types(caller.take()), ["RESULT", "ERROR"]);
  const request = caller.call("com.p");
  caller.cancel(request, { mode: "kill" });
  a.fail(2, UNAVAILABLE);
  caller.takeError(UNAVAILABLE, 48);
  assert.deepEqual(b.take(), []);
});

it("answers with no_available_callee when the others have gone meanwhile", () => {
  const { caller, callees } = scene("first", "ab");
  caller.call("com.p");
  callees[1]?.vanish();
  callees[0]?.fail(1, UNAVAILABLE);
  caller.takeError(NOBODY, 48);
});

it("tells the callee it moves to what that one wishes and can: disclosure, progressive results", () => {
  const world = new World();
  const caller = world.join("caller");
  const a = world.join("a", { roles: ROLES });
  const b = world.join("b", { roles: { callee: {} } });
  const c = world.join("c", { roles: ROLES });
  a.register("com.p", { invoke: "first" });
  b.register("com.p", { invoke: "first", disclose_caller: true });
  c.register("com.p", { invoke: "first" });
  caller.call("com.p", [], { receive_progress: true });
  assert.deepEqual(a.takeOne("INVOCATION").details, { receive_progress: true });
  a.fail(1, UNAVAILABLE);
  const { details } = b.takeOne("INVOCATION");
  assert.deepEqual([details["caller"], details["receive_progress"]], [caller.sessionId, undefined]);
  b.fail(1, UNAVAILABLE);
  assert.deepEqual(c.takeOne("INVOCATION").details, { receive_progress: true });
});
