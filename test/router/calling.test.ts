import assert from "node:assert/strict";
import { it } from "node:test";
import type { Payload } from "../../packages/wamp/index.ts";
import type { Authorizer } from "../../router-bridge/router/index.ts";
import { register, scene } from "./scenes.ts";
import { argsOf, uri, type Of } from "./world.ts";

it("carries a call to the callee and its result back, with the very payloads", () => {
  const { caller, callee } = scene();
  const registration = callee.register("com.add");
  const touched = (): never => assert.fail("the router decoded a payload");
  const sealed = (): Payload => ({
    elements: 1,
    encoded: touched,
    splice: touched,
    get args() {
      return touched();
    },
    get kwargs() {
      return touched();
    },
  });
  const question = sealed();
  const request = caller.nextRequest();
  caller.send({ type: "CALL", request, options: {}, procedure: uri("com.add"), payload: question });
  const invocation = callee.takeOne("INVOCATION");
  assert.equal(invocation.request, 1);
  assert.equal(invocation.registration, registration);
  assert.deepEqual(invocation.details, {});
  assert.equal(invocation.payload, question);
  const answer = sealed();
  callee.send({ type: "YIELD", request: invocation.request, options: {}, payload: answer });
  const result = caller.takeOne("RESULT");
  assert.equal(result.request, request);
  assert.deepEqual(result.details, {});
  assert.equal(result.payload, answer);
});

it("passes the callee's ERROR to the caller with URI, args and kwargs, as an answer to CALL", () => {
  const { caller, callee } = scene();
  callee.register("com.p");
  const request = caller.call("com.p");
  callee.fail(callee.takeOne("INVOCATION").request, "com.example.hot", ["too hot"], { celsius: 90 });
  const error = caller.takeError("com.example.hot", 48);
  assert.equal(error.request, request);
  assert.deepEqual(error.payload.args, ["too hot"]);
  assert.deepEqual(error.payload.kwargs, { celsius: 90 });
});

it("counts invocations 1, 2, 3 in each callee's session, across procedures and callers", () => {
  const { caller, callee, other } = scene();
  callee.register("com.p");
  callee.register("com.q");
  other.register("com.r");
  caller.call("com.p");
  other.call("com.q");
  caller.call("com.r");
  caller.call("com.p");
  assert.deepEqual(
    callee.take().map((message) => (message as Of<"INVOCATION">).request), // nothing else was sent to it
    [1, 2, 3],
  );
  assert.equal(other.takeOne("INVOCATION").request, 1);
});

it("keeps the order of one caller's calls to one callee across procedures", () => {
  const { caller, callee } = scene();
  callee.register("com.p");
  callee.register("com.", { match: "prefix" });
  for (const [i, procedure] of ["com.p", "com.x", "com.p", "com.y", "com.x"].entries()) caller.call(procedure, [i]);
  assert.deepEqual(callee.take().map(argsOf), [[0], [1], [2], [3], [4]]);
});

it("lets answers come in any order", () => {
  const { caller, callee } = scene();
  callee.register("com.p");
  const requests = [caller.call("com.p"), caller.call("com.p"), caller.call("com.p")];
  const results = [3, 1, 2].map((invocation) => callee.yield(invocation) && caller.takeOne("RESULT").request);
  assert.deepEqual(results, [requests[2], requests[0], requests[1]]);
});

it("answers a call that nobody serves with no_such_procedure, naming it", () => {
  const { caller } = scene();
  caller.call("com.nobody");
  assert.match(String(argsOf(caller.takeError("wamp.error.no_such_procedure", 48))[0]), /com\.nobody/);
});

it("allows one callee for each procedure", () => {
  const { callee, other } = scene();
  callee.register("com.p");
  register(other, "com.p").takeError("wamp.error.procedure_already_exists", 64);
  register(callee, "com.p").takeError("wamp.error.procedure_already_exists", 64);
});

it("frees a procedure at once when its callee unregisters or leaves, and never reuses the id", () => {
  const { callee, other } = scene();
  const first = callee.register("com.p");
  callee.unregister(first).takeOne("UNREGISTERED");
  const second = other.register("com.p");
  assert.notEqual(second, first);
  other.vanish();
  callee.register("com.p");
});

it("answers UNREGISTER of an unknown registration, or of somebody else's, with no_such_registration", () => {
  const { callee, other, caller } = scene();
  const theirs = callee.register("com.p");
  other.unregister(4711).takeError("wamp.error.no_such_registration", 66);
  other.unregister(theirs).takeError("wamp.error.no_such_registration", 66);
  caller.call("com.p");
  callee.takeOne("INVOCATION");
  callee.unregister(theirs).takeOne("UNREGISTERED");
  callee.unregister(theirs).takeError("wamp.error.no_such_registration", 66);
});

it("still takes the answer to a call that came before UNREGISTER", () => {
  const { callee, caller } = scene();
  const registration = callee.register("com.p");
  caller.call("com.p");
  callee.takeOne("INVOCATION");
  callee.unregister(registration).take();
  callee.yield(1, [7]);
  assert.deepEqual(argsOf(caller.takeOne("RESULT")), [7]);
});

it("lets a session call its own procedure", () => {
  const { callee, world } = scene();
  callee.register("com.p");
  const request = callee.call("com.p");
  callee.yield(callee.takeOne("INVOCATION").request);
  assert.equal(callee.takeOne("RESULT").request, request);
  callee.call("com.p");
  callee.take();
  callee.vanish();
  assert.equal(world.router.size().pendingCalls, 0);
});

it("names the caller when caller or callee asks for it, and only then", () => {
  const { caller, callee } = scene();
  callee.register("com.p");
  callee.register("com.q", { disclose_caller: true });
  caller.call("com.p");
  caller.call("com.p", [], { disclose_me: true });
  caller.call("com.q");
  const named = {
    caller: caller.sessionId,
    caller_authid: caller.session.member?.identity.authid,
    caller_authrole: "anonymous",
  };
  const details = callee.take().map((message) => (message as Of<"INVOCATION">).details); // nothing else was sent
  assert.deepEqual(details, [{}, named, named]);
});

it("refuses disclose_me with its own error where the authorizer keeps callers secret", () => {
  const authorizer: Authorizer = { authorize: () => ({ allowed: true, disclose: false }) };
  const { caller, callee } = scene({ authorizer });
  callee.register("com.p", { disclose_caller: true });
  caller.call("com.p", [], { disclose_me: true });
  caller.takeError("wamp.error.option_disallowed.disclose_me", 48);
  caller.call("com.p");
  assert.deepEqual(callee.takeOne("INVOCATION").details, {});
});
