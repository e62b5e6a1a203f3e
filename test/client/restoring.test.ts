import assert from "node:assert/strict";
import { test } from "node:test";
import { ErrorUri, payloadOf, toId, type RegistrationId, type SubscriptionId } from "@pinion/wamp";
import type { ClientOptions } from "@pinion/wamp/client";
import { RouterHost } from "../support/router-host.ts";
import { type ScriptedPeer, ScriptedRouter } from "../support/scripted-router.ts";
import { testClient } from "../support/test-client.ts";
import { settle, VirtualClock } from "../support/virtual-clock.ts";

const PROCEDURE = "device.gpio.set";

function setUp(options: Partial<ClientOptions> = {}) {
  const clock = new VirtualClock();
  const router = new ScriptedRouter();
  return { ...testClient(clock, router.connector, options), clock, router };
}

/** Grants every REGISTER and SUBSCRIBE received so far and not answered, with ids from `base`. */
async function grantAll(peer: ScriptedPeer, base: number): Promise<void> {
  const requests = peer.received.filter((message) => message.type === "REGISTER" || message.type === "SUBSCRIBE");
  for (const message of requests) {
    const { request } = message;
    const id = base + request;
    if (message.type === "REGISTER") {
      await peer.say({ type: "REGISTERED", request, registration: toId<RegistrationId>(id) });
    } else {
      await peer.say({ type: "SUBSCRIBED", request, subscription: toId<SubscriptionId>(id) });
    }
  }
}

async function refuseTaken(peer: ScriptedPeer): Promise<void> {
  const request = peer.all("REGISTER").at(-1)?.request;
  assert.ok(request);
  const error = ErrorUri.procedureAlreadyExists;
  await peer.say({ type: "ERROR", requestType: 64, request, details: {}, error, payload: payloadOf() });
}

test("everything declared before open is asked for in order, and ready comes after the last answer", async () => {
  const { client, router } = setUp();
  const declared = [
    client.register("a.one", () => 1),
    client.subscribe("s.", () => {}, { match: "prefix" }),
    client.register("a.two", () => 2, { match: "prefix", invoke: "roundrobin" }),
  ];
  client.open();
  await settle();
  await router.last.welcome();
  const asked = router.last.received.slice(1).map((message) => {
    if (message.type === "REGISTER") return [message.procedure, message.options];
    return message.type === "SUBSCRIBE" ? [message.topic, message.options] : message.type;
  });
  assert.deepEqual(asked, [
    ["a.one", {}],
    ["s.", { match: "prefix" }],
    ["a.two", { match: "prefix", invoke: "roundrobin" }],
  ]);
  assert.equal(client.state, "restoring");
  await grantAll(router.last, 100);
  await Promise.all(declared);
  assert.equal(client.state, "ready");
});

test("after a loss everything is restored with its options, the ids are new, and handlers get what belongs to them", async () => {
  const { client, clock, router } = setUp();
  const got: unknown[] = [];
  client.open();
  await settle();
  await router.last.welcome();
  const registering = client.register(PROCEDURE, ({ args }) => args[0], { options: { force_reregister: true } });
  const subscribing = client.subscribe("sensor.", ({ args }) => void got.push(args[0]), { match: "prefix" });
  await settle();
  await grantAll(router.last, 100);
  const [registration, subscription] = await Promise.all([registering, subscribing]);
  assert.deepEqual([registration.id, subscription.id], [101, 102]);
  router.last.transport.abort();
  await settle();
  assert.deepEqual([registration.id, subscription.id], [undefined, undefined]);
  await clock.advance(1000);
  await router.last.welcome();
  assert.deepEqual(router.last.only("REGISTER").options, { force_reregister: true });
  assert.deepEqual(router.last.only("SUBSCRIBE").options, { match: "prefix" });
  await grantAll(router.last, 200);
  assert.deepEqual([registration.id, subscription.id, client.state], [201, 202, "ready"]);
  const event = { type: "EVENT", publication: toId(1), details: {}, payload: payloadOf([7]) } as const;
  await router.last.say({ ...event, subscription: toId<SubscriptionId>(102) } as never);
  await router.last.say({ ...event, subscription: toId<SubscriptionId>(202) } as never);
  assert.deepEqual(got, [7]);
});

test("the link dropping while restoring starts over, and ready is not reported in between", async () => {
  const { client, clock, router, states } = setUp();
  const registering = client.register(PROCEDURE, () => 1);
  client.open();
  await settle();
  await router.last.welcome();
  router.last.transport.abort();
  await clock.advance(1000);
  await router.last.welcome();
  await grantAll(router.last, 1);
  await registering;
  assert.equal(states(), "connecting joining restoring waiting connecting joining restoring ready");
});

