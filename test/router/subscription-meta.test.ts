import assert from "node:assert/strict";
import { it } from "node:test";
import { ask, demand } from "./asking.ts";
import { events, trio } from "./scenes.ts";
import { argsOf, types, uri, World } from "./world.ts";

it("lists subscriptions by match policy", () => {
  const { a, b, c } = trio();
  const exact = b.subscribe("com.t");
  const prefix = b.subscribe("com.", { match: "prefix" });
  const wildcard = c.subscribe("com..t", { match: "wildcard" });
  c.subscribe("com.t");
  assert.deepEqual(ask(a, "wamp.subscription.list"), [{ exact: [exact], prefix: [prefix], wildcard: [wildcard] }]);
  b.vanish();
  assert.deepEqual(ask(a, "wamp.subscription.list"), [{ exact: [exact], prefix: [], wildcard: [wildcard] }]);
});

it("looks a subscription up by text and policy, and matches a topic with all that would get its events", () => {
  const { a, b } = trio();
  const exact = b.subscribe("com.x.t");
  const prefix = b.subscribe("com.", { match: "prefix" });
  const wildcard = b.subscribe("com..t", { match: "wildcard" });
  assert.deepEqual(ask(a, "wamp.subscription.lookup", ["com.x.t"]), [exact]);
  assert.deepEqual(ask(a, "wamp.subscription.lookup", ["com..t", { match: "wildcard" }]), [wildcard]);
  assert.deepEqual(ask(a, "wamp.subscription.lookup", ["com.x.t", { match: "prefix" }]), [null]);
  assert.deepEqual(ask(a, "wamp.subscription.match", ["com.x.t"]), [[exact, prefix, wildcard]]);
  assert.deepEqual(ask(a, "wamp.subscription.match", ["com.other"]), [[prefix]]);
  assert.deepEqual(ask(a, "wamp.subscription.match", ["org.other"]), [null]);
});

it("tells the details of a subscription and its subscribers", () => {
  const world = new World({ wallTime: (now) => Date.UTC(2026, 10, 20, 12) + now - 1_000_000 });
  const [a, b, c] = [world.join("a"), world.join("b"), world.join("c")];
  const id = b.subscribe("com.", { match: "prefix" });
  c.subscribe("com.", { match: "prefix" });
  const details = { id, created: "2026-11-20T12:00:00.000Z", uri: "com.", match: "prefix" };
  assert.deepEqual(ask(a, "wamp.subscription.get", [id]), [details]);
  assert.deepEqual(ask(a, "wamp.subscription.list_subscribers", [id]), [[b.sessionId, c.sessionId]]);
  assert.deepEqual(ask(a, "wamp.subscription.count_subscribers", [id]), [2]);
  b.unsubscribe(id).take();
  assert.deepEqual(ask(a, "wamp.subscription.count_subscribers", [id]), [1]);
  c.vanish();
  for (const procedure of ["get", "list_subscribers", "count_subscribers"]) {
    demand(a, `wamp.subscription.${procedure}`, [id]).takeError("wamp.error.no_such_subscription", 48);
  }
});

it("tells of creation, then subscription, then unsubscription, then deletion, by whom", () => {
  const { a, b, c } = trio();
  a.subscribe("wamp.subscription.", { match: "prefix" });
  const id = b.subscribe("com.t");
  c.subscribe("com.t");
  assert.equal(c.subscribe("com.t"), id, "asking again is no event");
  b.unsubscribe(id).take();
  c.vanish();
  const told = events(a).map((event) => [event.details["topic"], ...argsOf(event)]);
  const details = told[0]?.[2] as { created: string }; // compared below
  assert.ok(!Number.isNaN(Date.parse(details.created)));
  assert.deepEqual(told, [
    ["wamp.subscription.on_create", b.sessionId, { ...details, id, uri: "com.t", match: "exact" }],
    ["wamp.subscription.on_subscribe", b.sessionId, id],
    ["wamp.subscription.on_subscribe", c.sessionId, id],
    ["wamp.subscription.on_unsubscribe", b.sessionId, id],
    ["wamp.subscription.on_unsubscribe", c.sessionId, id],
    ["wamp.subscription.on_delete", c.sessionId, id],
  ]);
});

it("says SUBSCRIBED and UNSUBSCRIBED before any meta event of the same session", () => {
  const { b } = trio();
  b.subscribe("wamp.subscription.", { match: "prefix" });
  b.send({ type: "SUBSCRIBE", request: b.nextRequest(), options: { match: "prefix" }, topic: uri("") });
  assert.deepEqual(types(b.take()), ["SUBSCRIBED", "EVENT", "EVENT"]);
  b.unsubscribe(2);
  assert.deepEqual(types(b.take()), ["UNSUBSCRIBED", "EVENT", "EVENT"]);
});

it("does not tell a subscription of its own making, so that even the empty prefix starts with SUBSCRIBED alone", () => {
  const { b, c } = trio();
  b.subscribe("", { match: "prefix" });
  c.subscribe("", { match: "prefix" });
  assert.deepEqual(
    events(b).map(({ details }) => details["topic"]),
    ["wamp.subscription.on_subscribe"],
  );
  assert.deepEqual(c.take(), []);
});

it("addresses nothing to a session that leaves, however much of its own leaving it had subscribed to", () => {
  const { world, a, b } = trio();
  b.subscribe("wamp.subscription.on_delete");
  b.subscribe("..", { match: "wildcard" });
  b.send({ type: "SUBSCRIBE", request: b.nextRequest(), options: { match: "prefix" }, topic: uri("wamp.") });
  b.take();
  a.subscribe("wamp.subscription.on_delete");
  a.take();
  b.vanish();
  assert.equal(events(a).length, 2, "the third is shared");
  a.vanish();
  assert.equal(world.router.size().subscriptions, 0);
});

it("asks for the words of a meta event only if somebody listens", () => {
  const { world, b } = trio();
  const before = world.router.statistics.eventsDelivered;
  b.unsubscribe(b.subscribe("com.t")).take();
  assert.equal(world.router.statistics.eventsDelivered, before);
});
