import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { payloadOf, type Dict, type Payload } from "../../packages/wamp/index.ts";
import type { Authorizer } from "../../router-bridge/router/index.ts";
import { ALL_ROLES, argsOf, id, types, uri, World, type Of, type Peer } from "./world.ts";

function events(peer: Peer): Of<"EVENT">[] {
  return peer.take().map((message) => {
    assert.equal(message.type, "EVENT");
    return message as Of<"EVENT">; // compared on the line above
  });
}

function trio(options = {}): { world: World; a: Peer; b: Peer; c: Peer } {
  const world = new World(options);
  return { world, a: world.join("a"), b: world.join("b"), c: world.join("c") };
}

describe("publish and subscribe", () => {
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
});

describe("pattern-based subscription", () => {
  it("delivers to the exact and to the prefix subscription, each with its id and the same publication", () => {
    const { a, b } = trio();
    const exact = b.subscribe("com.t.x");
    const prefix = b.subscribe("com.t", { match: "prefix" });
    const wildcard = b.subscribe("com..x", { match: "wildcard" });
    a.publish("com.t.x");
    const received = events(b);
    assert.deepEqual(
      received.map((event) => event.subscription),
      [exact, prefix, wildcard],
    );
    assert.equal(new Set(received.map((event) => event.publication)).size, 1);
  });

  it("names the topic in events of pattern subscriptions", () => {
    const { a, b } = trio();
    b.subscribe("sensor.", { match: "prefix" });
    b.subscribe(".door", { match: "wildcard" });
    a.publish("sensor.door");
    assert.deepEqual(
      events(b).map((event) => event.details),
      [{ topic: "sensor.door" }, { topic: "sensor.door" }],
    );
  });

  const emergency = "com.myapp.topic.emergency";
  const cases: readonly [string, string, readonly string[], readonly string[]][] = [
    [
      "prefix",
      emergency,
      [emergency, `${emergency}.11`, `${emergency}-low`, `${emergency}.category.severe`],
      ["com.myapp.topic.emerge", "com.myapp.topic"],
    ],
    ["prefix", "sensor.", ["sensor.a", "sensor.a.b"], ["sensor", "sensors.a"]],
    ["prefix", "", ["a", "a.b", "sensor.x"], []],
    [
      "wildcard",
      "com.myapp..userevent",
      ["com.myapp.foo.userevent", "com.myapp.bar.userevent", "com.myapp.a12.userevent"],
      ["com.myapp.foo.userevent.bar", "com.myapp.foo.user", "com.myapp2.foo.userevent", "com.myapp.userevent"],
    ],
    ["wildcard", ".b.", ["a.b.c"], ["a.b", "b.c", "a.c.b", "a.b.c.d"]],
    ["wildcard", "..", ["a.b.c"], ["a.b", "a", "a.b.c.d"]],
    ["wildcard", "", ["a", "b"], ["a.b"]],
    ["wildcard", "foo.bar*test", ["foo.bar*test"], ["foo.barxtest", "foo.bartest"]],
    ["exact", "com.t*", ["com.t*"], ["com.t", "com.tx"]],
  ];
  for (const [match, pattern, hits, misses] of cases) {
    it(`${match} ${JSON.stringify(pattern)} matches ${hits.join(", ")} and not ${misses.join(", ") || "nothing"}`, () => {
      const { a, b } = trio();
      b.subscribe(pattern, { match });
      for (const topic of hits) {
        a.publish(topic);
        assert.equal(events(b).length, 1, topic);
      }
      for (const topic of misses) {
        a.publish(topic);
        assert.equal(events(b).length, 0, topic);
      }
    });
  }

  it("keeps exact, prefix and wildcard subscriptions of the same text apart", () => {
    const { a, b } = trio();
    const ids = ["exact", "prefix", "wildcard"].map((match) => b.subscribe("com.t", { match }));
    assert.equal(new Set(ids).size, 3);
    a.publish("com.t");
    assert.equal(events(b).length, 3);
    a.publish("com.t.x");
    assert.equal(events(b).length, 1);
  });

  it("takes an unknown match policy for a protocol violation", () => {
    const { b } = trio();
    b.send({ type: "SUBSCRIBE", request: b.nextRequest(), options: { match: "regex" }, topic: uri("com.t") });
    assert.equal(b.takeOne("ABORT").reason, "wamp.error.protocol_violation");
  });
});

