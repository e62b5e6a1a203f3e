import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ApplicationError,
  ErrorUri,
  payloadOf,
  toId,
  toUri,
  UsageError,
  type Invocation as InvocationMessage,
  type RegistrationId,
  type RequestId,
} from "@pinion/wamp";
import { type Client, type ClientOptions, type InvocationHandler, result } from "@pinion/wamp/client";
import { type ScriptedPeer, ScriptedRouter } from "../support/scripted-router.ts";
import { testClient } from "../support/test-client.ts";
import { settle, VirtualClock } from "../support/virtual-clock.ts";

const REGISTRATION = toId<RegistrationId>(77);

interface Callee {
  readonly client: Client;
  readonly peer: ScriptedPeer;
}

async function callee(handler: InvocationHandler, options: Partial<ClientOptions> = {}): Promise<Callee> {
  const router = new ScriptedRouter();
  const { client } = testClient(new VirtualClock(), router.connector, options);
  const registered = client.register("device.gpio.set", handler);
  client.open();
  await settle();
  const peer = router.last;
  await peer.welcome();
  await peer.say({ type: "REGISTERED", request: peer.only("REGISTER").request, registration: REGISTRATION });
  await registered;
  return { client, peer };
}

function invocation(request: number, args: readonly unknown[] = []): InvocationMessage {
  const payload = payloadOf(args, { k: "v" });
  return {
    type: "INVOCATION",
    request: toId<RequestId>(request),
    registration: REGISTRATION,
    details: { caller: 5 },
    payload,
  };
}

test("the handler gets procedure, args, kwargs and details, and its plain value becomes one argument", async () => {
  const seen: unknown[] = [];
  const { peer } = await callee(({ procedure, args, kwargs, details, request }) => {
    seen.push(procedure, args, kwargs, details, request);
    return { pin: 17 };
  });
  await peer.say(invocation(9, [17, 1]));
  assert.deepEqual(seen, ["device.gpio.set", [17, 1], { k: "v" }, { caller: 5 }, 9]);
  const { request, payload } = peer.only("YIELD");
  assert.deepEqual([request, payload.args, payload.elements], [9, [{ pin: 17 }], 1]);
});

test("undefined becomes no arguments, null becomes one, result() becomes both", async () => {
  const values = [undefined, null, result([1, 2], { unit: "V" }), result()];
  const { peer } = await callee(() => Promise.resolve(values.shift()));
  for (let request = 1; request <= 4; request += 1) await peer.say(invocation(request));
  const yields = peer.all("YIELD").map(({ payload }) => [payload.elements, payload.args, payload.kwargs]);
  assert.deepEqual(yields, [
    [0, [], {}],
    [1, [null], {}],
    [2, [1, 2], { unit: "V" }],
    [0, [], {}],
  ]);
});

test("an ApplicationError crosses the wire whole, any other exception with its message only", async () => {
  const thrown: unknown[] = [
    new ApplicationError("device.error.busy", ["port busy"], { port: "a" }),
    new TypeError("cannot read x"),
    "just text",
    Object.create(null),
  ];
  const { peer, client } = await callee(() => {
    throw thrown.shift();
  });
  for (let request = 1; request <= 4; request += 1) await peer.say(invocation(request));
  const errors = peer.all("ERROR").map((message) => [message.requestType, message.error, message.payload.args]);
  assert.deepEqual(errors, [
    [68, "device.error.busy", ["port busy"]],
    [68, ErrorUri.runtimeError, ["cannot read x"]],
    [68, ErrorUri.runtimeError, ["just text"]],
    [68, ErrorUri.runtimeError, ["a value without words was thrown"]],
  ]);
  assert.deepEqual(peer.all("ERROR")[0]?.payload.kwargs, { port: "a" });
  assert.equal(client.state, "ready");
});

test("INTERRUPT aborts the handler's signal, and its answer still goes out", async () => {
  const { peer } = await callee(async ({ signal }) => {
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    throw signal.reason;
  });
  await peer.say(invocation(3));
  await peer.say({ type: "INTERRUPT", request: toId<RequestId>(99), options: {} });
  assert.deepEqual(peer.all("ERROR"), []);
  await peer.say({ type: "INTERRUPT", request: toId<RequestId>(3), options: { mode: "kill" } });
  assert.equal(peer.only("ERROR").error, ErrorUri.canceled);
});

