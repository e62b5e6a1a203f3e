import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ErrorUri,
  payloadOf,
  toId,
  toUri,
  type PublicationId,
  type RegistrationId,
  type SubscriptionId,
} from "@pinion/wamp";
import type { ReceivedEvent } from "@pinion/wamp/client";
import { RouterHost } from "../support/router-host.ts";
import { type ScriptedPeer, ScriptedRouter } from "../support/scripted-router.ts";
import { testClient } from "../support/test-client.ts";
import { settle, VirtualClock } from "../support/virtual-clock.ts";

async function withRealRouter() {
  const clock = new VirtualClock();
  const host = new RouterHost(clock);
  const subscriber = testClient(clock, host.connector);
  const publisher = testClient(clock, host.connector);
  subscriber.client.open();
  publisher.client.open();
  await Promise.all([subscriber.client.ready(), publisher.client.ready()]);
  return { clock, host, subscriber, publisher: publisher.client };
}

async function withScript() {
  const clock = new VirtualClock();
  const router = new ScriptedRouter();
  const kit = testClient(clock, router.connector);
  kit.client.open();
  await settle();
  await router.last.welcome();
  return { ...kit, clock, router, peer: router.last };
}

async function grant(peer: ScriptedPeer, index: number, id: number): Promise<void> {
  const subscribe = peer.all("SUBSCRIBE")[index];
  assert.ok(subscribe, `SUBSCRIBE number ${String(index)}`);
  await peer.say({ type: "SUBSCRIBED", request: subscribe.request, subscription: toId<SubscriptionId>(id) });
}

function eventOf(id: number, args: readonly unknown[]) {
  const subscription = toId<SubscriptionId>(id);
  return {
    type: "EVENT",
    subscription,
    publication: toId<PublicationId>(1),
    details: {},
    payload: payloadOf(args),
  } as const;
}

test("exact, prefix and wildcard subscriptions each get their events with the topic", async () => {
  const { subscriber, publisher } = await withRealRouter();
  const got: string[] = [];
  const note = (kind: string) => (event: ReceivedEvent) =>
    void got.push(`${kind} ${event.topic} ${String(event.args[0])}`);
  await subscriber.client.subscribe("sensor.door", note("exact"));
  await subscriber.client.subscribe("sensor.", note("prefix"), { match: "prefix" });
  await subscriber.client.subscribe("sensor..t", note("wildcard"), { match: "wildcard" });
  await publisher.publish("sensor.door", [1]);
  await publisher.publish("sensor.a.t", [2]);
  await settle();
  assert.deepEqual(got.sort(), [
    "exact sensor.door 1",
    "prefix sensor.a.t 2",
    "prefix sensor.door 1",
    "wildcard sensor.a.t 2",
  ]);
});

test("several handlers on one topic share one subscription, which ends with the last of them", async () => {
  const { subscriber, publisher, host } = await withRealRouter();
  const got: string[] = [];
  const [one, two] = await Promise.all([
    subscriber.client.subscribe("a.b", () => void got.push("one")),
    subscriber.client.subscribe("a.b", () => void got.push("two")),
  ]);
  assert.equal(one.id, two.id);
  assert.equal(host.router.size().subscriptions, 1);
  await publisher.publish("a.b");
  await settle();
  await one.unsubscribe();
  await one.unsubscribe();
  await publisher.publish("a.b");
  await settle();
  assert.deepEqual(got, ["one", "two", "two"]);
  await two.unsubscribe();
  assert.equal(host.router.size().subscriptions, 0);
});

test("an exception or rejection in an event handler is reported and disturbs neither session nor others", async () => {
  const { subscriber, publisher } = await withRealRouter();
  const got: number[] = [];
  await subscriber.client.subscribe("a.b", () => {
    throw new Error("first");
  });
  await subscriber.client.subscribe("a.b", () => Promise.reject(new Error("second")));
  await subscriber.client.subscribe("a.b", () => void got.push(1));
  await publisher.publish("a.b");
  await settle();
  assert.deepEqual(got, [1]);
  assert.deepEqual(
    subscriber.errors.map(({ error, where }) => [String(error), where]),
    [
      ["Error: first", "handler of the events of a.b"],
      ["Error: second", "handler of the events of a.b"],
    ],
  );
  assert.equal(subscriber.client.state, "ready");
});

