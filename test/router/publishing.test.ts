import assert from "node:assert/strict";
import { it } from "node:test";
import { payloadOf, type Payload } from "../../packages/wamp/index.ts";
import { events, trio } from "./scenes.ts";
import { argsOf, types, uri } from "./world.ts";

it("delivers one EVENT to each subscriber, all in one delivery with one message", () => {
  const { world, a, b, c } = trio();
  const subscription = b.subscribe("com.t");
  assert.equal(c.subscribe("com.t"), subscription);
  const payload = payloadOf([1]);
  const deliveries = world.router.receive(
    a.session,
    { type: "PUBLISH", request: a.nextRequest(), options: {}, topic: uri("com.t"), payload },
    world.now,
  );
  assert.equal(deliveries.length, 1);
  const [delivery] = deliveries;
  assert.ok(delivery && "to" in delivery);
  assert.deepEqual(
    delivery.to.map((peer) => peer.name),
    ["b", "c"],
  );
  const { message } = delivery;
  assert.ok(message.type === "EVENT");
  assert.equal(message.subscription, subscription);
  assert.equal(message.payload, payload, "the very payload of PUBLISH");
  assert.deepEqual(message.details, {});
});

it("never looks into the payload", () => {
  const { a, b } = trio();
  b.subscribe("com.t");
  const touched = (): never => assert.fail("the router decoded a payload");
  const sealed: Payload = {
    elements: 2,
    encoded: touched,
    splice: touched,
    get args() {
      return touched();
    },
    get kwargs() {
      return touched();
    },
  };
  a.send({ type: "PUBLISH", request: a.nextRequest(), options: {}, topic: uri("com.t"), payload: sealed });
  assert.equal(events(b)[0]?.payload, sealed);
});

it("hands out the same list of peers for every publication, until somebody comes or goes", () => {
  const { world, a, b, c } = trio();
  b.subscribe("com.t");
  const receivers = (): unknown => {
    const message = { type: "PUBLISH", options: {}, topic: uri("com.t"), payload: payloadOf() } as const;
    const [delivery] = world.router.receive(a.session, { ...message, request: a.nextRequest() }, world.now);
    return delivery && "to" in delivery ? delivery.to : undefined;
  };
  const first = receivers();
  assert.equal(receivers(), first);
  c.subscribe("com.t");
  const second = receivers();
  assert.deepEqual(first, [b], "a list once handed out is not changed");
  assert.deepEqual(second, [b, c]);
  assert.equal(receivers(), second);
});

it("is silent about an unacknowledged publication and answers an acknowledged one with PUBLISHED", () => {
  const { a, b } = trio();
  b.subscribe("com.t");
  a.publish("com.t");
  assert.deepEqual(a.take(), []);
  a.publish("com.t", [], { acknowledge: true });
  const published = a.takeOne("PUBLISHED");
  assert.equal(published.request, 2, "an unacknowledged publication counts in the request ids");
  assert.equal(events(b)[1]?.publication, published.publication);
});

it("acknowledges a publication that nobody receives", () => {
  const { a } = trio();
  a.publish("com.nobody", [], { acknowledge: true }).takeOne("PUBLISHED");
});

it("sends PUBLISHED before the publisher's own EVENT", () => {
  const { a } = trio();
  a.subscribe("com.t");
  a.publish("com.t", [], { acknowledge: true, exclude_me: false });
  assert.deepEqual(types(a.take()), ["PUBLISHED", "EVENT"]);
});

it("excludes the publisher unless exclude_me is false", () => {
  const { a, b } = trio();
  a.subscribe("com.t");
  b.subscribe("com.t");
  a.publish("com.t", [1]).publish("com.t", [2], { exclude_me: true }).publish("com.t", [3], { exclude_me: false });
  assert.deepEqual(events(a).map(argsOf), [[3]]);
  assert.deepEqual(events(b).map(argsOf), [[1], [2], [3]]);
});

it("excludes each of several publishing subscribers from its own events only", () => {
  const { a, b, c } = trio();
  for (const peer of [a, b, c]) peer.subscribe("com.t");
  a.publish("com.t", ["a"]);
  b.publish("com.t", ["b"]);
  a.publish("com.t", ["a2"]);
  assert.deepEqual(events(a).map(argsOf), [["b"]]);
  assert.deepEqual(events(b).map(argsOf), [["a"], ["a2"]]);
  assert.deepEqual(events(c).map(argsOf), [["a"], ["b"], ["a2"]]);
});

it("gives the existing subscription id when a session subscribes again, and one EVENT", () => {
  const { a, b } = trio();
  const first = b.subscribe("com.t");
  assert.equal(b.subscribe("com.t"), first);
  a.publish("com.t");
  assert.equal(events(b).length, 1);
  b.unsubscribe(first).takeOne("UNSUBSCRIBED");
  a.publish("com.t");
  assert.deepEqual(b.take(), []);
});

it("answers UNSUBSCRIBE of an unknown subscription, or of somebody else's, with no_such_subscription", () => {
  const { b, c } = trio();
  const theirs = b.subscribe("com.t");
  c.unsubscribe(99).takeError("wamp.error.no_such_subscription", 34);
  c.unsubscribe(theirs).takeError("wamp.error.no_such_subscription", 34);
  b.unsubscribe(theirs).takeOne("UNSUBSCRIBED");
  b.unsubscribe(theirs).takeError("wamp.error.no_such_subscription", 34);
});

it("never reuses a subscription id", () => {
  const { b } = trio();
  const first = b.subscribe("com.t");
  b.unsubscribe(first).take();
  assert.notEqual(b.subscribe("com.t"), first);
});

it("gives every publication an id of its own", () => {
  const { a, b } = trio();
  b.subscribe("com.t");
  for (let i = 0; i < 100; i += 1) a.publish("com.t");
  assert.equal(new Set(events(b).map((event) => event.publication)).size, 100);
});

it("keeps the order of one publisher's events for one subscriber across topics and patterns", () => {
  const { a, b } = trio();
  b.subscribe("com.x");
  b.subscribe("com.y");
  b.subscribe("net.", { match: "prefix" });
  const topics = ["com.x", "net.z", "com.y", "com.y", "net.q", "com.x"];
  topics.forEach((topic, i) => a.publish(topic, [i]));
  assert.deepEqual(events(b).map(argsOf), [[0], [1], [2], [3], [4], [5]]);
});

it("stops delivering to a subscriber that left", () => {
  const { world, a, b, c } = trio();
  b.subscribe("com.t");
  c.subscribe("com.t");
  a.publish("com.t");
  b.vanish();
  a.publish("com.t");
  assert.equal(events(c).length, 2);
  assert.equal(world.router.size().subscriptions, 1);
  c.vanish();
  a.vanish();
  world.assertEmpty();
});

it("gives an EVENT one shared, unchangeable details object when there is nothing to tell", () => {
  const { a, b } = trio();
  b.subscribe("com.t");
  a.publish("com.t").publish("com.t");
  const [first, second] = events(b);
  assert.ok(first && second);
  assert.equal(first.details, second.details);
  assert.ok(Object.isFrozen(first.details));
});
