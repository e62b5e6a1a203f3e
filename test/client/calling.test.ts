import assert from "node:assert/strict";
import { test } from "node:test";
import { ApplicationError, ErrorUri, payloadOf, toUri, type Dict } from "@pinion/wamp";
import type { Client, ClientOptions } from "@pinion/wamp/client";
import { ScriptedRouter } from "../support/scripted-router.ts";
import { testClient } from "../support/test-client.ts";
import { settle, VirtualClock } from "../support/virtual-clock.ts";

interface Ready {
  readonly client: Client;
  readonly clock: VirtualClock;
  readonly router: ScriptedRouter;
}

async function readyClient(options: Partial<ClientOptions> = {}, roles?: Dict): Promise<Ready> {
  const clock = new VirtualClock();
  const router = new ScriptedRouter();
  const { client } = testClient(clock, router.connector, options);
  client.open();
  await settle();
  await router.last.welcome(roles);
  return { client, clock, router };
}

/** A rejection to be looked at later counts as seen from the start. */
function watched<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

test("a call carries args, kwargs and options, and resolves with the RESULT", async () => {
  const { client, router } = await readyClient();
  const call = client.call("device.gpio.set", [17, 1], { hold: true }, { discloseMe: true });
  await settle();
  const sent = router.last.only("CALL");
  assert.deepEqual([sent.request, sent.procedure, sent.options], [1, "device.gpio.set", { disclose_me: true }]);
  assert.deepEqual([sent.payload.args, sent.payload.kwargs], [[17, 1], { hold: true }]);
  await router.last.say({
    type: "RESULT",
    request: sent.request,
    details: { a: 1 },
    payload: payloadOf([1], { b: 2 }),
  });
  assert.deepEqual(await call, { args: [1], kwargs: { b: 2 }, details: { a: 1 } });
});

test("an ERROR rejects with the callee's URI, args and kwargs", async () => {
  const { client, router } = await readyClient();
  const call = watched(client.call("a.b"));
  await settle();
  const { request } = router.last.only("CALL");
  const payload = payloadOf(["pin 99 is not configured"], { allowed: [17] });
  await router.last.say({
    type: "ERROR",
    requestType: 48,
    request,
    details: {},
    error: toUri("device.error.x"),
    payload,
  });
  const error: unknown = await call.catch((thrown: unknown) => thrown);
  assert.ok(error instanceof ApplicationError);
  assert.deepEqual(
    [error.uri, error.args[0], error.kwargs],
    ["device.error.x", "pin 99 is not configured", { allowed: [17] }],
  );
});

test("request ids count 1, 2, 3 over all kinds of requests", async () => {
  const { client, router } = await readyClient();
  void watched(client.call("a.b"));
  void watched(client.publish("a.c"));
  void watched(client.subscribe("a.d", () => {}));
  void watched(client.call("a.e"));
  await settle();
  const ids = router.last.received.flatMap((message) => ("request" in message ? [message.request] : []));
  assert.deepEqual(ids, [1, 2, 3, 4]);
  await client.close();
});

test("a message the transport refuses uses no request id and rejects the call", async () => {
  const { client, router } = await readyClient();
  router.last.client.refuseNext(new ApplicationError(ErrorUri.payloadSizeExceeded, ["over 512 octets"]));
  await assert.rejects(client.call("a.b", ["x".repeat(600)]), { uri: ErrorUri.payloadSizeExceeded });
  void watched(client.call("a.c"));
  await settle();
  assert.equal(router.last.only("CALL").request, 1);
});

test("a timeout is enforced here, and sent to a dealer that announces it", async () => {
  const { client, clock, router } = await readyClient();
  const call = watched(client.call("slow.one", [], {}, { timeout: 500 }));
  await clock.advance(499);
  assert.deepEqual(router.last.only("CALL").options, { timeout: 500 });
  await clock.advance(1);
  await assert.rejects(call, { uri: ErrorUri.timeout, message: /slow\.one did not answer within 500 ms/ });
  assert.deepEqual(router.last.only("CANCEL"), { type: "CANCEL", request: 1, options: { mode: "killnowait" } });
});

test("a dealer that announces neither timeouts nor canceling is sent neither", async () => {
  const { client, clock, router } = await readyClient({ callTimeout: 100 }, { dealer: {} });
  const call = watched(client.call("slow.one"));
  await clock.advance(100);
  await assert.rejects(call, { uri: ErrorUri.timeout });
  assert.deepEqual(router.last.only("CALL").options, {});
  assert.deepEqual(router.last.all("CANCEL"), []);
  const patient = watched(client.call("slow.two", [], {}, { timeout: 0 }));
  await clock.advance(1_000_000);
  let settled = false;
  void patient.finally(() => (settled = true)).catch(() => {});
  await settle();
  assert.equal(settled, false);
  await client.close();
});

