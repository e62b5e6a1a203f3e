import assert from "node:assert/strict";
import { test } from "node:test";
import {
  noPayload,
  ErrorUri,
  toUri,
  toId,
  type PublicationId,
  type RequestId,
  type SessionId,
  type SubscriptionId,
} from "@pinion/wamp";
import { ScriptedRouter } from "../support/scripted-router.ts";
import { testClient } from "../support/test-client.ts";
import { settle, VirtualClock } from "../support/virtual-clock.ts";

test("HELLO names the realm, the agent and only features that exist", async () => {
  const router = new ScriptedRouter();
  const { client } = testClient(new VirtualClock(), router.connector, { agent: "board-7", authid: "kitchen" });
  client.open();
  await settle();
  const hello = router.last.only("HELLO");
  assert.equal(hello.realm, "realm1");
  assert.equal(hello.details["agent"], "board-7");
  assert.equal(hello.details["authid"], "kitchen");
  assert.ok(!("authmethods" in hello.details));
  const roles = JSON.stringify(hello.details["roles"]);
  for (const absent of ["sharded_registration", "shareded_subscriptions"]) {
    assert.ok(!roles.includes(absent), absent);
  }
  await client.close();
});

test("WELCOME leads through restoring to ready, and the session can be read", async () => {
  const router = new ScriptedRouter();
  const { client, states } = testClient(new VirtualClock(), router.connector);
  client.open();
  const ready = client.ready();
  await settle();
  assert.equal("session" in client && client.session?.id, undefined);
  await router.last.welcome();
  await ready;
  assert.equal(states(), "connecting joining restoring ready");
  assert.deepEqual([client.session?.id, client.session?.realm], [4711, "realm1"]);
  await client.ready();
});

test("the first connect failing is not fatal: it is told in words with the wait, and tried again", async () => {
  const clock = new VirtualClock();
  const router = new ScriptedRouter();
  router.refusals.push(new Error("nobody listens at rs://10.0.0.1:8080"), new Error("still nobody"));
  const { client, statuses } = testClient(clock, router.connector);
  client.open();
  await settle();
  const waiting = statuses.at(-1);
  assert.equal(waiting?.state, "waiting");
  assert.equal(waiting.cause, "nobody listens at rs://10.0.0.1:8080");
  assert.equal(waiting.retryIn, 1000);
  assert.equal(waiting.attempt, 1);
  await clock.advance(999);
  assert.equal(client.state, "waiting");
  await clock.advance(1);
  assert.equal(client.status.retryIn, 1600);
  await clock.advance(1600);
  assert.equal(client.state, "joining");
  await router.last.welcome();
  assert.deepEqual([client.state, client.status.cause, client.status.attempt], ["ready", undefined, 0]);
});

test("a router that refuses the realm is told in words with the URI, and tried again", async () => {
  const clock = new VirtualClock();
  const router = new ScriptedRouter();
  const { client } = testClient(clock, router.connector);
  client.open();
  await settle();
  const reason = ErrorUri.noSuchRealm;
  await router.last.say({ type: "ABORT", details: { message: "no realm1 here" }, reason, payload: noPayload });
  assert.equal(client.state, "waiting");
  assert.match(client.status.cause ?? "", /refused the session.*wamp\.error\.no_such_realm.*no realm1 here/);
  assert.ok(router.last.closed);
  await clock.advance(1000);
  assert.equal(client.state, "joining");
});

test("a connection that hangs is given up after connectTimeout, and the late transport is dropped", async () => {
  const clock = new VirtualClock();
  const late = new ScriptedRouter();
  const { promise, resolve } = Promise.withResolvers<void>();
  const signals: AbortSignal[] = [];
  const { client } = testClient(clock, async (signal) => {
    signals.push(signal);
    await promise;
    return await late.connector(signal);
  });
  client.open();
  await clock.advance(19_999);
  assert.equal(client.state, "connecting");
  await clock.advance(1);
  assert.equal(client.state, "waiting");
  assert.match(client.status.cause ?? "", /20000 ms/);
  assert.equal(signals[0]?.aborted, true);
  resolve();
  await settle();
  assert.ok(late.last.closed);
  assert.deepEqual(late.last.received, []);
});

test("a router that does not answer HELLO is given up after joinTimeout", async () => {
  const clock = new VirtualClock();
  const router = new ScriptedRouter();
  const { client } = testClient(clock, router.connector, { joinTimeout: 500 });
  client.open();
  await clock.advance(500);
  assert.equal(client.state, "waiting");
  assert.match(client.status.cause ?? "", /no WELCOME from memory: within 500 ms/);
  assert.ok(router.last.closed);
});

