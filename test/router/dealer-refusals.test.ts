import assert from "node:assert/strict";
import { it } from "node:test";
import { register, scene } from "./scenes.ts";
import { argsOf } from "./world.ts";

for (const procedure of ["", "a..b", "a b", "a#", "x".repeat(513)]) {
  const name = procedure.length > 20 ? `a URI of ${procedure.length} characters` : JSON.stringify(procedure);
  it(`answers ${name} as a procedure with invalid_uri`, () => {
    const { caller, callee } = scene();
    caller.call(procedure);
    caller.takeError("wamp.error.invalid_uri", 48);
    register(callee, procedure).takeError("wamp.error.invalid_uri", 64);
  });
}

it("reserves the component wamp for registrations, also by pattern", () => {
  const { callee } = scene();
  register(callee, "wamp.session.kill").takeError("wamp.error.invalid_uri", 64);
  register(callee, "wamp.", { match: "prefix" }).takeError("wamp.error.invalid_uri", 64);
  register(callee, "wamp..count", { match: "wildcard" }).takeError("wamp.error.invalid_uri", 64);
});

it("refuses invocation policies that it does not know instead of ignoring them", () => {
  const { callee } = scene();
  register(callee, "com.p", { invoke: "sharded" }).takeError("wamp.error.option_not_allowed", 64);
  callee.register("com.p", { invoke: "single" });
});

it("refuses one registration more than a session may have", () => {
  const { callee } = scene({ limits: { registrationsPerSession: 1 } });
  const first = callee.register("com.p");
  assert.match(
    String(argsOf(register(callee, "com.q").takeError("pinion.error.limit_exceeded", 64))[0]),
    /1 registrations/,
  );
  callee.unregister(first).take();
  callee.register("com.q");
});

it("refuses one pending call more than a session may have, and takes calls again when one has ended", () => {
  const { caller, callee, other } = scene({ limits: { pendingCallsPerSession: 2 } });
  callee.register("com.p");
  caller.call("com.p");
  caller.call("com.p");
  caller.call("com.p");
  assert.match(String(argsOf(caller.takeError("pinion.error.limit_exceeded", 48))[0]), /2 calls/);
  other.call("com.p");
  callee.yield(1);
  caller.takeOne("RESULT");
  caller.call("com.p");
  assert.deepEqual(caller.take(), []);
});

it("sends no call to wamp.* to an application, however short the prefix it registered", () => {
  const { callee, caller } = scene();
  callee.register("", { match: "prefix" });
  caller.call("wamp.session.nothing");
  caller.takeError("wamp.error.no_such_procedure", 48);
  caller.call("wamp.session.count");
  caller.takeOne("RESULT");
  assert.equal(callee.take().length, 0, "an application never serves what belongs to the protocol");
});
