/** v1 clients at a whole router-bridge, beside sessions of v2. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { nodeClient } from "@pinion/client";
import { ApplicationError } from "@pinion/wamp";
import { result, type Client, type ReceivedEvent } from "@pinion/wamp/client";
import { eventually, startBridge, type TestBridge } from "../../support/router-bridge-fixture.ts";
import { ERROR, v1Client, v1Connect } from "../../support/v1-client.ts";

const RULES = '{ uris: [{ v1: "http://example.com/device#", v2: "device." }] }';

interface House extends TestBridge {
  readonly v2: Client;
}

async function house(t: TestContext, wamp1 = RULES, more = ""): Promise<House> {
  const bridge = await startBridge(t, `wamp1: ${wamp1}\n${more}`);
  const v2 = nodeClient(`ws://${bridge.at}/ws`, { realm: "realm1" });
  v2.open();
  t.after(() => v2.close());
  await v2.ready(AbortSignal.timeout(20_000));
  return { ...bridge, v2 };
}

test("a call reaches the component by its mapped URI, whole or by a prefix, and is answered", async (t) => {
  const { v2, at } = await house(t);
  await v2.register("device.gpio.set", ({ args: [pin, value] }) => `${String(pin)}=${String(value)}`);
  const client = await v1Client(t, at);
  assert.deepEqual(await client.call("http://example.com/device#gpio.set", "led", true), [3, "led=true"]);
  client.send([1, "dev", "http://example.com/device#"]);
  assert.deepEqual(await client.call("dev:gpio.set", "led", 0), [3, "led=0"]);
  assert.deepEqual(await client.call("http://panel.example/device/gpio#set", "a", 1), [3, "a=1"]);
  assert.deepEqual(await client.call("device.gpio.set", "a", 2), [3, "a=2"]);
});

test("several values, keywords, nothing and a number beyond 2^53 cross as the convention says", async (t) => {
  const { v2, at } = await house(t);
  await v2.register("device.echo", ({ args, kwargs }) => result([...args], { ...kwargs }));
  const client = await v1Client(t, at);
  const echo = (...args: unknown[]): Promise<readonly unknown[]> => client.call("device.echo", ...args);
  assert.deepEqual(await echo(), [3, null]);
  assert.deepEqual(await echo([1, { a: null }]), [3, [1, { a: null }]]);
  assert.deepEqual(await echo(1, "b"), [3, { args: [1, "b"], kwargs: {} }]);
  const whole = { args: ["x"], kwargs: { unit: "°C" } };
  assert.deepEqual(await echo(whole), [3, whole]);
  const sent = { args: [whole], kwargs: {} };
  assert.deepEqual(await echo(sent), [3, sent]);
});

test("an error tells its words, and the rest of it in the details", async (t) => {
  const { v2, at } = await house(t);
  await v2.register("device.fail", ({ args, kwargs }) => {
    throw new ApplicationError("device.error.busy", [...args], { ...kwargs });
  });
  const client = await v1Client(t, at);
  const uri = "http://example.com/device#error.busy";
  assert.deepEqual(await client.call("device.fail", "pin 4 is lent"), [4, uri, "pin 4 is lent"]);
  assert.deepEqual(await client.call("device.fail"), [4, uri, "device.error.busy"]);
  assert.deepEqual(await client.call("device.fail", "lent", 4), [4, uri, "lent", { args: ["lent", 4], kwargs: {} }]);
  const whole = { args: [], kwargs: { until: 5 } };
  assert.deepEqual(await client.call("device.fail", whole), [4, uri, "device.error.busy", whole]);
});

for (const [flavour, code] of [
  ["autobahn", "NoSuchRPCEndpoint"],
  ["clj-wamp", "notfound"],
] as const) {
  test(`${flavour}: a procedure that nobody registered and a URI that cannot be mapped are ${code}`, async (t) => {
    const { at } = await house(t, `{ flavour: ${flavour} }`);
    const client = await v1Client(t, at);
    for (const uri of ["http://example.com/device#none", "http://example.com/", "unknown:prefix"]) {
      const [type, error] = await client.call(uri);
      assert.deepEqual([type, error], [4, ERROR + code]);
    }
  });
}

test("an event comes by the full URI of its subscriber, once for each name, until it unsubscribes", async (t) => {
  const { v2, at } = await house(t);
  const client = await v1Client(t, at);
  client.send([1, "s", "http://example.com/sensor#"]);
  client.send([5, "s:temp"]);
  client.send([5, "http://example.com/sensor#temp"]);
  await client.settled();
  await v2.publish("sensor.temp", [21.5], { unit: "°C" }, { acknowledge: true });
  const value = { args: [21.5], kwargs: { unit: "°C" } };
  assert.deepEqual(await client.next(), [8, "http://example.com/sensor#temp", value]);
  client.send([5, "sensor.temp"]);
  await client.settled();
  await v2.publish("sensor.temp", [1], {}, { acknowledge: true });
  assert.deepEqual(await client.next(), [8, "http://example.com/sensor#temp", 1]);
  assert.deepEqual(await client.next(), [8, "sensor.temp", 1]);
  client.send([6, "s:temp"]);
  client.send([6, "sensor.temp"]);
  await client.settled();
  await v2.publish("sensor.temp", [2], {}, { acknowledge: true });
  await client.settled();
  assert.equal(client.unread, 0);
  client.send([5, "s:temp"]);
  client.send([6, "s:temp"]);
  client.send([5, "s:temp"]);
  await client.settled();
  await v2.publish("sensor.temp", [3], {}, { acknowledge: true });
  assert.deepEqual((await client.next())[2], 3);
});

test("what a v1 client publishes reaches v2, keywords too", async (t) => {
  const { v2, at } = await house(t);
  const events: ReceivedEvent[] = [];
  await v2.subscribe("chat", (event) => void events.push(event));
  const client = await v1Client(t, at);
  client.send([7, "http://example.com/chat", "hello"]);
  client.send([7, "http://example.com/chat", null]);
  client.send([7, "http://example.com/chat", { args: [1, 2], kwargs: { by: "joe" } }]);
  await eventually(() => events.length === 3, "three events");
  assert.deepEqual(
    events.map(({ args, kwargs }) => [args, kwargs]),
    [
      [["hello"], {}],
      [[null], {}],
      [[1, 2], { by: "joe" }],
    ],
  );
});

for (const [flavour, name, rest, expected] of [
  ["autobahn", "nothing", () => [], [1, 2]],
  ["clj-wamp", "nothing", () => [], [0, 1, 2]],
  ["autobahn", "false", () => [false], [0, 1, 2]],
  ["clj-wamp", "true", () => [true], [1, 2]],
  ["autobahn", "an empty exclude list", () => [[]], [0, 1, 2]],
  ["autobahn", "exclude", (ids: string[]) => [[ids[1], "nobody"]], [0, 2]],
  ["clj-wamp", "exclude", (ids: string[]) => [[ids[0], ids[1]]], [2]],
  ["autobahn", "both lists", (ids: string[]) => [[ids[1]], [ids[1], ids[2]]], [2]],
  ["clj-wamp", "both lists, of which eligible counts", (ids: string[]) => [[ids[1]], [ids[1], ids[2]]], [1, 2]],
  ["clj-wamp", "false and eligible", (ids: string[]) => [false, [ids[0], ids[1]]], [0, 1]],
  ["clj-wamp", "nobody eligible", () => [false, []], []],
  ["autobahn", "only strangers eligible", () => [false, ["stranger"]], []],
] as const) {
  test(`${flavour}: published with ${name}, ${expected.length === 0 ? "nobody" : expected.join(" and ")} of three receive it`, async (t) => {
    const { at } = await house(t, `{ flavour: ${flavour} }`);
    const clients = [await v1Client(t, at), await v1Client(t, at), await v1Client(t, at)];
    for (const client of clients) client.send([5, "http://x/t"]);
    for (const client of clients) await client.settled();
    const ids = clients.map(({ id }) => id);
    const [publisher] = clients;
    publisher?.send([7, "http://x/t", "e", ...rest(ids)]);
    // a mark that everybody receives after it
    publisher?.send([7, "http://x/t", "mark", false]);
    const got: number[] = [];
    for (const [i, client] of clients.entries()) {
      const [, , event] = await client.next();
      if (event === "mark") continue;
      assert.equal(event, "e");
      got.push(i);
      assert.equal((await client.next())[2], "mark");
    }
    assert.deepEqual(got, expected);
  });
}

test("a v1 session is a session of the realm: counted, told about, killed, and its limits hold", async (t) => {
  const { v2, at, bridge } = await house(t, RULES, "limits: { goodbyeTimeout: 50, subscriptionsPerSession: 2 }\n");
  const left: unknown[] = [];
  await v2.subscribe("wamp.session.on_leave", ({ args }) => void left.push(args[0]));
  const client = await v1Client(t, at);
  assert.deepEqual((await v2.call("wamp.session.count")).args, [2]);
  const { args } = await v2.call("wamp.session.get", [Number(client.id)]);
  assert.equal((args[0] as { authmethod?: unknown }).authmethod, "anonymous"); // a dict, by the meta API
  for (const topic of ["a", "b", "c"]) client.send([5, topic]);
  await client.settled();
  assert.equal(bridge.sizes?.subscriptions, 3);
  await v2.publish("c", ["lost"], {}, { acknowledge: true });
  await v2.publish("b", ["found"], {}, { acknowledge: true });
  assert.deepEqual(await client.next(), [8, "b", "found"]);
  await v2.call("wamp.session.kill", [Number(client.id)], { reason: "com.example.out" });
  await client.closed();
  await eventually(() => left.length === 1, "its leaving");
  assert.deepEqual(left, [Number(client.id)]);
});

test("without wamp1 in the configuration the subprotocol is refused, with it Origin and Host are judged as for v2", async (t) => {
  const off = await startBridge(t);
  await assert.rejects(v1Connect(t, off.at), /400/);
  const on = await startBridge(t, "wamp1: {}\n");
  const { WebSocket } = await import("ws");
  const refused = await new Promise<string>((resolve) => {
    const socket = new WebSocket(`ws://${on.at}/ws`, "wamp", { origin: "https://evil.example" });
    socket.on("error", (error) => resolve(error.message));
  });
  assert.match(refused, /403/);
  const both = await v1Connect(t, on.at, ["wamp.2.json", "wamp"]);
  assert.equal(both.socket.protocol, "wamp.2.json");
  const old = await v1Connect(t, on.at, ["WAMP"]);
  assert.equal(old.socket.protocol, "WAMP");
  assert.equal((await old.next())[0], 0);
});

test("messages sent before WELCOME was read are kept in order", async (t) => {
  const { at, v2 } = await house(t);
  await v2.register("device.add", ({ args: [a, b] }) => Number(a) + Number(b));
  const client = await v1Connect(t, at);
  client.send([1, "d", "http://example.com/device#"]);
  client.send([2, "one", "d:add", 1, 2]);
  assert.equal((await client.next())[0], 0);
  assert.deepEqual(await client.next(), [3, "one", 3]);
});

test("a v1 client that does not read is a slow consumer like any other", async (t) => {
  const limits = "limits: { goodbyeTimeout: 50, queueOctets: 65536, queueGrace: 100, queueHardOctets: 8000000 }\n";
  const { at, v2, bridge } = await house(t, RULES, limits);
  const client = await v1Client(t, at);
  client.send([5, "flood"]);
  await client.settled();
  client.socket.pause();
  const text = "x".repeat(100_000);
  await eventually(async () => {
    await v2.publish("flood", [text], {}, { acknowledge: true });
    return bridge.counters.all()["slowConsumers"] === 1;
  }, "the slow consumer");
});
