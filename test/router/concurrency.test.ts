import assert from "node:assert/strict";
import { it } from "node:test";
import { assertAborted, register, scene } from "./scenes.ts";
import { argsOf, types, World } from "./world.ts";

const NOBODY = "wamp.error.no_available_callee";

it("invokes a callee as often at a time as it takes, answers further callers at once, and goes on afterwards", () => {
  const { caller, callee, other } = scene();
  callee.register("com.p", { concurrency: 2 });
  caller.call("com.p");
  other.call("com.p");
  caller.call("com.p");
  assert.match(String(argsOf(caller.takeError(NOBODY, 48))[0]), /com\.p .*concurrency/);
  assert.deepEqual(types(callee.take()), ["INVOCATION", "INVOCATION"]);
  callee.yield(2);
  other.takeOne("RESULT");
  other.call("com.p");
  callee.takeOne("INVOCATION");
});

for (const invoke of ["first", "last", "roundrobin", "random"]) {
  it(`goes to another callee with ${invoke} when one is busy`, () => {
    const world = new World();
    const caller = world.join("caller");
    const callees = ["a", "b", "c"].map((name) => world.join(name));
    for (const callee of callees) callee.register("com.p", { invoke, concurrency: 1 });
    for (let i = 0; i < 3; i += 1) caller.call("com.p");
    for (const callee of callees) callee.takeOne("INVOCATION");
    caller.call("com.p");
    caller.takeError(NOBODY, 48);
    callees[1]?.yield(1);
    caller.takeOne("RESULT");
    caller.call("com.p");
    callees[1]?.takeOne("INVOCATION");
  });
}

it("counts for each procedure of a callee by itself, and each callee has its own limit", () => {
  const { caller, callee, other } = scene();
  callee.register("com.p", { concurrency: 1, invoke: "first" });
  callee.register("com.q", { concurrency: 1 });
  other.register("com.p", { concurrency: 2, invoke: "first" });
  for (const procedure of ["com.p", "com.q", "com.p", "com.p"]) caller.call(procedure);
  assert.deepEqual([callee.take().length, other.take().length, caller.take().length], [2, 2, 0]);
});

it("makes room whatever ends a call: an error, a cancel, a timeout, a caller that leaves, another callee that takes over", () => {
  const { world, caller, callee, other } = scene();
  callee.register("com.p", { concurrency: 1, invoke: "first" });
  const open = (options = {}): ReturnType<typeof caller.call> => {
    const request = caller.call("com.p", [], options);
    assert.equal(callee.take().at(-1)?.type, "INVOCATION", "there was room");
    return request;
  };
  open();
  callee.fail(1);
  caller.cancel(open());
  open({ timeout: 5 });
  world.wait(5);
  caller.take();
  callee.take();
  const fourth = open();
  callee.fail(4);
  caller.cancel(fourth).take();
  other.register("com.p", { invoke: "first" });
  open();
  callee.fail(5, "wamp.error.unavailable");
  other.takeOne("INVOCATION");
  open();
  caller.vanish();
  callee.take();
  other.take();
  other.call("com.p");
  callee.takeOne("INVOCATION");
});

it("takes 0 for no limit, and what is no whole number for a protocol violation", () => {
  const { caller, callee } = scene();
  callee.register("com.p", { concurrency: 0 });
  for (let i = 0; i < 10; i += 1) caller.call("com.p");
  assert.equal(callee.take().length, 10);
  assertAborted(register(callee, "com.q", { concurrency: "2" }), "wamp.error.protocol_violation");
});
