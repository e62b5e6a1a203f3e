import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ApplicationError,
  ErrorUri,
  payloadOf,
  toId,
  type Dict,
  type RegistrationId,
  type RequestId,
} from "@pinion/wamp";
import type { CallResult, Client, Invocation } from "@pinion/wamp/client";
import { RouterHost } from "../support/router-host.ts";
import { ScriptedRouter, type ScriptedPeer } from "../support/scripted-router.ts";
import { testClient } from "../support/test-client.ts";
import { settle, VirtualClock } from "../support/virtual-clock.ts";

async function clients(count: number): Promise<Client[]> {
  const clock = new VirtualClock();
  const host = new RouterHost(clock);
  const made = Array.from({ length: count }, () => testClient(clock, host.connector).client);
  for (const client of made) client.open();
  await settle();
  return made;
}

async function pair(): Promise<{ callee: Client; caller: Client; close: () => Promise<void> }> {
  const [callee, caller] = (await clients(2)) as [Client, Client]; // two were asked for
  const close = async (): Promise<void> => {
    await caller.close();
    await callee.close();
  };
  return { callee, caller, close };
}

async function sum({ args, parts, progress }: Invocation): Promise<number> {
  let total = Number(args[0]);
  for await (const part of parts) {
    total += Number(part.args[0]);
    progress(total);
  }
  return total;
}

test("a call in parts reaches one handler part by part, and gives progressive results and one final", async () => {
  const { callee, caller, close } = await pair();
  await callee.register("log.upload", sum);
  const seen: unknown[] = [];
  const onProgress = ({ args }: CallResult): void => void seen.push(...args);
  const call = caller.callInParts("log.upload", [1], {}, { onProgress });
  assert.ok(call.send([2]));
  await settle();
  assert.ok(call.send([3], { last: false }));
  assert.deepEqual((await call.end([4])).args, [10]);
  assert.deepEqual(seen, [3, 6, 10]);
  assert.equal(call.send([5]), false, "nothing more after the last");
  assert.deepEqual((await caller.call("log.upload", [7])).args, [7], "a whole call has no further parts");
  await close();
});

test("a call in parts that the callee ends early takes no more, and the session goes on", async () => {
  const { callee, caller, close } = await pair();
  await callee.register("log.upload", ({ args }) => args[0]);
  const call = caller.callInParts("log.upload", ["enough"]);
  call.send(["on its way"]);
  assert.deepEqual((await call.result).args, ["enough"]);
  assert.equal(call.send(["late"]), false);
  assert.deepEqual((await call.end()).args, ["enough"]);
  assert.deepEqual((await caller.call("log.upload", ["next"])).args, ["next"]);
  await close();
});

test("aborting a call in parts ends the reading of its handler with the reason", async () => {
  const { callee, caller, close } = await pair();
  let reason: unknown;
  await callee.register("log.upload", async (invocation) => {
    await sum(invocation).catch((error: unknown) => (reason = error));
  });
  const stop = new AbortController();
  const call = caller.callInParts("log.upload", [1], {}, { signal: stop.signal });
  await settle();
  stop.abort();
  await assert.rejects(call.result, { code: "aborted" });
  assert.equal(call.send([2]), false);
  await settle();
  assert.ok(reason instanceof ApplicationError);
  assert.equal(reason.uri, ErrorUri.canceled);
  await close();
});

test("invalid_option: a router that does not announce calls in parts is not sent one; not_connected without a session", async () => {
  const router = new ScriptedRouter();
  const { client } = testClient(new VirtualClock(), router.connector);
  assert.throws(() => client.callInParts("a.b"), { code: "not_connected" });
  client.open();
  await settle();
  await router.last.welcome();
  assert.throws(() => client.callInParts("a.b"), { code: "invalid_option" });
  assert.deepEqual(router.last.all("CALL"), []);
  await client.close();
});

/** A callee whose router says what the test says. */
async function scriptedCallee(handler: (invocation: Invocation) => unknown) {
  const router = new ScriptedRouter();
  const { client } = testClient(new VirtualClock(), router.connector, { limits: { invocations: 1 } });
  const registering = client.register("log.upload", handler);
  client.open();
  await settle();
  const peer: ScriptedPeer = router.last;
  await peer.welcome();
  const registration = toId<RegistrationId>(7);
  await peer.say({ type: "REGISTERED", request: peer.only("REGISTER").request, registration });
  await registering;
  const part = (request: number, details: Dict, arg: unknown): Promise<void> =>
    peer.say({
      type: "INVOCATION",
      request: toId<RequestId>(request),
      registration,
      details,
      payload: payloadOf([arg]),
    });
  return { client, peer, part };
}

const MORE = { progress: true };

test("parts that come after the handler answered, or for a call that was declined, are no new invocations", async () => {
  let handled = 0;
  const { client, peer, part } = await scriptedCallee(async ({ args, parts }) => {
    handled += 1;
    if (args[0] === "read") for await (const _ of parts);
    return args[0];
  });
  await part(1, MORE, "answered at once");
  await part(1, MORE, "late");
  await part(1, {}, "late and last");
  assert.deepEqual([handled, peer.all("YIELD").length], [1, 1]);
  await part(2, MORE, "read");
  await part(3, MORE, "beyond the limit of one at a time");
  await part(3, {}, "its last");
  assert.equal(peer.only("ERROR").error, ErrorUri.unavailable);
  await part(2, {}, "last");
  assert.deepEqual([handled, peer.all("YIELD").length], [2, 2]);
  await client.close();
});

test("a part after the last one is the router's violation", async () => {
  const { client, peer, part } = await scriptedCallee(() => new Promise(() => {}));
  await part(1, MORE, 1);
  await part(1, {}, 2);
  await part(1, {}, 3);
  assert.match(String(peer.only("ABORT").details["message"]), /INVOCATION 1 twice/);
  await client.close();
});

test("a handler that lets more than 1,000 parts lie costs its caller the call, not the board its memory", async () => {
  const signals: AbortSignal[] = [];
  const { client, peer, part } = await scriptedCallee(({ signal }) => {
    signals.push(signal);
    return new Promise(() => {});
  });
  for (let i = 0; i <= 1001; i += 1) await part(1, MORE, i);
  assert.equal(peer.only("ERROR").error, ErrorUri.unavailable);
  assert.ok(signals[0]?.aborted);
  await part(1, {}, "last");
  assert.equal(peer.all("ERROR").length, 1);
  await client.close();
});

test("a handler that is unavailable is passed over, and concurrency keeps calls from a busy one", async () => {
  const [a, b, caller] = (await clients(3)) as [Client, Client, Client]; // three were asked for
  const unavailable = new ApplicationError(ErrorUri.unavailable, ["the pump is being serviced"]);
  await a.register("pump.run", () => Promise.reject(unavailable), { invoke: "first" });
  await b.register("pump.run", () => "b", { invoke: "first" });
  assert.deepEqual((await caller.call("pump.run")).args, ["b"]);
  let finish = (): void => {};
  await a.register("valve.set", () => new Promise<void>((resolve) => (finish = resolve)), { concurrency: 1 });
  const first = caller.call("valve.set");
  await assert.rejects(caller.call("valve.set"), /no_available_callee/);
  finish();
  await first;
  await assert.rejects(
    a.register("x.y", () => 1, { concurrency: -1 }),
    { code: "invalid_option" },
  );
  for (const client of [a, b, caller]) await client.close();
});