test("EVENT for an unknown subscription, and one on its way while it ended, are ignored", async () => {
  const { client, peer } = await withScript();
  const got: unknown[] = [];
  const subscribed = client.subscribe("a.b", ({ args }) => void got.push(args[0]));
  await settle();
  await peer.say(eventOf(5, ["before SUBSCRIBED"]));
  await grant(peer, 0, 5);
  const subscription = await subscribed;
  await peer.say(eventOf(5, ["good"]));
  const ended = subscription.unsubscribe();
  await peer.say(eventOf(5, ["late"]));
  await peer.say({ type: "UNSUBSCRIBED", request: peer.only("UNSUBSCRIBE").request });
  await ended;
  await peer.say(eventOf(6, ["stray"]));
  assert.deepEqual(got, ["good"]);
  assert.equal(client.state, "ready");
});

test("unsubscribing and subscribing again before the answer leaves the new one alive", async () => {
  const { client, peer } = await withScript();
  const got: unknown[] = [];
  const controller = new AbortController();
  const first = client.subscribe("a.b", () => void got.push("first"), { signal: controller.signal });
  first.catch(() => {});
  await settle();
  controller.abort();
  await assert.rejects(first, { code: "aborted" });
  const second = client.subscribe("a.b", () => void got.push("second"));
  await grant(peer, 0, 5);
  assert.equal((await second).id, 5);
  await peer.say(eventOf(5, []));
  assert.deepEqual([got, peer.all("UNSUBSCRIBE")], [["second"], []]);
});

test("a subscription aborted while it is asked for is ended once it is granted", async () => {
  const { client, peer } = await withScript();
  const controller = new AbortController();
  const promise = client.subscribe("a.b", () => {}, { signal: controller.signal });
  promise.catch(() => {});
  await settle();
  controller.abort();
  await grant(peer, 0, 5);
  assert.equal(peer.only("UNSUBSCRIBE").subscription, 5);
});

test("the trust level that a broker gives an event reaches the handler, and the client announces that it reads it", async () => {
  const { client, peer } = await withScript();
  const { roles } = peer.only("HELLO").details as { roles: { subscriber: { features: object } } }; // our own HELLO
  assert.equal("publication_trustlevels" in roles.subscriber.features, true);
  const got: unknown[] = [];
  const promise = client.subscribe("sensor.door", ({ details }) => void got.push(details["trustlevel"]));
  await settle();
  await grant(peer, 0, 5);
  await promise;
  await peer.say({ ...eventOf(5, []), details: { trustlevel: 3 } });
  assert.deepEqual(got, [3]);
});

test("a refused subscription rejects and is not tried again on the next session", async () => {
  const { client, clock, router, peer } = await withScript();
  const promise = client.subscribe("secret.x", () => {});
  promise.catch(() => {});
  await settle();
  const { request } = peer.only("SUBSCRIBE");
  await peer.say({
    type: "ERROR",
    requestType: 32,
    request,
    details: {},
    error: ErrorUri.notAuthorized,
    payload: payloadOf(),
  });
  await assert.rejects(promise, { uri: ErrorUri.notAuthorized });
  peer.transport.abort();
  await clock.advance(1000);
  await router.last.welcome();
  assert.deepEqual(router.last.all("SUBSCRIBE"), []);
  assert.equal(client.state, "ready");
});

test("a router that does not answer SUBSCRIBE is taken for dead: the link is dropped and the request made again", async () => {
  const { client, clock, router, peer } = await withScript();
  const promise = client.subscribe("a.b", () => {});
  await clock.advance(10_000);
  assert.ok(peer.closed);
  assert.match(client.status.cause ?? "", /did not answer SUBSCRIBE of a\.b within 10000 ms/);
  await clock.advance(1000);
  await router.last.welcome();
  await grant(router.last, 0, 8);
  assert.equal((await promise).id, 8);
});