test("a session that ends aborts the running handlers and nothing is answered on the next one", async () => {
  const reasons: unknown[] = [];
  const { peer } = await callee(async ({ signal }) => {
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    reasons.push(signal.reason);
    return 1;
  });
  await peer.say(invocation(1));
  peer.transport.abort();
  await settle();
  assert.ok(reasons[0] instanceof ApplicationError);
  assert.deepEqual([reasons[0].uri, reasons.length], [ErrorUri.canceled, 1]);
  assert.deepEqual(peer.all("YIELD"), []);
});

test("a result over the peer's limit, or one that cannot be serialized, is an ERROR to the caller", async () => {
  const { peer } = await callee(() => "big");
  peer.client.refuseNext(new ApplicationError(ErrorUri.payloadSizeExceeded, ["over 512 octets"]));
  await peer.say(invocation(1));
  peer.client.refuseNext(new UsageError("not_serializable", "a function"));
  await peer.say(invocation(2));
  assert.deepEqual(
    peer.all("ERROR").map(({ error, request }) => [request, error]),
    [
      [1, ErrorUri.payloadSizeExceeded],
      [2, ErrorUri.runtimeError],
    ],
  );
});

test("an ERROR whose payload cannot be sent goes out without it", async () => {
  const holder: { peer?: ScriptedPeer } = {};
  const { peer } = await callee(() => {
    holder.peer?.client.refuseNext(new ApplicationError(ErrorUri.payloadSizeExceeded));
    throw new ApplicationError("a.b", ["x".repeat(1000)]);
  });
  holder.peer = peer;
  await peer.say(invocation(1));
  assert.deepEqual([peer.only("ERROR").error, peer.only("ERROR").payload.elements], ["a.b", 0]);
});

test("further invocations than the limit are refused as unavailable, and taken again afterwards", async () => {
  const gate = Promise.withResolvers<void>();
  const { peer } = await callee(() => gate.promise, { limits: { invocations: 1 } });
  await peer.say(invocation(1));
  await peer.say(invocation(2));
  assert.deepEqual([peer.only("ERROR").request, peer.only("ERROR").error], [2, ErrorUri.unavailable]);
  gate.resolve();
  await settle();
  await peer.say(invocation(3));
  assert.deepEqual(
    peer.all("YIELD").map((message) => message.request),
    [1, 3],
  );
});

test("an invocation that crosses UNREGISTER is answered, so that its caller does not hang", async () => {
  const { client, peer } = await callee(() => 1);
  const other = client.register("device.other", () => 2);
  await settle();
  const second = peer.all("REGISTER")[1];
  assert.ok(second);
  await peer.say({ type: "REGISTERED", request: second.request, registration: toId<RegistrationId>(78) });
  const unregistered = (await other).unregister();
  await peer.say({ ...invocation(1), registration: toId<RegistrationId>(78) });
  assert.equal(peer.only("ERROR").error, ErrorUri.noSuchProcedure);
  await peer.say({ type: "UNREGISTERED", request: peer.only("UNREGISTER").request });
  await unregistered;
});

test("the same INVOCATION twice while it runs is a violation", async () => {
  const { peer } = await callee(() => new Promise(() => {}));
  await peer.say(invocation(1));
  await peer.say(invocation(1));
  assert.equal(peer.only("ABORT").reason, ErrorUri.protocolViolation);
});

test("ERROR for an INVOCATION from the router is a violation, ERROR for CANCEL is not", async () => {
  const { client, peer } = await callee(() => 1);
  const error = {
    type: "ERROR",
    request: toId<RequestId>(1),
    details: {},
    error: toUri("a.b"),
    payload: payloadOf(),
  } as const;
  await peer.say({ ...error, requestType: 49 });
  assert.equal(client.state, "ready");
  await peer.say({ ...error, requestType: 68 });
  assert.equal(peer.only("ABORT").reason, ErrorUri.protocolViolation);
});
