import assert from "node:assert/strict";
import { it } from "node:test";
import { keptPayload, payloadOf, serializers, type Message } from "../../packages/wamp/index.ts";
import { events, trio } from "./scenes.ts";
import { argsOf, id, uri, World, type Peer } from "./world.ts";

const RETAIN = { retain: true };

/** Subscribes asking for what was retained; the Args of what comes, in order. */
function late(peer: Peer, topic: string, match = "exact"): unknown[] {
  const options = { get_retained: true, match };
  peer.take();
  peer.send({ type: "SUBSCRIBE", request: peer.nextRequest(), options, topic: uri(topic) });
  const [first, ...rest] = peer.take();
  assert.equal(first?.type, "SUBSCRIBED", "SUBSCRIBED comes first");
  return rest.map((message) => {
    assert.ok(message.type === "EVENT");
    assert.equal(message.details["retained"], true);
    assert.equal(message.subscription, first.subscription);
    return argsOf(message)[0];
  });
}

it("gives a late subscriber that asks the last retained event, after SUBSCRIBED, with its publication's id", () => {
  const { world, a, b } = trio();
  a.publish("com.t", [1], RETAIN);
  a.publish("com.t", [2], { ...RETAIN, acknowledge: true, disclose_me: true });
  const { publication } = a.takeOne("PUBLISHED");
  const publisher = a.sessionId;
  a.vanish();
  b.send({ type: "SUBSCRIBE", request: b.nextRequest(), options: { get_retained: true }, topic: uri("com.t") });
  const [subscribed, event] = b.take();
  assert.ok(subscribed?.type === "SUBSCRIBED" && event?.type === "EVENT");
  assert.deepEqual([event.subscription, event.publication], [subscribed.subscription, publication]);
  assert.deepEqual(argsOf(event), [2]);
  const { authid } = a.session.member?.identity ?? {};
  assert.deepEqual(event.details, {
    publisher,
    publisher_authid: authid,
    publisher_authrole: "anonymous",
    retained: true,
  });
  assert.equal(world.router.statistics.eventsDelivered, 1);
});

it("delivers the live event without the mark, and nothing retained to who does not ask", () => {
  const { a, b, c } = trio();
  b.subscribe("com.t");
  a.publish("com.t", [1], RETAIN);
  assert.deepEqual(events(b)[0]?.details, {});
  c.subscribe("com.t");
  assert.deepEqual(c.take(), []);
});

it("keeps what was retained when something that is not comes after it", () => {
  const { a, b } = trio();
  a.publish("com.t", [1], RETAIN).publish("com.t", [2]).publish("com.t", [3], { retain: false });
  assert.deepEqual(late(b, "com.t"), [1]);
});

it("gives it again to a subscriber that subscribes again and asks", () => {
  const { a, b } = trio();
  b.subscribe("com.t");
  a.publish("com.t", [1], RETAIN);
  b.take();
  assert.deepEqual(late(b, "com.t"), [1]);
  assert.deepEqual(late(b, "com.t"), [1]);
});

it("gives a pattern subscription the last event of each topic that matches, with the topic", () => {
  const { a, b } = trio();
  for (const topic of ["com.x.t", "com.y.t", "com.y.u", "org.t", "com.x.t"]) a.publish(topic, [topic], RETAIN);
  assert.deepEqual(late(b, "com.", "prefix"), ["com.y.t", "com.y.u", "com.x.t"]);
  assert.deepEqual(late(b, "com..t", "wildcard"), ["com.y.t", "com.x.t"]);
  assert.deepEqual(late(b, "", "prefix").length, 4);
  b.send({
    type: "SUBSCRIBE",
    request: b.nextRequest(),
    options: { get_retained: true, match: "prefix" },
    topic: uri("org"),
  });
  const event = b.take().at(-1);
  assert.ok(event?.type === "EVENT");
  assert.deepEqual(event.details, { topic: "org.t", retained: true });
});

it("tells nobody what was meant for others, and each the newest that was for it", () => {
  const { world, a, b, c } = trio();
  a.publish("com.t", ["all"], RETAIN);
  a.publish("com.t", ["b"], { ...RETAIN, eligible: [b.sessionId] });
  a.publish("com.t", ["not c"], { ...RETAIN, exclude: [c.sessionId] });
  a.publish("com.t", ["root"], { ...RETAIN, eligible_authrole: ["root"] });
  a.publish("com.t", ["nobody"], { ...RETAIN, exclude_authrole: ["anonymous"] });
  assert.deepEqual(late(b, "com.t"), ["not c"]);
  assert.deepEqual(late(c, "com.t"), ["all"]);
  assert.deepEqual(late(world.join("d"), "com.", "prefix"), ["not c"]);
  a.publish("com.t", ["new"], RETAIN);
  for (const peer of [b, c]) assert.deepEqual(late(peer, "com.t"), ["new"]);
});

