import assert from "node:assert/strict";
import { it } from "node:test";
import { ask, demand } from "./asking.ts";
import { events, trio } from "./scenes.ts";
import { argsOf, World } from "./world.ts";

const REMOVE = "wamp.subscription.remove_subscriber";
const REVOCABLE = { roles: { subscriber: { features: { subscription_revocation: true } } } };

it("takes a subscription from one subscriber, tells it the reason, and leaves the others alone", () => {
  const { world, a, b } = trio();
  const peer = world.join("revocable", REVOCABLE);
  const id = peer.subscribe("com.t");
  b.subscribe("com.t");
  assert.deepEqual(ask(a, REMOVE, [id, peer.sessionId], { reason: "com.own.reason" }), []);
  const message = peer.takeOne("UNSUBSCRIBED");
  assert.deepEqual([message.request, message.details], [0, { subscription: id, reason: "com.own.reason" }]);
  a.publish("com.t", [1]);
  assert.deepEqual(peer.take(), []);
  assert.deepEqual(events(b).map(argsOf), [[1]]);
  assert.deepEqual(ask(a, "wamp.subscription.list_subscribers", [id]), [[b.sessionId]]);
  peer.unsubscribe(id).takeError("wamp.error.no_such_subscription", 34);
  assert.equal(peer.subscribe("com.t"), id);
});

it("says nothing to a subscriber that did not announce subscription_revocation, but tells the realm", () => {
  const { world, a, b, c } = trio();
  const id = b.subscribe("com.t");
  c.subscribe("wamp.subscription.", { match: "prefix" });
  ask(a, REMOVE, [id, b.sessionId]);
  assert.deepEqual(b.take(), []);
  assert.deepEqual(
    events(c).map(({ details, payload }) => [details["topic"], ...payload.args]),
    [
      ["wamp.subscription.on_unsubscribe", b.sessionId, id],
      ["wamp.subscription.on_delete", b.sessionId, id],
    ],
  );
  assert.equal(world.router.size().subscriptions, 1);
});

it("leaves the reason out when none was given", () => {
  const { world, a } = trio();
  const peer = world.join("revocable", REVOCABLE);
  const id = peer.subscribe("com.t");
  ask(a, REMOVE, [id, peer.sessionId]);
  assert.deepEqual(peer.takeOne("UNSUBSCRIBED").details, { subscription: id });
});

it("tells what cannot be removed", () => {
  const { a, b } = trio();
  const id = b.subscribe("com.t");
  demand(a, REMOVE, [99, b.sessionId]).takeError("wamp.error.no_such_subscription", 48);
  demand(a, REMOVE, [id, a.sessionId]).takeError("wamp.error.no_such_session", 48);
  demand(a, REMOVE, [id]).takeError("wamp.error.invalid_argument", 48);
  demand(a, REMOVE, [id, b.sessionId], { reason: 7 }).takeError("wamp.error.invalid_argument", 48);
});

it("tells subscribers the trust level that the authorizer gives a publication, also later", () => {
  const levels: Record<string, number | undefined> = { "com.low": 0, "com.high": 7, "com.none": undefined };
  const authorizer = {
    authorize: (_: unknown, action: string, uri: string) => {
      const trustlevel = action === "publish" ? levels[uri] : undefined;
      return trustlevel === undefined ? ({ allowed: true } as const) : ({ allowed: true, trustlevel } as const);
    },
  };
  const world = new World({ authorizer });
  const [a, b, late] = [world.join("a"), world.join("b"), world.join("late")];
  b.subscribe("com.low");
  b.subscribe("com.", { match: "prefix" });
  for (const topic of Object.keys(levels)) a.publish(topic, [], { retain: true });
  assert.deepEqual(
    events(b).map(({ details }) => details),
    [
      { trustlevel: 0 },
      { trustlevel: 0, topic: "com.low" },
      { trustlevel: 7, topic: "com.high" },
      { topic: "com.none" },
    ],
  );
  a.publish("com.high", [], { disclose_me: true });
  const [event] = events(b);
  assert.deepEqual([event?.details["trustlevel"], event?.details["publisher"]], [7, a.sessionId]);
  late.send({
    type: "SUBSCRIBE",
    request: late.nextRequest(),
    options: { get_retained: true },
    topic: "com.low" as never, // a literal URI
  });
  const retained = late.take()[1];
  assert.ok(retained?.type === "EVENT");
  assert.deepEqual(retained.details, { trustlevel: 0, retained: true });
});
