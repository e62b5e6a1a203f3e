import assert from "node:assert/strict";
import { it } from "node:test";
import { assertAborted, register } from "./scenes.ts";
import { World, type Peer } from "./world.ts";

interface Shared {
  readonly world: World;
  readonly caller: Peer;
  readonly callees: readonly Peer[];
  /** Calls `com.p` so many times and tells who was invoked. */
  readonly served: (calls: number) => string;
}

function shared(invoke: string, names = "abc"): Shared {
  const world = new World();
  const caller = world.join("caller");
  const callees = names.split("").map((name) => world.join(name));
  const ids = callees.map((callee) => callee.register("com.p", { invoke }));
  assert.equal(new Set(ids).size, 1, "all callees have the same registration id");
  const served = (calls: number): string => {
    let order = "";
    for (let i = 0; i < calls; i += 1) {
      caller.call("com.p");
      for (const callee of callees) {
        const invoked = callee.inbox.filter(({ type }) => type === "INVOCATION").length;
        if (callee.closed === undefined) callee.take();
        order += callee.name.repeat(invoked);
      }
    }
    return order;
  };
  return { world, caller, callees, served };
}

it("takes turns in the order of registration with roundrobin", () => {
  assert.equal(shared("roundrobin").served(7), "abcabca");
});

it("prefers the first, or the last, that registered", () => {
  assert.equal(shared("first").served(3), "aaa");
  assert.equal(shared("last").served(3), "ccc");
});

it("draws by the injected entropy with random, and leaves nobody out", () => {
  const order = shared("random").served(60);
  assert.equal(order.length, 60);
  for (const name of "abc")
    assert.ok(order.split(name).length > 6, `${name} was invoked more than 5 times in ${order}`);
});

it("keeps the registration and its id for the rest when a callee leaves or unregisters", () => {
  for (const invoke of ["first", "last", "random", "roundrobin"]) {
    const { world, callees, served } = shared(invoke);
    const [a, b, c] = callees as readonly [Peer, Peer, Peer]; // made from three letters
    const id = world.join("d").register("com.p", { invoke });
    a.vanish();
    b.unregister(id).takeOne("UNREGISTERED");
    assert.equal(a.session.member?.registrations.size, 0);
    assert.equal(b.register("com.p", { invoke }), id);
    assert.equal(world.router.size().registrations, 1);
    served(4);
    assert.equal(world.router.size().pendingCalls, 4);
    assert.equal(c.session.member?.registrations.size, 1);
  }
});

it("skips nobody and favours nobody when a callee leaves in the middle of a round", () => {
  const { callees, served } = shared("roundrobin", "abcd");
  assert.equal(served(2), "ab");
  callees[0]?.vanish();
  assert.equal(served(4), "cdbc");
  callees[3]?.vanish();
  assert.equal(served(3), "bcb");
});

it("is gone with the last callee, and the next one may choose another policy and gets another id", () => {
  const { world, callees } = shared("first", "ab");
  const before = register(callees[0] ?? world.join("x"), "com.q").takeOne("REGISTERED").registration;
  for (const callee of callees) callee.vanish();
  assert.equal(world.router.size().registrations, 0);
  const id = world.join("e").register("com.p", { invoke: "roundrobin" });
  assert.ok(id > before);
});

it("fails the calls of the callee that left, not those of the others", () => {
  const { caller, callees } = shared("roundrobin", "ab");
  caller.call("com.p");
  caller.call("com.p");
  callees[0]?.vanish();
  caller.takeError("wamp.error.canceled", 48);
  callees[1]?.yield(1);
  caller.takeOne("RESULT");
});

it("lets only the callee that was invoked answer", () => {
  const { caller, callees } = shared("first", "ab");
  caller.call("com.p");
  const [, b] = callees as readonly [Peer, Peer]; // made from two letters
  assertAborted(b.yield(1), "wamp.error.protocol_violation");
  assert.deepEqual(caller.take(), []);
});

it("answers another policy, a second single and the same session again with procedure_already_exists", () => {
  const world = new World();
  const [a, b] = [world.join("a"), world.join("b")];
  a.register("com.single");
  a.register("com.shared", { invoke: "first" });
  for (const [peer, procedure, invoke] of [
    [b, "com.single", "single"],
    [b, "com.single", "roundrobin"],
    [b, "com.shared", "single"],
    [b, "com.shared", "last"],
    [a, "com.shared", "first"],
    [a, "com.single", "single"],
  ] as const) {
    register(peer, procedure, { invoke }).takeError("wamp.error.procedure_already_exists", 64);
  }
  b.register("com.shared", { invoke: "first" });
});

it("tells each callee of its own wish to know callers", () => {
  const world = new World();
  const caller = world.join("caller");
  const [a, b] = [world.join("a"), world.join("b")];
  a.register("com.p", { invoke: "roundrobin", disclose_caller: true });
  b.register("com.p", { invoke: "roundrobin" });
  caller.call("com.p");
  caller.call("com.p");
  assert.equal(a.takeOne("INVOCATION").details["caller"], caller.sessionId);
  assert.deepEqual(b.takeOne("INVOCATION").details, {});
});

it("aborts a session whose invocation policy is no text", () => {
  const world = new World();
  const peer = world.join("a");
  assertAborted(register(peer, "com.p", { invoke: 1 }), "wamp.error.protocol_violation");
});