test("aborting a call rejects at once with the reason and cancels it at the dealer", async () => {
  const { client, router } = await readyClient();
  const controller = new AbortController();
  const call = watched(client.call("a.b", [], {}, { signal: controller.signal }));
  await settle();
  controller.abort("changed my mind");
  await assert.rejects(call, { code: "aborted", cause: "changed my mind" });
  await settle();
  assert.equal(router.last.only("CANCEL").request, 1);
  await assert.rejects(client.call("a.b", [], {}, { signal: controller.signal }), { code: "aborted" });
  assert.equal(router.last.all("CALL").length, 1);
});

test("a RESULT for a call given up, and a second RESULT, are ignored", async () => {
  const { client, router } = await readyClient();
  const controller = new AbortController();
  const call = watched(client.call("a.b", [], {}, { signal: controller.signal }));
  await settle();
  controller.abort();
  await assert.rejects(call, { code: "aborted" });
  const result = {
    type: "RESULT",
    request: router.last.only("CALL").request,
    details: {},
    payload: payloadOf([1]),
  } as const;
  await router.last.say(result);
  await router.last.say(result);
  assert.equal(client.state, "ready");
});

test("an answer of the wrong kind is a violation", async () => {
  const { client, router } = await readyClient();
  const call = watched(client.call("a.b"));
  await settle();
  await router.last.say({
    type: "ERROR",
    requestType: 64,
    request: router.last.only("CALL").request,
    details: {},
    error: toUri("a.x"),
    payload: payloadOf(),
  });
  assert.match(String(router.last.only("ABORT").details["message"]), /answered CALL 1 with ERROR for REGISTER/);
  await assert.rejects(call, { uri: ErrorUri.networkFailure });
});

test("calls in flight when the link drops reject at once and say that the outcome is unknown", async () => {
  const { client, router } = await readyClient();
  const call = watched(client.call("pump.start"));
  await settle();
  router.last.transport.abort();
  await assert.rejects(call, {
    uri: ErrorUri.networkFailure,
    kwargs: { outcome: "unknown" },
    message: /call of pump\.start.*whether it took effect is unknown/,
  });
});

test("a call made while down waits and is sent in order once ready", async () => {
  const { client, clock, router } = await readyClient();
  router.last.transport.abort();
  await settle();
  const calls = [watched(client.call("a.one")), watched(client.call("a.two", [], {}, { timeout: 5000 }))];
  await clock.advance(1000);
  await router.last.welcome();
  const sent = router.last.all("CALL");
  assert.deepEqual(
    sent.map((call) => call.procedure),
    ["a.one", "a.two"],
  );
  assert.deepEqual(sent[1]?.options, { timeout: 4000 });
  for (const { request } of sent)
    await router.last.say({ type: "RESULT", request, details: {}, payload: payloadOf([request]) });
  assert.deepEqual(
    (await Promise.all(calls)).map((result) => result.args),
    [[1], [2]],
  );
});

test("a waiting call ends with its timeout or its signal and is then never sent", async () => {
  const { client, clock, router } = await readyClient();
  router.last.transport.abort();
  await settle();
  const controller = new AbortController();
  const timed = watched(client.call("a.one", [], {}, { timeout: 300 }));
  const aborted = watched(client.call("a.two", [], {}, { signal: controller.signal }));
  controller.abort();
  await clock.advance(300);
  await assert.rejects(timed, { uri: ErrorUri.timeout });
  await assert.rejects(aborted, { code: "aborted" });
  await clock.advance(700);
  await router.last.welcome();
  assert.deepEqual(router.last.all("CALL"), []);
});

test("whenDown reject answers not_connected with the cause", async () => {
  const { client, router } = await readyClient();
  router.last.transport.abort();
  await settle();
  const call = client.call("a.b", [], {}, { whenDown: "reject" });
  await assert.rejects(call, { code: "not_connected", message: /waiting.*memory:.*closed|reset/ });
});

test("the numbers of calls in flight and waiting are bounded", async () => {
  const { client, router } = await readyClient({ limits: { pendingCalls: 2, waitingCalls: 1 } });
  void watched(client.call("a.a"));
  void watched(client.call("a.b"));
  await assert.rejects(client.call("a.c"), { code: "limit_exceeded" });
  router.last.transport.abort();
  await settle();
  void watched(client.call("a.d"));
  await assert.rejects(client.call("a.e"), { code: "limit_exceeded" });
  await client.close();
});

test("a procedure that is no URI and a timeout that is no time are refused before anything is sent", async () => {
  const { client, router } = await readyClient();
  for (const procedure of ["", "a..b", "a b", "a#b", ".a"]) {
    await assert.rejects(client.call(procedure), { code: "invalid_option" }, procedure);
  }
  for (const timeout of [-1, Number.NaN, 2 ** 31]) {
    await assert.rejects(client.call("a.b", [], {}, { timeout }), { code: "invalid_option" });
  }
  assert.deepEqual(router.last.all("CALL"), []);
});

test("a call that waits is sent as it was when it was made", async () => {
  const { client, clock, router } = await readyClient();
  router.last.transport.abort();
  await settle();
  const args = [1];
  void watched(client.call("a.b", args));
  args[0] = 2;
  await clock.advance(1000);
  await router.last.welcome();
  assert.deepEqual(router.last.only("CALL").payload.args, [1]);
  await client.close();
});
