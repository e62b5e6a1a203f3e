import assert from "node:assert/strict";
import { it } from "node:test";
import { ask, demand } from "./asking.ts";
import { events, trio } from "./scenes.ts";
import { argsOf } from "./world.ts";

const REMOVE = "wamp.registration.remove_callee";
const REVOCABLE = { roles: { callee: { features: { registration_revocation: true } } } };

it("takes a registration from one callee, tells it the reason, and leaves it to the others", () => {
  const { world, a, b } = trio();
  const peer = world.join("revocable", REVOCABLE);
  const id = peer.register("com.p", { invoke: "first" });
  b.register("com.p", { invoke: "first" });
  assert.deepEqual(ask(a, REMOVE, [id, peer.sessionId], { reason: "com.own.reason" }), []);
  const message = peer.takeOne("UNREGISTERED");
  assert.deepEqual([message.request, message.details], [0, { registration: id, reason: "com.own.reason" }]);
  a.call("com.p", [1]);
  assert.deepEqual(argsOf(b.takeOne("INVOCATION")), [1]);
  assert.deepEqual(ask(a, "wamp.registration.list_callees", [id]), [[b.sessionId]]);
  peer.unregister(id).takeError("wamp.error.no_such_registration", 66);
});

it("says nothing to a callee that did not announce registration_revocation, but tells the realm; the last one ends it", () => {
  const { world, a, b, c } = trio();
  const id = b.register("com.p");
  c.subscribe("wamp.registration.", { match: "prefix" });
  ask(a, REMOVE, [id, b.sessionId]);
  assert.deepEqual(b.take(), []);
  assert.deepEqual(
    events(c).map(({ details, payload }) => [details["topic"], ...payload.args]),
    [
      ["wamp.registration.on_unregister", b.sessionId, id],
      ["wamp.registration.on_delete", b.sessionId, id],
    ],
  );
  assert.equal(world.router.size().registrations, 0);
  a.call("com.p");
  a.takeError("wamp.error.no_such_procedure", 48);
});

it("lets the callee answer what it was invoked for before", () => {
  const { world, a } = trio();
  const peer = world.join("revocable", REVOCABLE);
  const id = peer.register("com.p");
  a.call("com.p");
  peer.takeOne("INVOCATION");
  demand(a, REMOVE, [id, peer.sessionId]).takeOne("RESULT");
  assert.deepEqual(peer.takeOne("UNREGISTERED").details, { registration: id });
  peer.yield(1, ["done"]);
  assert.deepEqual(argsOf(a.takeOne("RESULT")), ["done"]);
});

it("tells what cannot be removed", () => {
  const { a, b } = trio();
  const id = b.register("com.p");
  demand(a, REMOVE, [99, b.sessionId]).takeError("wamp.error.no_such_registration", 48);
  demand(a, REMOVE, [id, a.sessionId]).takeError("wamp.error.no_such_session", 48);
  demand(a, REMOVE, [id]).takeError("wamp.error.invalid_argument", 48);
  demand(a, REMOVE, [id, b.sessionId], { reason: 7 }).takeError("wamp.error.invalid_argument", 48);
});
