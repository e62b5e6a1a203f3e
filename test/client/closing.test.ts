import assert from "node:assert/strict";
import { test } from "node:test";
import { CloseUri, ErrorUri, noPayload, toUri } from "@pinion/wamp";
import { RouterHost } from "../support/router-host.ts";
import { ScriptedRouter } from "../support/scripted-router.ts";
import { testClient } from "../support/test-client.ts";
import { settle, VirtualClock } from "../support/virtual-clock.ts";

async function joined() {
  const clock = new VirtualClock();
  const router = new ScriptedRouter();
  const kit = testClient(clock, router.connector);
  kit.client.open();
  await settle();
  await router.last.welcome();
  return { ...kit, clock, router, peer: router.last };
}

test("close says GOODBYE with its reason, waits for the reply, and stays closed", async () => {
  const { client, peer, clock, router } = await joined();
  peer.answersGoodbye = false;
  const closed = client.close("wamp.close.system_shutdown", "the board halts");
  await settle();
  const { reason, details } = peer.only("GOODBYE");
  assert.deepEqual([reason, details], ["wamp.close.system_shutdown", { message: "the board halts" }]);
  assert.notEqual(client.state, "closed");
  await peer.say({ type: "GOODBYE", details: {}, reason: toUri("wamp.error.goodbye_and_out") });
  await closed;
  assert.equal(client.state, "closed");
  await clock.advance(1_000_000);
  assert.equal(router.peers.length, 1);
  assert.equal(clock.pending, 0);
});

test("a reply that does not come ends the wait after closeTimeout", async () => {
  const { client, peer, clock } = await joined();
  peer.answersGoodbye = false;
  const closed = client.close();
  await clock.advance(2_000);
  await closed;
  assert.ok(peer.closed);
});

test("anything but GOODBYE is ignored while closing, and a transport that just ends is a clean close", async () => {
  const { client, peer } = await joined();
  peer.answersGoodbye = false;
  const closed = client.close();
  await peer.say({ type: "CHALLENGE", method: "x", extra: {} });
  assert.deepEqual(peer.all("ABORT"), []);
  peer.transport.close();
  await closed;
});

test("the router's GOODBYE is answered, told in words, and followed by a new try", async () => {
  const { client, peer, clock, router } = await joined();
  await peer.say({ type: "GOODBYE", details: { message: "maintenance" }, reason: CloseUri.systemShutdown });
  assert.equal(peer.only("GOODBYE").reason, CloseUri.goodbyeAndOut);
  assert.match(client.status.cause ?? "", /closed the session: wamp\.close\.system_shutdown: maintenance/);
  await clock.advance(1000);
  assert.equal(router.peers.length, 2);
});

test("the router's ABORT in a session is not answered", async () => {
  const { client, peer } = await joined();
  await peer.say({ type: "ABORT", details: {}, reason: ErrorUri.protocolViolation, payload: noPayload });
  assert.deepEqual([peer.received.length, client.state], [1, "waiting"]);
});

test("close ends whatever is going on: before open, connecting, joining, restoring, waiting", async () => {
  const steps = ["before", "connecting", "joining", "restoring", "waiting"] as const;
  for (const step of steps) {
    const clock = new VirtualClock();
    const router = new ScriptedRouter();
    const never = new Promise<never>(() => {});
    const { client } = testClient(clock, step === "connecting" ? () => never : router.connector);
    const waiters = [
      client.ready(),
      client.call("a.b"),
      client.register("a.c", () => 1),
      client.subscribe("a.d", () => {}),
    ];
    if (step === "waiting") router.refusals.push(new Error("down"));
    if (step !== "before") client.open();
    await settle();
    if (step === "restoring") await router.last.welcome();
    if (step !== "before") assert.equal(client.state, step);
    const settled = Promise.allSettled(waiters);
    await client.close();
    for (const outcome of await settled) {
      assert.equal(outcome.status === "rejected" && (outcome.reason as { code: string }).code, "session_closed", step);
    }
    assert.deepEqual([client.state, clock.pending], ["closed", 0], step);
    await client.close();
  }
});

test("what is asked of a closed client is refused with session_closed", async () => {
  const { client } = await joined();
  await client.close();
  await assert.rejects(client.call("a.b"), { code: "session_closed" });
  await assert.rejects(client.publish("a.b"), { code: "session_closed" });
  await assert.rejects(
    client.register("a.b", () => 1),
    { code: "session_closed" },
  );
  await assert.rejects(
    client.subscribe("a.b", () => {}),
    { code: "session_closed" },
  );
  await assert.rejects(client.ready(), { code: "session_closed" });
});

test("calls in flight at close reject with an unknown outcome", async () => {
  const { client } = await joined();
  const call = client.call("a.b");
  call.catch(() => {});
  await client.close();
  await assert.rejects(call, { uri: ErrorUri.networkFailure, kwargs: { outcome: "unknown" } });
});

test("the real router answers GOODBYE and forgets everything of the session", async () => {
  const clock = new VirtualClock();
  const host = new RouterHost(clock);
  const { client } = testClient(clock, host.connector);
  client.open();
  await client.register("a.b", () => 1);
  await client.close();
  const { sessions, registrations, deadlines } = host.router.size();
  assert.deepEqual([sessions, registrations, deadlines], [0, 0, 0]);
});

test("a listener that throws is reported, and the others are told all the same", async () => {
  const clock = new VirtualClock();
  const host = new RouterHost(clock);
  const { client, errors } = testClient(clock, host.connector);
  const seen: string[] = [];
  client.onState(() => {
    throw new Error("bad listener");
  });
  const stop = client.onState((status) => seen.push(status.state));
  client.open();
  await client.ready();
  stop();
  await client.close();
  assert.deepEqual(seen, ["connecting", "joining", "restoring", "ready"]);
  assert.equal(errors[0]?.where, "listener of the client's state");
});

test("a listener may close the client in any state", async () => {
  for (const state of ["connecting", "joining", "restoring", "ready", "waiting"]) {
    const clock = new VirtualClock();
    const host = new RouterHost(clock);
    const { client } = testClient(clock, host.connector);
    const closing: Promise<void>[] = [];
    client.onState((status) => {
      if (status.state === state) closing.push(client.close());
    });
    if (state === "waiting") host.crash();
    client.open();
    await clock.advance(5_000);
    await Promise.all(closing);
    assert.deepEqual([client.state, clock.pending], ["closed", 0], state);
  }
});
