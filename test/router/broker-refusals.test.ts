import assert from "node:assert/strict";
import { it } from "node:test";
import type { Authorizer } from "../../router-bridge/router/index.ts";
import { events, trio } from "./scenes.ts";
import { ALL_ROLES, argsOf, id, uri, World } from "./world.ts";

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
