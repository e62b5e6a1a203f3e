import assert from "node:assert/strict";
import { test } from "node:test";
import { payloadOf, toUri, type Message } from "@pinion/wamp";
import { startBridge } from "../support/router-bridge-fixture.ts";
import { talk, type Talk } from "../support/router-bridge-talk.ts";

type Told = Extract<Message, { type: "INVOCATION" }>;

function answer(callee: Talk, { request }: Told): void {
  callee.send({ type: "YIELD", request, options: {}, payload: payloadOf(["done"]) });
}

async function parting(one: Talk): Promise<void> {
  const { reason } = await one.expect("GOODBYE");
  assert.equal(reason, "wamp.close.system_shutdown");
  one.send({ type: "GOODBYE", details: {}, reason });
  await one.closed;
}

test("a router that stops lets calls that wait be answered, over raw socket and WebSocket alike", async (t) => {
  const { at, bridge } = await startBridge(t);
  const callee = await (await talk(t, `rs://${at}`)).join();
  await callee.register("slow");
  const callers = [await talk(t, `rs://${at}`, "msgpack"), await talk(t, `ws://${at}/ws`, "cbor")];
  for (const caller of callers) {
    await caller.join();
    caller.call("slow");
  }
  const invocations = [await callee.expect("INVOCATION"), await callee.expect("INVOCATION")];
  const stopped = bridge.stop();
  for (const invocation of invocations) answer(callee, invocation);
  for (const caller of callers) assert.deepEqual((await caller.expect("RESULT")).payload.args, ["done"]);
  await Promise.all([callee, ...callers].map(parting));
  await stopped;
});

test("while it waits for them nobody joins, no call begins but a callee's own, and events flow", async (t) => {
  const { at, bridge } = await startBridge(t);
  const [callee, helper, caller, idler] = [
    await (await talk(t, `rs://${at}`)).join(),
    await (await talk(t, `ws://${at}/ws`)).join(),
    await (await talk(t, `rs://${at}`)).join(),
    await (await talk(t, `ws://${at}/ws`)).join(),
  ];
  await callee.register("slow");
  await helper.register("help");
  await idler.subscribe("news");
  caller.call("slow");
  const waiting = await callee.expect("INVOCATION");
  const stopped = bridge.stop();
  assert.equal((await fetch(`http://${at}/healthz`)).status, 503);
  for (const url of [`rs://${at}`, `ws://${at}/ws`]) {
    const late = await talk(t, url);
    late.send({ type: "HELLO", realm: toUri("realm1"), details: { roles: { caller: {} } } });
    assert.equal((await late.expect("ABORT")).reason, "wamp.close.system_shutdown");
  }
  idler.call("slow");
  assert.equal((await idler.expect("ERROR")).error, "wamp.error.unavailable");
  caller.publish("news", [1]);
  await idler.expect("EVENT");
  callee.call("help");
  answer(helper, await helper.expect("INVOCATION"));
  await callee.expect("RESULT");
  answer(callee, waiting);
  await caller.expect("RESULT");
  await Promise.all([callee, helper, caller, idler].map(parting));
  await stopped;
});

test("a call that is not answered in time fails, and the router stops all the same", async (t) => {
  const { at, bridge } = await startBridge(t, "limits: { drainTimeout: 100, goodbyeTimeout: 50 }");
  const callee = await (await talk(t, `rs://${at}`)).join();
  await callee.register("never");
  const caller = await (await talk(t, `ws://${at}/ws`)).join();
  caller.call("never");
  await callee.expect("INVOCATION");
  const stopped = bridge.stop();
  const { error } = await caller.expect("ERROR");
  assert.equal(error, "wamp.error.canceled");
  await parting(caller);
  await stopped;
});

test("a caller that leaves while the router waits for its call ends the waiting", async (t) => {
  const { at, bridge } = await startBridge(t, "limits: { drainTimeout: 60000, goodbyeTimeout: 50 }");
  const callee = await (await talk(t, `rs://${at}`)).join();
  await callee.register("never");
  const caller = await (await talk(t, `rs://${at}`)).join();
  caller.call("never");
  await callee.expect("INVOCATION");
  const stopped = bridge.stop();
  caller.transport.abort();
  await stopped;
});

const LIMITS = `limits:
  goodbyeTimeout: 50
  connections: 4
  sessionsPerRealm: 3
  subscriptionsPerSession: 2
  registrationsPerSession: 2
  pendingCallsPerSession: 2
`;

test("at each limit the newcomer is refused by name, and everybody else goes on", async (t) => {
  const { at } = await startBridge(t, LIMITS);
  const [one, two, three] = [
    await (await talk(t, `rs://${at}`)).join(),
    await (await talk(t, `ws://${at}/ws`)).join(),
    await (await talk(t, `rs://${at}`)).join(),
  ];
  const fourth = await talk(t, `ws://${at}/ws`);
  fourth.send({ type: "HELLO", realm: toUri("realm1"), details: { roles: { caller: {} } } });
  assert.equal((await fourth.expect("ABORT")).reason, "pinion.error.limit_exceeded");
  await fourth.closed;
  for (const topic of ["a", "b"]) await one.subscribe(topic);
  for (const procedure of ["p", "q"]) await one.register(procedure);
  one.send({ type: "SUBSCRIBE", request: one.id(), options: {}, topic: "c" } as Message); // a valid topic
  assert.equal((await one.expect("ERROR")).error, "pinion.error.limit_exceeded");
  one.send({ type: "REGISTER", request: one.id(), options: {}, procedure: "r" } as Message); // a valid procedure
  assert.equal((await one.expect("ERROR")).error, "pinion.error.limit_exceeded");
  for (let i = 0; i < 3; i++) two.call("p");
  assert.equal((await two.expect("ERROR")).error, "pinion.error.limit_exceeded");
  const waiting = [await one.expect("INVOCATION"), await one.expect("INVOCATION")];
  three.call("q");
  answer(one, await one.expect("INVOCATION"));
  await three.expect("RESULT");
  three.publish("a", [1]);
  await one.expect("EVENT");
  for (const invocation of waiting) answer(one, invocation);
  for (let i = 0; i < 2; i++) await two.expect("RESULT");
});
