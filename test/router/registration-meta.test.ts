import assert from "node:assert/strict";
import { it } from "node:test";
import { ask, demand } from "./asking.ts";
import { events, register, trio } from "./scenes.ts";
import { argsOf, types, World } from "./world.ts";

const SHARED = { invoke: "roundrobin" };

it("lists registrations by match policy, and knows none when there are none", () => {
  const { a, b } = trio();
  assert.deepEqual(ask(a, "wamp.registration.list"), [{ exact: [], prefix: [], wildcard: [] }]);
  const exact = b.register("com.p");
  const prefix = b.register("com.p", { match: "prefix" });
  const wildcard = b.register("com..p", { match: "wildcard" });
  assert.deepEqual(ask(a, "wamp.registration.list"), [{ exact: [exact], prefix: [prefix], wildcard: [wildcard] }]);
  b.unregister(prefix).take();
  assert.deepEqual(ask(a, "wamp.registration.list"), [{ exact: [exact], prefix: [], wildcard: [wildcard] }]);
  b.vanish();
  assert.deepEqual(ask(a, "wamp.registration.list"), [{ exact: [], prefix: [], wildcard: [] }]);
});

it("looks a registration up by its text and policy, and matches a procedure as a call would", () => {
  const { a, b } = trio();
  const exact = b.register("com.p");
  const prefix = b.register("com.", { match: "prefix" });
  const everything = b.register("", { match: "prefix" });
  assert.deepEqual(ask(a, "wamp.registration.lookup", ["com.p"]), [exact]);
  assert.deepEqual(ask(a, "wamp.registration.lookup", ["com.p", { match: "prefix" }]), [null]);
  assert.deepEqual(ask(a, "wamp.registration.lookup", ["com.", { match: "prefix" }]), [prefix]);
  assert.deepEqual(ask(a, "wamp.registration.lookup", ["com.q", null]), [null]);
  assert.deepEqual(ask(a, "wamp.registration.match", ["com.p"]), [exact]);
  assert.deepEqual(ask(a, "wamp.registration.match", ["com.q"]), [prefix]);
  assert.deepEqual(ask(a, "wamp.registration.match", ["org.q"]), [everything]);
  assert.deepEqual(ask(a, "wamp.registration.match", ["wamp.q"]), [null], "no call to wamp.* goes to an application");
});

it("tells the details of a registration and its callees", () => {
  const world = new World({ wallTime: (now) => Date.UTC(2026, 10, 20, 12) + now - 1_000_000 });
  const [a, b, c] = [world.join("a"), world.join("b"), world.join("c")];
  world.wait(1_500);
  const id = b.register("com.p", SHARED);
  world.wait(60_000);
  assert.equal(c.register("com.p", SHARED), id);
  const created = "2026-11-20T12:00:01.500Z";
  const details = { id, created, uri: "com.p", match: "exact", invoke: "roundrobin" };
  assert.deepEqual(ask(a, "wamp.registration.get", [id]), [details]);
  assert.deepEqual(ask(a, "wamp.registration.list_callees", [id]), [[b.sessionId, c.sessionId]]);
  assert.deepEqual(ask(a, "wamp.registration.count_callees", [id]), [2]);
  b.vanish();
  assert.deepEqual(ask(a, "wamp.registration.list_callees", [id]), [[c.sessionId]]);
  c.vanish();
  demand(a, "wamp.registration.get", [id]).takeError("wamp.error.no_such_registration", 48);
});

it("answers no_such_registration for an unknown id and names a wrong argument", () => {
  const { a } = trio();
  for (const procedure of ["get", "list_callees", "count_callees"]) {
    demand(a, `wamp.registration.${procedure}`, [99]).takeError("wamp.error.no_such_registration", 48);
    demand(a, `wamp.registration.${procedure}`, ["x"]).takeError("wamp.error.invalid_argument", 48);
  }
  demand(a, "wamp.registration.lookup").takeError("wamp.error.invalid_argument", 48);
  for (const options of [{ match: "glob" }, [], "exact"]) {
    demand(a, "wamp.registration.lookup", ["com.p", options]).takeError("wamp.error.invalid_argument", 48);
  }
});

it("tells of creation, then registration, then unregistration, then deletion, by whom", () => {
  const { a, b, c } = trio();
  a.subscribe("wamp.registration.", { match: "prefix" });
  a.take();
  const id = b.register("com.p", SHARED);
  c.register("com.p", SHARED);
  b.unregister(id).take();
  c.vanish();
  const told = events(a).map((event) => [event.details["topic"], ...argsOf(event)]);
  const [created] = told;
  const details = created?.[2] as { created: string }; // compared below
  assert.ok(!Number.isNaN(Date.parse(details.created)));
  assert.deepEqual(told, [
    [
      "wamp.registration.on_create",
      b.sessionId,
      { ...details, id, uri: "com.p", match: "exact", invoke: "roundrobin" },
    ],
    ["wamp.registration.on_register", b.sessionId, id],
    ["wamp.registration.on_register", c.sessionId, id],
    ["wamp.registration.on_unregister", b.sessionId, id],
    ["wamp.registration.on_unregister", c.sessionId, id],
    ["wamp.registration.on_delete", c.sessionId, id],
  ]);
});

it("says REGISTERED and UNREGISTERED before the meta events of the same session", () => {
  const { b } = trio();
  b.subscribe("wamp.registration.", { match: "prefix" });
  register(b, "com.p");
  assert.deepEqual(types(b.take()), ["REGISTERED", "EVENT", "EVENT"]);
  b.unregister(1);
  assert.deepEqual(types(b.take()), ["UNREGISTERED", "EVENT", "EVENT"]);
});

it("tells of both registrations when one takes the place of another by force", () => {
  const { a, b, c } = trio({
    authenticator: () => ({
      kind: "welcome",
      identity: { authid: "board", authrole: "anonymous", authmethod: "ticket", authprovider: "test" },
    }),
  });
  const first = b.register("com.p");
  a.subscribe("wamp.registration.", { match: "prefix" });
  a.take();
  const second = c.register("com.p", { force_reregister: true });
  const told = events(a).map((event) => [event.details["topic"], argsOf(event)[0]]);
  assert.notEqual(second, first);
  assert.deepEqual(told, [
    ["wamp.registration.on_unregister", b.sessionId],
    ["wamp.registration.on_delete", b.sessionId],
    ["wamp.registration.on_create", c.sessionId],
    ["wamp.registration.on_register", c.sessionId],
  ]);
  assert.deepEqual(ask(a, "wamp.registration.list"), [{ exact: [second], prefix: [], wildcard: [] }]);
});
