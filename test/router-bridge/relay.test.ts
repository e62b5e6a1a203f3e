import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import { payloadOf, toId, toUri, type Message, type RequestId } from "@pinion/wamp";
import type { SerializerName } from "@pinion/wamp/serializer";
import { eventually, heard, startBridge, temporaryFolder } from "../support/router-bridge-fixture.ts";
import { hasKeepAliveTimer } from "../support/keep-alive-timer.ts";
import { joinedThrough, relayTo, scriptedUpstream, WELCOME } from "../support/router-bridge-upstream.ts";
import { type Talk, talk } from "../support/router-bridge-talk.ts";

const names: readonly SerializerName[] = ["json", "msgpack", "cbor"];
const BLOCK = "x".repeat(60_000);

test("every browser is a session of its own at the router behind, with any pair of serializers and schemes", async (t) => {
  const inner = await startBridge(t);
  for (const upstream of [`rs://${inner.at}`, `ws://${inner.at}/ws`]) {
    const sessions = inner.bridge.connections;
    for (const upstreamSerializer of [undefined, ...names]) {
      const more = upstreamSerializer === undefined ? "" : `, serializer: ${upstreamSerializer}`;
      const { at } = await startBridge(t, relayTo(upstream, more));
      const talks: Talk[] = [];
      for (const name of names) {
        talks.push(await (await talk(t, `ws://${at}/ws`, name)).join());
        talks.push(await (await talk(t, `rs://${at}`, name)).join());
      }
      await Promise.all(talks.map((one) => one.subscribe("sensor.a")));
      const [publisher] = talks;
      publisher?.publish("sensor.a", [1, "ü", [2 ** 40], { a: null }], { exclude_me: false });
      for (const one of talks) {
        assert.deepEqual((await one.expect("EVENT")).payload.args, [1, "ü", [2 ** 40], { a: null }]);
      }
      for (const one of talks) one.transport.close();
      await eventually(() => inner.bridge.connections === sessions, "the end of the relay's connections");
    }
  }
});

test("whoever comes through a proxy does not become a local peer of a router on this machine", async (t) => {
  const inner = await startBridge(t);
  for (const [more, wanted] of [
    ["", "[3,"],
    [", acceptRemote: true", "[2,"],
  ] as const) {
    const { at } = await startBridge(t, relayTo(`rs://${inner.at}`, more));
    const socket = new WebSocket(`ws://${at}/ws`, ["wamp.2.json"], { headers: { "X-Forwarded-For": "192.0.2.1" } });
    t.after(() => socket.terminate());
    await once(socket, "open");
    const answer = heard(socket, "message");
    const closed = heard(socket, "close");
    socket.send('[1,"realm1",{"roles":{"caller":{}}}]');
    const text = String((await answer)[0]);
    assert.ok(text.startsWith(wanted), text);
    if (more !== "") continue;
    assert.match(text, /"wamp\.error\.authentication_required"/);
    assert.equal((await closed)[0], 1008);
    assert.equal(inner.bridge.connections, 0);
  }
});

test("a router whose host lost its power is noticed", { skip: process.platform !== "linux" }, async (t) => {
  const inner = await startBridge(t);
  for (const upstream of [`rs://${inner.at}`, `ws://${inner.at}/ws`]) {
    const { at } = await startBridge(t, relayTo(upstream));
    const client = await (await talk(t, `ws://${at}/ws`)).join();
    await eventually(() => hasKeepAliveTimer(Number(inner.at.split(":")[1])), "the kernel's probes");
    client.transport.close();
    await eventually(() => inner.bridge.connections === 0, "the end of the relay's connection");
  }
});

test("calls and their errors cross the relay between serializers", async (t) => {
  const inner = await startBridge(t);
  const { at } = await startBridge(t, relayTo(`rs://${inner.at}`));
  const callee = await (await talk(t, `ws://${at}/ws`, "cbor")).join();
  await callee.register("pump.set");
  const caller = await (await talk(t, `ws://${at}/ws`, "json")).join();
  caller.call("pump.set", [true]);
  const invocation = await callee.expect("INVOCATION");
  assert.deepEqual(invocation.payload.args, [true]);
  callee.send({
    type: "ERROR",
    requestType: 68,
    request: invocation.request,
    details: {},
    error: toUri("pump.error.dry"),
    payload: payloadOf(["no water"], { level: 0 }),
  });
  const error = await caller.expect("ERROR");
  assert.deepEqual(
    [error.error, error.payload.args, error.payload.kwargs],
    ["pump.error.dry", ["no water"], { level: 0 }],
  );
});