test("the link dropping while joining leads to the next try", async () => {
  const clock = new VirtualClock();
  const router = new ScriptedRouter();
  const { client, states } = testClient(clock, router.connector);
  client.open();
  await settle();
  router.last.transport.abort();
  await clock.advance(1000);
  assert.equal(states(), "connecting joining waiting connecting joining");
  assert.equal(router.peers.length, 2);
});

test("messages that cannot come before WELCOME are answered with ABORT and a new try", async () => {
  const clock = new VirtualClock();
  const router = new ScriptedRouter();
  const { client } = testClient(clock, router.connector);
  client.open();
  await settle();
  const subscription = toId<SubscriptionId>(1);
  const publication = toId<PublicationId>(1);
  await router.last.say({ type: "EVENT", subscription, publication, details: {}, payload: noPayload });
  assert.equal(router.last.only("ABORT").reason, ErrorUri.protocolViolation);
  assert.equal(client.state, "waiting");
  await clock.advance(1000);
  assert.equal(router.peers.length, 2);
});

test("messages that cannot come in a session are answered with ABORT and a new try", async () => {
  const offences = [
    { type: "WELCOME", session: toId<SessionId>(1), details: {} },
    { type: "CHALLENGE", method: "ticket", extra: {} },
    { type: "HELLO", realm: toUri("realm1"), details: {} },
    { type: "PUBLISHED", request: toId<RequestId>(1), publication: toId<PublicationId>(1) },
  ] as const;
  for (const offence of offences) {
    const router = new ScriptedRouter();
    const { client } = testClient(new VirtualClock(), router.connector);
    client.open();
    await settle();
    await router.last.welcome();
    await router.last.say(offence);
    assert.equal(router.last.only("ABORT").reason, ErrorUri.protocolViolation, offence.type);
    assert.equal(client.state, "waiting", offence.type);
  }
});

test("a CHALLENGE is answered by onChallenge, twice for two factors", async () => {
  const router = new ScriptedRouter();
  const { client } = testClient(new VirtualClock(), router.connector, {
    authmethods: ["ticket"],
    onChallenge: ({ method, extra }) => Promise.resolve({ signature: `${method}-${String(extra["n"])}` }),
  });
  client.open();
  await settle();
  await router.last.say({ type: "CHALLENGE", method: "ticket", extra: { n: 1 } });
  await router.last.say({ type: "CHALLENGE", method: "ticket", extra: { n: 2 } });
  assert.deepEqual(
    router.last.all("AUTHENTICATE").map((message) => message.signature),
    ["ticket-1", "ticket-2"],
  );
  await router.last.welcome();
  assert.equal(client.state, "ready");
});

test("a CHALLENGE that cannot be answered ends in ABORT and words", async () => {
  const router = new ScriptedRouter();
  const { client } = testClient(new VirtualClock(), router.connector);
  client.open();
  await settle();
  await router.last.say({ type: "CHALLENGE", method: "ticket", extra: {} });
  assert.equal(router.last.only("ABORT").reason, ErrorUri.authenticationFailed);
  assert.match(client.status.cause ?? "", /authentication by ticket.*no credentials/);
});

test("with reconnect false the first failure closes the client and ready rejects with its cause", async () => {
  const router = new ScriptedRouter();
  router.refusals.push(new Error("connection refused by rs://10.0.0.1:8080"));
  const { client, states } = testClient(new VirtualClock(), router.connector, { reconnect: false });
  client.open();
  await assert.rejects(client.ready(), { code: "session_closed", message: /connection refused by rs:/ });
  assert.equal(states(), "connecting closed");
  assert.throws(() => client.open(), { code: "session_closed" });
});

test("a connector that throws instead of rejecting is a failure like any other", async () => {
  const clock = new VirtualClock();
  const { client } = testClient(clock, () => {
    throw new Error("bad connector");
  });
  client.open();
  await settle();
  assert.deepEqual([client.state, client.status.cause], ["waiting", "bad connector"]);
  await client.close();
});

test("ready honours its signal, before and while it waits", async () => {
  const router = new ScriptedRouter();
  const { client } = testClient(new VirtualClock(), router.connector);
  const controller = new AbortController();
  const ready = client.ready(controller.signal);
  controller.abort("enough");
  await assert.rejects(ready, { code: "aborted", cause: "enough" });
  await assert.rejects(client.ready(controller.signal), { code: "aborted" });
});