it("keeps only so many events for some on one topic, and the one for everybody all the same", () => {
  const { world, a, b, c } = trio();
  a.publish("com.t", ["all"], RETAIN);
  a.publish("com.t", ["b"], { ...RETAIN, eligible: [b.sessionId] });
  for (let i = 0; i < 8; i += 1) a.publish("com.t", [i], { ...RETAIN, eligible: [c.sessionId] });
  assert.deepEqual(late(b, "com.t"), ["all"]);
  assert.deepEqual(late(c, "com.t"), [7]);
  assert.equal(world.router.statistics.retainedForgotten, 0);
});

it("gives a publisher its own retained event only if it did not exclude itself", () => {
  const { a } = trio();
  a.publish("com.t", [1], RETAIN).publish("com.u", [2], { ...RETAIN, exclude_me: false });
  assert.deepEqual(late(a, "com.t"), []);
  assert.deepEqual(late(a, "com.u"), [2]);
});

it("retains nothing that was refused", () => {
  const authorizer = {
    authorize: (_: unknown, action: string) =>
      action === "publish"
        ? ({ allowed: false, reason: "wamp.error.not_authorized" as never, words: "no" } as const) // a literal URI
        : ({ allowed: true } as const),
  };
  const { a, b } = trio({ authorizer });
  a.publish("com.t", [1], RETAIN);
  assert.deepEqual(late(b, "com.t"), []);
});

it("forgets the topic that was silent longest when there are too many events, and counts it", () => {
  const { world, a, b } = trio({ limits: { retainedEvents: 3 } });
  for (const topic of ["com.t1", "com.t2", "com.t3", "com.t1", "com.t4"]) a.publish(topic, [topic], RETAIN);
  assert.deepEqual(late(b, "com.", "prefix"), ["com.t3", "com.t1", "com.t4"]);
  assert.equal(world.router.statistics.retainedForgotten, 1);
});

it("forgets the topic that was silent longest when there are too many octets, an event too large for all at once", () => {
  const { world, a, b } = trio({ limits: { retainedOctets: 1_000 } });
  for (const topic of ["com.t1", "com.t2", "com.t3"]) a.publish(topic, [topic, "x".repeat(400)], RETAIN);
  assert.deepEqual(late(b, "com.", "prefix"), ["com.t2", "com.t3"]);
  a.publish("com.t3", ["huge", "x".repeat(2_000)], RETAIN);
  assert.deepEqual(late(b, "com.", "prefix"), ["com.t2"], "others stay; an outdated word is worse than none");
  assert.equal(world.router.statistics.retainedForgotten, 3);
});

it("keeps realms apart", () => {
  const world = new World({ realms: ["realm1", "realm2"] });
  world.join("a").publish("com.t", [1], RETAIN);
  assert.deepEqual(late(world.join("b", undefined, "realm2"), "com.t"), []);
});

it("does not hold the chunk of input that a retained payload was cut from", () => {
  for (const serializer of Object.values(serializers)) {
    const event = {
      type: "EVENT",
      subscription: id(1),
      publication: id(2),
      details: {},
      payload: payloadOf(["hello"]),
    };
    const octets = serializer.marshal(event as Message); // an EVENT, written out above
    const chunk = new Uint8Array(65_536);
    chunk.set(octets, 1_000);
    const received = serializer.parse(chunk.subarray(1_000, 1_000 + octets.length));
    assert.ok(received.type === "EVENT");
    const { payload, octets: size } = keptPayload(received.payload);
    assert.ok(size < 20, `${serializer.name} keeps ${size} octets`);
    chunk.fill(0);
    assert.deepEqual(payload.args, ["hello"], `${serializer.name} has octets of its own`);
  }
});

it("estimates what a payload made from values takes", () => {
  assert.equal(keptPayload(payloadOf()).octets, 0);
  const { octets } = keptPayload(payloadOf(["x".repeat(1_000), { data: new Uint8Array(500) }], { more: [1, 2, 3] }));
  assert.ok(octets > 1_500 && octets < 1_700, String(octets));
});