test("with the same serializer octets pass untouched, also those of messages nobody here knows", async (t) => {
  const upstream = await scriptedUpstream(t);
  const { at } = await startBridge(t, relayTo(upstream.url));
  const socket = new WebSocket(`ws://${at}/ws`, ["wamp.2.json"]);
  t.after(() => socket.terminate());
  const got: string[] = [];
  socket.on("message", (data) => got.push((data as Buffer).toString())); // text comes as one Buffer
  await once(socket, "open");
  const odd = ['[ 1, "realm1" , {"x_foo": 1.0}]', '[48, 1, {}, "a", [1.50, 1e2], null]', "[999, {}]"];
  for (const text of odd) socket.send(text);
  const connection = await eventually(() => upstream.connections[0], "the relay's connection");
  await eventually(() => upstream.received.length === 3, "three messages");
  assert.deepEqual(upstream.received, odd);
  const back = ['[4, "ticket", {}]', "[36,1,2,{ }, [1.0], null]", '[1000, "later"]'];
  for (const text of back) connection.send(Buffer.from(text));
  await eventually(() => got.length === 3, "three answers");
  assert.deepEqual(got, back);
});

test("CHALLENGE and AUTHENTICATE pass between the client and the router", async (t) => {
  const upstream = await scriptedUpstream(t);
  const { at } = await startBridge(t, relayTo(upstream.url));
  const client = await talk(t, `ws://${at}/ws`, "msgpack");
  client.send({
    type: "HELLO",
    realm: toUri("r"),
    details: { roles: { caller: {} }, authmethods: ["ticket"], authid: "joe" },
  });
  const connection = await eventually(() => upstream.connections[0], "the relay's connection");
  connection.send(Buffer.from('[4,"ticket",{}]'));
  assert.equal((await client.expect("CHALLENGE")).method, "ticket");
  client.send({ type: "AUTHENTICATE", signature: "s3cret", extra: {} });
  await eventually(() => upstream.received.length === 2, "AUTHENTICATE");
  assert.deepEqual(JSON.parse(upstream.received[1] ?? ""), [5, "s3cret", {}]);
  connection.send(Buffer.from('[3,{"message":"no"},"wamp.error.authentication_failed"]'));
  assert.equal((await client.expect("ABORT")).reason, "wamp.error.authentication_failed");
  connection.close();
  await client.closed;
  assert.equal(client.unread, 0);
});

test("a router that refuses the client's serializer gets another one, and is not asked again", async (t) => {
  const upstream = await scriptedUpstream(t, { serializers: [1] });
  const { at } = await startBridge(t, relayTo(upstream.url));
  for (let i = 1; i <= 2; i++) {
    const client = await talk(t, `rs://${at}`, "cbor");
    client.send({ type: "HELLO", realm: toUri("r"), details: { roles: { caller: {} } } });
    await eventually(() => upstream.received.length === i, "HELLO");
    assert.deepEqual(JSON.parse(upstream.received[i - 1] ?? ""), [1, "r", { roles: { caller: {} } }]);
  }
});

