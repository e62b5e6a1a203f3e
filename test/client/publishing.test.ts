import assert from "node:assert/strict";
import { test } from "node:test";
import { ApplicationError, ErrorUri, payloadOf, toId, toUri, type PublicationId } from "@pinion/wamp";
import { Client, type ClientOptions } from "@pinion/wamp/client";
import { LinkedTransport } from "../support/linked-transport.ts";
import { RouterHost } from "../support/router-host.ts";
import { ScriptedRouter } from "../support/scripted-router.ts";
import { testClient } from "../support/test-client.ts";
import { settle, VirtualClock } from "../support/virtual-clock.ts";

async function publisher(options: Partial<ClientOptions> = {}) {
  const clock = new VirtualClock();
  const router = new ScriptedRouter();
  const { client } = testClient(clock, router.connector, options);
  client.open();
  await settle();
  await router.last.welcome();
  return { client, clock, router, peer: router.last };
}

test("an unacknowledged publication resolves with undefined and asks for no answer", async () => {
  const { client, peer } = await publisher();
  assert.equal(await client.publish("sensor.temperature", [21.5], { unit: "°C" }), undefined);
  await settle();
  const { options, topic, payload } = peer.only("PUBLISH");
  assert.deepEqual([options, topic, payload.args, payload.kwargs], [{}, "sensor.temperature", [21.5], { unit: "°C" }]);
});

test("options go out under their names on the wire, absent ones not at all", async () => {
  const { client, peer } = await publisher();
  await client.publish(
    "a.b",
    [],
    {},
    { excludeMe: false, discloseMe: true, eligible: [], options: { retain: true, x_y: null } },
  );
  await settle();
  assert.deepEqual(peer.only("PUBLISH").options, { retain: true, exclude_me: false, disclose_me: true, eligible: [] });
});

test("an acknowledged publication resolves with its id, or rejects with the broker's error", async () => {
  const { client, peer } = await publisher();
  const good = client.publish("a.b", [], {}, { acknowledge: true });
  const bad = client.publish("a.c", [], {}, { acknowledge: true });
  bad.catch(() => {});
  await settle();
  const [first, second] = peer.all("PUBLISH");
  assert.ok(first && second);
  await peer.say({ type: "PUBLISHED", request: first.request, publication: toId<PublicationId>(2 ** 53) });
  const error = ErrorUri.notAuthorized;
  await peer.say({ type: "ERROR", requestType: 16, request: second.request, details: {}, error, payload: payloadOf() });
  assert.equal(await good, 2 ** 53);
  await assert.rejects(bad, { uri: error });
});

test("an acknowledgement that does not come is a timeout, a lost link an unknown outcome, an abort aborted", async () => {
  const { client, clock, peer } = await publisher();
  const controller = new AbortController();
  const late = client.publish("a.a", [], {}, { acknowledge: true, timeout: 50 });
  const aborted = client.publish("a.b", [], {}, { acknowledge: true, signal: controller.signal });
  const lost = client.publish("a.c", [], {}, { acknowledge: true });
  for (const promise of [late, aborted, lost]) promise.catch(() => {});
  controller.abort();
  await clock.advance(50);
  peer.transport.abort();
  await settle();
  await assert.rejects(late, { uri: ErrorUri.timeout });
  await assert.rejects(aborted, { code: "aborted" });
  await assert.rejects(lost, { uri: ErrorUri.networkFailure, kwargs: { outcome: "unknown" } });
});

test("publishing while down rejects with not_connected, and unawaited it disturbs nobody", async () => {
  const { client, peer } = await publisher();
  peer.transport.abort();
  await settle();
  await assert.rejects(client.publish("a.b"), { code: "not_connected" });
  void client.publish("a.b");
  await settle();
});

test("a congested transport delays the promise, not the order, and bounds how many may wait", async () => {
  const [near, far] = LinkedTransport.pair({ highWater: 2 });
  const topics: string[] = [];
  const clock = new VirtualClock();
  const client = new Client({
    connect: () => Promise.resolve(near),
    realm: "realm1",
    timers: clock,
    clock: clock.now,
    random: () => 0.5,
    limits: { pendingPublishes: 2 },
  });
  far.start({
    onMessage: (message) => {
      if (message.type === "HELLO") far.send({ type: "WELCOME", session: toId(1), details: {} });
      if (message.type === "PUBLISH") topics.push(message.topic);
    },
    onClose: () => {},
  });
  client.open();
  await client.ready();
  far.pause();
  await client.publish("a.one");
  await client.publish("a.two");
  const waiting = [client.publish("a.three"), client.publish("a.four")];
  await assert.rejects(client.publish("a.five"), { code: "limit_exceeded" });
  let resolved = 0;
  for (const promise of waiting) promise.then(() => (resolved += 1)).catch(() => {});
  await settle();
  assert.equal(resolved, 0);
  far.resume();
  await settle();
  assert.equal(resolved, 2);
  assert.deepEqual(topics, ["a.one", "a.two", "a.three", "a.four"]);
  far.pause();
  const doomed = [client.publish("b.a"), client.publish("b.b"), client.publish("b.c")];
  far.abort();
  const outcomes = await Promise.allSettled(doomed);
  assert.deepEqual(
    outcomes.map((outcome) => outcome.status),
    ["fulfilled", "fulfilled", "rejected"],
  );
  await client.close();
});

test("a message over the limit rejects, and uses no request id", async () => {
  const { client, peer } = await publisher();
  peer.client.refuseNext(new ApplicationError(ErrorUri.payloadSizeExceeded));
  await assert.rejects(client.publish("a.b"), { uri: ErrorUri.payloadSizeExceeded });
  await client.publish("a.c");
  await settle();
  assert.equal(peer.only("PUBLISH").request, 1);
});

test("a topic that is no URI is refused before anything is sent", async () => {
  const { client } = await publisher();
  for (const topic of ["", "sensor.", "a b"]) await assert.rejects(client.publish(topic), { code: "invalid_option" });
  assert.equal(toUri("a.b"), "a.b");
});

test("publisher exclusion works with the real router", async () => {
  const clock = new VirtualClock();
  const host = new RouterHost(clock);
  const { client } = testClient(clock, host.connector);
  const got: unknown[] = [];
  client.open();
  await client.subscribe("a.b", ({ args }) => void got.push(args[0]));
  await client.publish("a.b", ["mine"]);
  await client.publish("a.b", ["mine too"], {}, { excludeMe: false });
  await settle();
  assert.deepEqual(got, ["mine too"]);
});