test("a revoked subscription is reported and asked for again", async () => {
  const { client, clock, peer } = await withScript();
  const got: unknown[] = [];
  const promise = client.subscribe("a.b", ({ args }) => void got.push(args[0]));
  await settle();
  await grant(peer, 0, 5);
  const subscription = await promise;
  await peer.say({ type: "UNSUBSCRIBED", request: 0, details: { subscription: 5, reason: "config changed" } });
  assert.equal(subscription.id, undefined);
  assert.match(client.status.unrestored[0]?.error.message ?? "", /config changed/);
  await clock.advance(1000);
  await grant(peer, 1, 6);
  assert.deepEqual([subscription.id, client.status.unrestored], [6, []]);
  await peer.say(eventOf(6, [1]));
  assert.deepEqual(got, [1]);
});

test("options travel with SUBSCRIBE; other options on the same topic are refused", async () => {
  const { client, peer } = await withScript();
  void client.subscribe("a.", () => {}, { match: "prefix", getRetained: true, options: { x_a: 1 } }).catch(() => {});
  await settle();
  assert.deepEqual(peer.only("SUBSCRIBE").options, { x_a: 1, match: "prefix", get_retained: true });
  await assert.rejects(
    client.subscribe("a.", () => {}, { match: "prefix" }),
    { code: "invalid_option" },
  );
  await assert.rejects(
    client.subscribe("a.", () => {}),
    { code: "invalid_option" },
  );
  await client.close();
});

test("unsubscribing while the link is down resolves at once and the topic is not restored", async () => {
  const { client, clock, router, peer } = await withScript();
  const promise = client.subscribe("a.b", () => {});
  await settle();
  await grant(peer, 0, 5);
  const subscription = await promise;
  peer.transport.abort();
  await settle();
  await subscription.unsubscribe();
  await clock.advance(1000);
  await router.last.welcome();
  assert.deepEqual(router.last.all("SUBSCRIBE"), []);
  assert.equal(toUri("a.b"), subscription.topic);
});

test("an UNSUBSCRIBE that cannot be sent costs the link, not the truth about what is subscribed", async () => {
  const { client, clock, router, peer } = await withScript();
  const promise = client.subscribe("a.b", () => {});
  await settle();
  await grant(peer, 0, 5);
  peer.client.refuseNext(new Error("broken"));
  await (await promise).unsubscribe();
  assert.match(client.status.cause ?? "", /UNSUBSCRIBE of a\.b could not be sent: broken/);
  await clock.advance(1000);
  await router.last.welcome();
  assert.deepEqual([client.state, router.last.all("SUBSCRIBE")], ["ready", []]);
});

test("a pattern that the router took without announcing patterns is doubted aloud, once", async () => {
  const clock = new VirtualClock();
  const router = new ScriptedRouter();
  const { client, errors } = testClient(clock, router.connector);
  client.open();
  const subscribed = client.subscribe("sensor.", () => {}, { match: "prefix" });
  const exact = client.subscribe("sensor.a", () => {});
  const registered = client.register("device.", () => 1, { match: "prefix" });
  for (let session = 1; session <= 2; session += 1) {
    await settle();
    const peer = router.last;
    await peer.welcome({ broker: {}, dealer: { features: { pattern_based_registration: true } } });
    await grant(peer, 0, 5);
    await grant(peer, 1, 6);
    const { request } = peer.only("REGISTER");
    await peer.say({ type: "REGISTERED", request, registration: toId<RegistrationId>(7) });
    await Promise.all([subscribed, exact, registered]);
    assert.deepEqual(
      errors.map(({ where }) => where),
      ["subscription of sensor. (prefix)"],
    );
    assert.match(String(errors[0]?.error), /'sensor\.' but does not announce pattern_based_subscription/);
    peer.transport.close();
    await settle();
    await clock.advance(2000);
  }
});