describe("who publishes and who receives", () => {
  it("discloses the publisher when it asks for that", () => {
    const { a, b } = trio();
    b.subscribe("com.t");
    b.subscribe("com.", { match: "prefix" });
    a.publish("com.t", [], { disclose_me: true }).publish("com.t");
    const expected = {
      publisher: a.sessionId,
      publisher_authid: a.session.member?.identity.authid,
      publisher_authrole: "anonymous",
    };
    const details = events(b).map((event) => event.details);
    assert.deepEqual(details, [expected, { ...expected, topic: "com.t" }, {}, { topic: "com.t" }]);
  });

  const restricted: readonly [string, (b: Peer) => Dict, readonly string[]][] = [
    ["eligible by session", (b) => ({ eligible: [b.sessionId] }), ["b"]],
    ["excluded by session", (b) => ({ exclude: [b.sessionId] }), ["c"]],
    ["eligible and excluded: exclusion wins", (b) => ({ eligible: [b.sessionId], exclude: [b.sessionId] }), []],
    ["an empty list of the eligible: nobody", () => ({ eligible: [] }), []],
    ["an empty list of the excluded: everybody", () => ({ exclude: [] }), ["b", "c"]],
    ["eligible by authid", (b) => ({ eligible_authid: [b.session.member?.identity.authid] }), ["b"]],
    ["excluded by authid", (b) => ({ exclude_authid: [b.session.member?.identity.authid] }), ["c"]],
    ["eligible by another authrole", () => ({ eligible_authrole: ["operator"] }), []],
    ["excluded by authrole", () => ({ exclude_authrole: ["anonymous"] }), []],
    ["every list must agree", (b) => ({ eligible: [b.sessionId], eligible_authrole: ["operator"] }), []],
  ];
  for (const [name, options, expected] of restricted) {
    it(`delivers to chosen subscribers only: ${name}`, () => {
      const { a, b, c } = trio();
      for (const peer of [a, b, c]) peer.subscribe("com.t");
      a.publish("com.t", [], options(b));
      const got = [a, b, c].filter((peer) => events(peer).length === 1);
      assert.deepEqual(
        got.map((peer) => peer.name),
        expected,
      );
    });
  }

  it("does not let a list of the eligible override the exclusion of the publisher", () => {
    const { a, b } = trio();
    a.subscribe("com.t");
    b.subscribe("com.t");
    a.publish("com.t", [1], { eligible: [a.sessionId] });
    assert.deepEqual(a.take(), []);
    a.publish("com.t", [2], { eligible: [a.sessionId], exclude_me: false });
    assert.deepEqual(events(a).map(argsOf), [[2]]);
    assert.deepEqual(b.take(), []);
  });

  it("takes an option of a wrong type for a protocol violation and null for absent", () => {
    for (const options of [{ acknowledge: 1 }, { exclude_me: "no" }, { eligible: [null] }, { exclude: 3 }]) {
      const { a } = trio();
      a.publish("com.t", [], options);
      assert.equal(a.takeOne("ABORT").reason, "wamp.error.protocol_violation", JSON.stringify(options));
    }
    const { a, b } = trio();
    b.subscribe("com.t", { match: null, get_retained: null });
    a.publish("com.t", [], { acknowledge: null, exclude_me: null, eligible: null, exclude_authid: null });
    assert.equal(events(b).length, 1);
  });

  it("aborts a publication in payload passthru mode, which it does not announce", () => {
    const { a } = trio();
    a.publish("com.t", [], { ppt_scheme: "x_own" });
    assert.equal(a.takeOne("ABORT").reason, "wamp.error.protocol_violation");
  });

  it("ignores options that it does not know", () => {
    const { a, b } = trio();
    b.subscribe("com.t", { x_own: 1 });
    a.publish("com.t", [], { x_own: { deep: [] } });
    assert.equal(events(b).length, 1);
  });
});