test("a procedure still held by the ghost of the last session is retried with backoff, reported, and then ready", async () => {
  const { client, clock, router, statuses } = setUp();
  const registering = client.register(PROCEDURE, () => 1);
  client.open();
  await settle();
  await router.last.welcome();
  await grantAll(router.last, 1);
  await registering;
  router.last.transport.abort();
  await clock.advance(1000);
  await router.last.welcome();
  await refuseTaken(router.last);
  assert.equal(client.state, "restoring");
  assert.equal(statuses.at(-1)?.unrestored[0]?.uri, PROCEDURE);
  assert.match(statuses.at(-1)?.unrestored[0]?.error.message ?? "", /procedure_already_exists/);
  await clock.advance(1000);
  assert.equal(router.last.all("REGISTER").length, 2);
  await refuseTaken(router.last);
  await clock.advance(1599);
  assert.equal(router.last.all("REGISTER").length, 2);
  await clock.advance(1);
  const third = router.last.all("REGISTER")[2];
  assert.ok(third);
  await router.last.say({ type: "REGISTERED", request: third.request, registration: toId<RegistrationId>(9) });
  assert.deepEqual([client.state, client.status.unrestored], ["ready", []]);
});

test("a procedure that stays taken does not keep the rest down for longer than restoreTimeout", async () => {
  const clock = new VirtualClock();
  const host = new RouterHost(clock);
  const holder = testClient(clock, host.connector);
  const { client } = testClient(clock, host.connector, { restoreTimeout: 5_000 });
  holder.client.open();
  const held = await holder.client.register(PROCEDURE, () => "holder");
  const registering = client.register(PROCEDURE, () => 1, { whenTaken: "retry" });
  client.open();
  await clock.advance(4_999);
  assert.equal(client.state, "restoring");
  await clock.advance(1);
  assert.equal(client.state, "ready");
  assert.equal(client.status.unrestored[0]?.uri, PROCEDURE);
  await held.unregister();
  await clock.advance(72_000);
  await registering;
  assert.deepEqual(client.status.unrestored, []);
});

test("taken at the first try rejects unless told to retry, and is not declared any more", async () => {
  const clock = new VirtualClock();
  const host = new RouterHost(clock);
  const first = testClient(clock, host.connector);
  const second = testClient(clock, host.connector);
  first.client.open();
  second.client.open();
  const registration = await first.client.register(PROCEDURE, () => "first");
  await assert.rejects(
    second.client.register(PROCEDURE, () => "second"),
    { uri: ErrorUri.procedureAlreadyExists },
  );
  const patient = second.client.register(PROCEDURE, () => "second", { whenTaken: "retry" });
  await clock.advance(5_000);
  await registration.unregister();
  await clock.advance(10_000);
  await patient;
  assert.deepEqual((await first.client.call(PROCEDURE)).args, ["second"]);
});

test("registering the same procedure twice in one client is refused; after unregister it may come again", async () => {
  const clock = new VirtualClock();
  const host = new RouterHost(clock);
  const { client } = testClient(clock, host.connector);
  client.open();
  const registration = await client.register(PROCEDURE, () => 1);
  await assert.rejects(
    client.register(PROCEDURE, () => 2),
    { code: "already_registered" },
  );
  const gone = registration.unregister();
  const again = client.register(PROCEDURE, () => 3);
  await gone;
  await again;
  assert.deepEqual((await client.call(PROCEDURE)).args, [3]);
});

test("a router that dies and comes back empty finds everything again, whatever waited", async () => {
  const clock = new VirtualClock();
  const host = new RouterHost(clock);
  const device = testClient(clock, host.connector);
  const viewer = testClient(clock, host.connector);
  const seen: unknown[] = [];
  device.client.open();
  viewer.client.open();
  await device.client.register(PROCEDURE, ({ args }) => args[0]);
  await viewer.client.subscribe("sensor.", ({ topic, args }) => void seen.push(topic, args[0]), { match: "prefix" });
  for (let round = 1; round <= 3; round += 1) {
    host.crash();
    await clock.advance(30_000);
    assert.deepEqual([device.client.state, viewer.client.state], ["waiting", "waiting"]);
    const call = viewer.client.call(PROCEDURE, [round]);
    host.restart();
    await clock.advance(80_000);
    assert.deepEqual((await call).args, [round]);
    await device.client.publish("sensor.t", [round]);
    await settle();
  }
  assert.deepEqual(seen, ["sensor.t", 1, "sensor.t", 2, "sensor.t", 3]);
  assert.equal(clock.pending, 0, "no timer is left over");
  await Promise.all([device.client.close(), viewer.client.close()]);
  assert.equal(host.router.size().sessions, 0);
});

test("a loss after 60 s of readiness is retried after 1 s again, an earlier one later", async () => {
  const { client, clock, router, statuses } = setUp();
  const waits = () => statuses.filter((status) => status.state === "waiting").map((status) => status.retryIn);
  client.open();
  for (const up of [0, 59_000, 60_000, 60_000]) {
    await settle();
    await router.last.welcome();
    await clock.advance(up);
    router.last.transport.abort();
    await settle();
    await clock.advance(client.status.retryIn ?? 0);
  }
  assert.deepEqual(waits(), [1000, 1600, 1000, 1000]);
});

test("the number of declarations is bounded", async () => {
  const { client } = setUp({ limits: { declarations: 1 } });
  const first = client.subscribe("a.a", () => {});
  first.catch(() => {});
  await assert.rejects(
    client.subscribe("a.b", () => {}),
    { code: "limit_exceeded" },
  );
  await client.close();
  await assert.rejects(first, { code: "session_closed" });
});