test("an unreachable router is told in ABORT before WELCOME and in the WebSocket's close reason", async (t) => {
  const { at, warned, bridge } = await startBridge(t, relayTo("rs://127.0.0.1:1"));
  const socket = new WebSocket(`ws://${at}/ws`, ["wamp.2.json"]);
  const closed = heard(socket, "close");
  const said = heard(socket, "message");
  await once(socket, "open");
  socket.send('[1,"realm1",{}]');
  assert.match(
    String((await said)[0]),
    /^\[3,\{"message":"the router behind this relay cannot be reached: .*"\},"wamp\.error\.unavailable"/,
  );
  const [code, reason] = await closed;
  assert.equal(code, 1014);
  assert.match(String(reason), /cannot be reached/);
  await warned("upstream_unreachable");
  assert.equal(bridge.counters.get("upstreamFailures"), 1);
});

test("a WebSocket router that is none, or speaks none of our subprotocols, is unavailable", async (t) => {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", handleProtocols: () => false });
  t.after(() => server.close());
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const { at } = await startBridge(t, relayTo(`ws://127.0.0.1:${String(address.port)}/`));
  const client = await talk(t, `rs://${at}`);
  client.send({ type: "HELLO", realm: toUri("r"), details: { roles: { caller: {} } } });
  assert.equal((await client.expect("ABORT")).reason, "wamp.error.unavailable");
  await client.closed;
});

test("a router that is lost is told to the client as network_failure", async (t) => {
  const upstream = await scriptedUpstream(t);
  const { at } = await startBridge(t, relayTo(upstream.url));
  const { client, connection } = await joinedThrough(t, at, upstream);
  connection.abort();
  const abort = await client.expect("ABORT");
  assert.equal(abort.reason, "wamp.error.network_failure");
  assert.match(String(abort.details["message"]), /the router ended the connection/);
  await client.closed;
});

test("a router's own GOODBYE is the last word to the client", async (t) => {
  const upstream = await scriptedUpstream(t);
  const { at } = await startBridge(t, relayTo(upstream.url));
  const { client, connection } = await joinedThrough(t, at, upstream);
  connection.send(Buffer.from('[6,{},"wamp.close.system_shutdown"]'));
  connection.close();
  assert.equal((await client.expect("GOODBYE")).reason, "wamp.close.system_shutdown");
  await client.closed;
  assert.equal(client.unread, 0);
});

test("a client that vanishes is told to the router in GOODBYE", async (t) => {
  const upstream = await scriptedUpstream(t);
  const { at } = await startBridge(t, relayTo(upstream.url));
  const { client } = await joinedThrough(t, at, upstream);
  client.transport.abort();
  await eventually(() => upstream.closes.length === 1, "the end of the relay's connection");
  assert.match(upstream.received.at(-1) ?? "", /^\[6,\{"message":"the client's connection ended/);
});

test("a client that said GOODBYE itself is not spoken for", async (t) => {
  const upstream = await scriptedUpstream(t);
  const { at } = await startBridge(t, relayTo(upstream.url));
  const { client, connection } = await joinedThrough(t, at, upstream);
  client.send({ type: "GOODBYE", details: {}, reason: toUri("wamp.close.normal") });
  await eventually(() => upstream.received.length === 2, "GOODBYE");
  connection.send(Buffer.from('[6,{},"wamp.close.goodbye_and_out"]'));
  await client.expect("GOODBYE");
  client.transport.close();
  await eventually(() => upstream.closes.length === 1, "the end of the relay's connection");
  assert.equal(upstream.received.length, 2);
});

test("a client that breaks the protocol where it must be read is aborted, and the router is told", async (t) => {
  const upstream = await scriptedUpstream(t);
  const { at } = await startBridge(t, relayTo(upstream.url));
  const client = await talk(t, `ws://${at}/ws`, "cbor");
  client.send({ type: "HELLO", realm: toUri("r"), details: { roles: { caller: {} } } });
  const connection = await eventually(() => upstream.connections[0], "the relay's connection");
  connection.send(Buffer.from(WELCOME));
  await client.expect("WELCOME");
  connection.send(Buffer.from("[36,"));
  assert.match(JSON.stringify(await client.expect("ABORT")), /broke the protocol.*network_failure/);
  await client.closed;
  await eventually(() => upstream.closes.length === 1, "the end of the relay's connection");
  assert.match(upstream.received.at(-1) ?? "", /^\[6,\{"message":"the router behind this relay broke the protocol/);
});

test("a router that stops reading makes the relay stop reading the client, and all arrives in the end", async (t) => {
  const upstream = await scriptedUpstream(t);
  const { at } = await startBridge(t, relayTo(upstream.url));
  const { client, connection } = await joinedThrough(t, at, upstream);
  connection.pause();
  const total = 1000;
  let sent = 0;
  // the relay, two kernels' buffers and the client's queue together hold far less than the 60 MB that are published
  while (sent < total && client.send(publishOf(++sent)));
  await new Promise((resolve) => setTimeout(resolve, 300));
  const before = process.memoryUsage().arrayBuffers;
  while (sent < total) client.send(publishOf(++sent));
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.ok(
    upstream.received.length < 10,
    `${String(upstream.received.length)} arrived at a router that does not read`,
  );
  assert.ok(process.memoryUsage().arrayBuffers - before < 200_000_000);
  connection.resume();
  await eventually(() => upstream.received.length === total + 1, "all messages");
  const order = upstream.received.slice(1).map((text) => Number(/^\[16,(\d+)/.exec(text)?.[1]));
  assert.deepEqual(
    order,
    Array.from({ length: total }, (_, i) => i + 1),
  );
});

function publishOf(request: number): Message {
  const id = toId<RequestId>(request);
  return { type: "PUBLISH", request: id, options: {}, topic: toUri("a.b"), payload: payloadOf([BLOCK]) };
}

test("a client that stops reading makes the relay stop reading the router, and all arrives in the end", async (t) => {
  const upstream = await scriptedUpstream(t);
  const { at } = await startBridge(t, relayTo(upstream.url));
  const socket = new WebSocket(`ws://${at}/ws`, ["wamp.2.json"]);
  t.after(() => socket.terminate());
  let got = 0;
  socket.on("message", () => (got += 1));
  await once(socket, "open");
  socket.send('[1,"realm1",{}]');
  const connection = await eventually(() => upstream.connections[0], "the relay's connection");
  connection.send(Buffer.from(WELCOME));
  await eventually(() => got === 1, "WELCOME");
  socket.pause();
  const event = Buffer.from(`[36,1,2,{},["${BLOCK}"]]`);
  let sent = 0;
  let free = true;
  // up to the 16 MiB that the connection of this test itself may hold
  while (sent < 400 && connection.bufferedAmount < 12_000_000) {
    free = connection.send(event);
    sent += 1;
    if (!free) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert.equal(free, false, "the relay read on although nobody took it");
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.ok(connection.bufferedAmount > 1_000_000, "the relay swallowed what nobody took");
  socket.resume();
  await eventually(() => got === sent + 1, "all events");
});

test("who says nothing, and who says too much before the router is reached, is aborted", async (t) => {
  const upstream = await scriptedUpstream(t);
  const silent = await startBridge(t, `${relayTo(upstream.url)}limits: { joinTimeout: 50, goodbyeTimeout: 50 }\n`);
  const mute = await talk(t, `ws://${silent.at}/ws`);
  assert.equal((await mute.expect("ABORT")).reason, "wamp.error.timeout");
  assert.equal(upstream.connections.length, 0);
  // a port that takes connections and never answers
  const tarpit = createServer(() => undefined).listen(0, "127.0.0.1");
  t.after(() => tarpit.close());
  await once(tarpit, "listening");
  const address = tarpit.address();
  assert.ok(typeof address === "object" && address !== null);
  const { at } = await startBridge(t, relayTo(`rs://127.0.0.1:${String(address.port)}`));
  const chatty = await talk(t, `ws://${at}/ws`);
  chatty.send({ type: "HELLO", realm: toUri("r"), details: { roles: { caller: {} } } });
  for (let i = 1; i < 4; i++) chatty.send(publishOf(i));
  assert.match(JSON.stringify(await chatty.expect("ABORT")), /before the router was reached/);
  await chatty.closed;
});

test("stopping the relay says GOODBYE on both sides", async (t) => {
  const upstream = await scriptedUpstream(t);
  const { at, bridge } = await startBridge(t, relayTo(upstream.url));
  const { client } = await joinedThrough(t, at, upstream);
  const health = await (await fetch(`http://${at}/healthz`)).text();
  assert.match(health, /"mode":"relay".*"sessions":1/);
  await bridge.stop();
  assert.equal((await client.expect("GOODBYE")).reason, "wamp.close.system_shutdown");
  await eventually(() => upstream.closes.length === 1, "the end of the relay's connection");
  assert.match(upstream.received.at(-1) ?? "", /^\[6,\{"message":"the router-bridge shuts down"\}/);
});

test("a relay reaches a router on a Unix socket", async (t) => {
  const path = join(temporaryFolder(t), "router.sock");
  await startBridge(t, `listen: [{ unix: ${path} }]\n`);
  const { at } = await startBridge(t, relayTo(`unix://${path}`));
  await (await talk(t, `ws://${at}/ws`)).join();
});

test("the upstream is never pinged unless the configuration says so", async (t) => {
  const upstream = await scriptedUpstream(t);
  const { at } = await startBridge(t, relayTo(upstream.url, ", pingInterval: 20"));
  const { client } = await joinedThrough(t, at, upstream);
  await new Promise((resolve) => setTimeout(resolve, 150));
  client.publish("a.b", []);
  await eventually(() => upstream.received.length === 2, "the pinged connection still carries messages");
});