describe("what the broker refuses", () => {
  const wrong = ["", ".", "a..b", "a.", ".a", "a b", "a#b", "a.b\n", "x".repeat(513)];
  for (const topic of wrong) {
    const name = topic.length > 20 ? `a URI of ${topic.length} characters` : JSON.stringify(topic);
    it(`answers ${name} as a topic with invalid_uri, and silence without acknowledge`, () => {
      const { a, b } = trio();
      a.publish(topic);
      assert.deepEqual(a.take(), []);
      a.publish(topic, [], { acknowledge: true }).takeError("wamp.error.invalid_uri", 16);
      b.send({ type: "SUBSCRIBE", request: b.nextRequest(), options: {}, topic: uri(topic) });
      b.takeError("wamp.error.invalid_uri", 32);
      assert.equal(a.closed, undefined);
      assert.equal(b.closed, undefined);
    });
  }

  it("refuses a prefix pattern with an empty component inside", () => {
    const { b } = trio();
    b.send({ type: "SUBSCRIBE", request: b.nextRequest(), options: { match: "prefix" }, topic: uri("com..x") });
    b.takeError("wamp.error.invalid_uri", 32);
  });

  it("reserves the component wamp for publications, and lets everybody subscribe to it", () => {
    const { a, b } = trio();
    b.subscribe("wamp.session.on_join");
    a.publish("wamp.session.on_join", [], { acknowledge: true }).takeError("wamp.error.invalid_uri", 16);
    a.publish("wamp", [], { acknowledge: true }).takeError("wamp.error.invalid_uri", 16);
    a.publish("wamp.session.on_join");
    assert.deepEqual(b.take(), []);
    a.publish("wamps.x", [], { acknowledge: true }).takeOne("PUBLISHED");
  });

  it("refuses one subscription more than a session may have; a repeated one is none more", () => {
    const { b } = trio({ limits: { subscriptionsPerSession: 2 } });
    const first = b.subscribe("com.a");
    b.subscribe("com.b");
    b.subscribe("com.a");
    b.send({ type: "SUBSCRIBE", request: b.nextRequest(), options: {}, topic: uri("com.c") });
    assert.match(String(argsOf(b.takeError("pinion.error.limit_exceeded", 32))[0]), /2 subscriptions/);
    b.unsubscribe(first).take();
    b.subscribe("com.c");
  });

  it("refuses what the authorizer does not allow: ERROR if there is an answer, never a delivery", () => {
    const authorizer: Authorizer = {
      authorize: (_, action, topic) =>
        topic.startsWith("secret")
          ? { allowed: false, reason: uri("wamp.error.not_authorized"), words: `no ${action}` }
          : { allowed: true },
    };
    const { world, a, b, c } = trio({ authorizer });
    c.subscribe("", { match: "prefix" });
    b.send({ type: "SUBSCRIBE", request: b.nextRequest(), options: {}, topic: uri("secret.t") });
    b.takeError("wamp.error.not_authorized", 32);
    a.publish("secret.t").publish("secret.t", [], { acknowledge: true });
    a.takeError("wamp.error.not_authorized", 16);
    assert.deepEqual(c.take(), []);
    assert.equal(world.router.statistics.refusals, 3);
  });

  it("refuses a request when the authorizer throws, and reports the fault", () => {
    const faults: unknown[] = [];
    const authorizer: Authorizer = {
      authorize: () => {
        throw new Error("database gone");
      },
    };
    const { a } = trio({ authorizer, report: (fault: unknown) => faults.push(fault) });
    a.publish("com.t", [], { acknowledge: true });
    assert.doesNotMatch(String(argsOf(a.takeError("wamp.error.authorization_failed", 16))[0]), /database/);
    assert.equal(faults.length, 1);
  });

  it("refuses to disclose a publisher that the authorizer keeps secret, and discloses one that it exposes", () => {
    const authorizer: Authorizer = {
      authorize: (_, __, topic) => ({ allowed: true, disclose: topic === "com.open" }),
    };
    const { a, b } = trio({ authorizer });
    b.subscribe("com.", { match: "prefix" });
    a.publish("com.t", [], { disclose_me: true, acknowledge: true });
    a.takeError("wamp.error.option_disallowed.disclose_me", 16);
    a.publish("com.open");
    assert.equal(events(b)[0]?.details["publisher"], a.sessionId);
  });

  it("denies everything to a role that nobody trusted", () => {
    const world = new World({
      authenticator: () => ({
        kind: "welcome",
        identity: { authid: "x", authrole: "guest", authmethod: "test", authprovider: "test" },
      }),
    });
    const peer = world.join("a", { roles: ALL_ROLES });
    peer.call("com.p");
    peer.takeError("wamp.error.not_authorized", 48);
    peer.send({ type: "REGISTER", request: peer.nextRequest(), options: {}, procedure: uri("com.p") });
    peer.takeError("wamp.error.not_authorized", 64);
    peer.publish("com.t", [], { acknowledge: true }).takeError("wamp.error.not_authorized", 16);
    peer.send({ type: "SUBSCRIBE", request: id(4), options: {}, topic: uri("com.t") });
    peer.takeError("wamp.error.not_authorized", 32);
  });
});
