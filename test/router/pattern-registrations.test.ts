import assert from "node:assert/strict";
import { it } from "node:test";
import { scene } from "./scenes.ts";

it("chooses as the spec's example does: exact, longest prefix, most specific wildcard", () => {
  const { caller, callee } = scene();
  const registered: readonly [string, string][] = [
    ["exact", "a1.b2.c3.d4.e55"],
    ["prefix", "a1.b2.c3"],
    ["prefix", "a1.b2.c3.d4"],
    ["wildcard", "a1.b2..d4.e5"],
    ["wildcard", "a1.b2.c33..e5"],
    ["wildcard", "a1.b2..d4.e5..g7"],
    ["wildcard", "a1.b2..d4..f6.g7"],
  ];
  const ids = registered.map(([match, procedure]) => callee.register(procedure, { match }));
  const calls: readonly [string, number][] = [
    ["a1.b2.c3.d4.e55", 1],
    ["a1.b2.c3.d98.e74", 2],
    ["a1.b2.c3.d4.e325", 3],
    ["a1.b2.c55.d4.e5", 4],
    ["a1.b2.c88.d4.e5.f6.g7", 6],
  ];
  for (const [procedure, expected] of calls) {
    caller.call(procedure);
    const invocation = callee.takeOne("INVOCATION");
    assert.equal(invocation.registration, ids[expected - 1], procedure);
    assert.deepEqual(invocation.details, expected === 1 ? {} : { procedure });
  }
  caller.call("a2.b2.c2.d2.e2");
  caller.takeError("wamp.error.no_such_procedure", 48);
});

it("falls back to a wildcard when the more specific branch leads nowhere", () => {
  const { caller, callee } = scene();
  const any = callee.register("a..c", { match: "wildcard" });
  callee.register("a.b.", { match: "wildcard" });
  callee.unregister(2).take();
  callee.register("a.b.d", { match: "wildcard" });
  caller.call("a.b.c");
  assert.equal(callee.takeOne("INVOCATION").registration, any);
});

it("keeps the same text under two policies apart", () => {
  const { callee } = scene();
  assert.notEqual(callee.register("com.p"), callee.register("com.p", { match: "prefix" }));
});
