import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { test, type TestContext } from "node:test";
import { WebSocket } from "ws";
import { encodeFrame, FrameDecoder, FrameType } from "net-socket-raw-framing";
import type { RawSocketConnection } from "net-socket-raw-framing/node";
import { RawSocketLink } from "../../router-bridge/listeners/raw-socket-link.ts";
import { eventually, startBridge, temporaryFolder } from "../support/router-bridge-fixture.ts";
import { relayTo, scriptedUpstream, WELCOME, type ScriptedUpstream } from "../support/router-bridge-upstream.ts";
import { talk } from "../support/router-bridge-talk.ts";

const HELLO = '[1,"realm1",{"roles":{"caller":{}}}]';
const GOODBYE = '[6,{},"wamp.close.normal"]';

const framed = (...texts: readonly string[]): Buffer =>
  Buffer.concat(texts.map((text) => encodeFrame(FrameType.MESSAGE, Buffer.from(text), { maxLength: 2 ** 24 })));

/** A raw socket with JSON that says octets, and keeps the messages that come. */
interface Client {
  readonly socket: Socket;
  readonly got: string[];
  readonly ended: Promise<unknown>;
}

async function rawClient(t: TestContext, port: number, lengthCode = 0xf): Promise<Client> {
  const socket = connect(port, "127.0.0.1");
  t.after(() => socket.destroy());
  await once(socket, "connect");
  const got: string[] = [];
  const ended = once(socket, "close");
  const decoder = new FrameDecoder({ maxLength: 2 ** 24 }, (_type, payload) => {
    got.push(Buffer.from(payload).toString());
  });
  let rest = 4;
  socket.on("error", () => undefined);
  socket.on("data", (chunk) => {
    const answer = Math.min(rest, chunk.length);
    rest -= answer;
    decoder.push(chunk.subarray(answer));
  });
  socket.write(Uint8Array.of(0x7f, (lengthCode << 4) | 1, 0, 0));
  return { socket, got, ended };
}

async function joined(t: TestContext, upstream: ScriptedUpstream, port: number, lengthCode?: number): Promise<Through> {
  const client = await rawClient(t, port, lengthCode);
  const [before, heard] = [upstream.connections.length, upstream.received.length];
  client.socket.write(framed(HELLO));
  const connection = await eventually(() => upstream.connections[before], "the relay's connection");
  await eventually(() => upstream.received.length > heard, "HELLO");
  connection.send(Buffer.from(WELCOME));
  await eventually(() => client.got.length === 1, "WELCOME");
  client.got.length = 0;
  upstream.received.length = 0;
  return { client, connection };
}

interface Through {
  readonly client: Client;
  readonly connection: RawSocketConnection;
}

const numbered = (count: number, make: (i: number) => string): string[] =>
  Array.from({ length: count }, (_, i) => make(i));
const event = (i: number): string => `[36,1,${String(i)},{},["${"x".repeat(i % 200)}"]]`;
const publish = (i: number): string => `[16,${String(i)},{},"a.b",["${"x".repeat(i % 200)}"]]`;

test("runs cross the relay in both directions, whole and in order, beside what the relay has to look at", async (t) => {
  const runs = t.mock.method(RawSocketLink.prototype, "sendRun");
  const upstream = await scriptedUpstream(t);
  const { port } = await startBridge(t, relayTo(upstream.url));
  const { client, connection } = await joined(t, upstream, port);
  // nothing that WAMP knows, an empty message and no list at all pass as well
  const odd = ["", "x", "[", "[ 999]", '{"a":1}'];
  const up = [...numbered(3000, publish), ...odd, ...numbered(3000, publish)];
  const down = [...numbered(3000, event), ...odd, '[2,1,{"again":1}]', ...numbered(3000, event)];
  const octets = framed(...up);
  for (let at = 0, turn = 0; at < octets.length; turn += 1) {
    const size = [1, 70_001, 3, 17_000, 40][turn % 5] ?? 1;
    client.socket.write(octets.subarray(at, at + size));
    at += size;
    if (turn % 3 === 0) await new Promise(setImmediate);
  }
  const back = framed(...down);
  connection.socket.write(back);
  await eventually(() => upstream.received.length === up.length && client.got.length === down.length, "all of it");
  assert.deepEqual(upstream.received, up);
  assert.deepEqual(client.got, down);
  const passed = runs.mock.calls.reduce((sum, { arguments: [frames] }) => sum + frames.length, 0);
  assert.ok(passed > (octets.length + back.length) * 0.8, `${String(passed)} octets of runs`);
});

test("what came glued to HELLO reaches the router after it, in order", async (t) => {
  const upstream = await scriptedUpstream(t);
  const { port } = await startBridge(t, relayTo(upstream.url));
  const client = await rawClient(t, port);
  const early = numbered(50, publish);
  const octets = framed(HELLO, ...early, ...numbered(50, publish));
  client.socket.write(octets.subarray(0, octets.length - 7));
  await eventually(() => upstream.received.length > 50, "what came with HELLO");
  client.socket.write(octets.subarray(octets.length - 7));
  await eventually(() => upstream.received.length === 101, "the rest");
  assert.deepEqual(upstream.received, [HELLO, ...early, ...early]);
});

test("a router's GOODBYE in the middle of a run is its last word, though messages lie behind it", async (t) => {
  const upstream = await scriptedUpstream(t);
  const { port, bridge } = await startBridge(t, relayTo(upstream.url));
  for (const last of [GOODBYE, '[3,{},"wamp.error.system_shutdown"]']) {
    const { client, connection } = await joined(t, upstream, port);
    const texts = [...numbered(20, event), last, ...numbered(20, event)];
    connection.socket.write(framed(...texts));
    await eventually(() => client.got.length === texts.length, "all that the router said");
    connection.close();
    await client.ended;
    assert.deepEqual(client.got, texts);
  }
  assert.equal(bridge.counters.get("upstreamFailures"), 0);
});

test("a client's GOODBYE in the middle of a run is not said once more when it goes", async (t) => {
  const upstream = await scriptedUpstream(t);
  const { port } = await startBridge(t, relayTo(upstream.url));
  const { client } = await joined(t, upstream, port);
  const texts = [...numbered(20, publish), GOODBYE, ...numbered(3, publish)];
  client.socket.end(framed(...texts));
  await eventually(() => upstream.closes.length === 1, "the end of the relay's connection");
  assert.deepEqual(upstream.received, texts);
});

test("a session that begins in the middle of a run ends with GOODBYE, as every session that stands", async (t) => {
  const upstream = await scriptedUpstream(t);
  const { port } = await startBridge(t, relayTo(upstream.url));
  const client = await rawClient(t, port);
  client.socket.write(framed(HELLO));
  const connection = await eventually(() => upstream.connections[0], "the relay's connection");
  connection.socket.write(framed('[4,"ticket",{}]', WELCOME, event(1), event(2)));
  await eventually(() => client.got.length === 4, "all that the router said");
  assert.deepEqual(client.got, ['[4,"ticket",{}]', WELCOME, event(1), event(2)]);
  client.socket.destroy();
  await eventually(() => upstream.closes.length === 1, "the end of the relay's connection");
  assert.match(upstream.received.at(-1) ?? "", /^\[6,/);
});

test("a message over the other side's limit in the middle of a run is answered in its place, and the others pass", async (t) => {
  const upstream = await scriptedUpstream(t, { maxReceive: 1024 });
  const { port, bridge } = await startBridge(t, relayTo(upstream.url));
  // 512 octets at most to the client
  const { client, connection } = await joined(t, upstream, port, 0);
  const [little, big] = ["x".repeat(400), "x".repeat(2000)];
  const down = [...numbered(5, event), `[36,1,9,{},["${big}"]]`, `[50,7,{},["${big}"]]`, `[50,8,{},["${little}"]]`];
  connection.socket.write(framed(...down));
  await eventually(() => client.got.length === 7, "all that fits");
  assert.deepEqual([...client.got.slice(0, 5), client.got[6]], [...numbered(5, event), down[7]]);
  assert.match(client.got[5] ?? "", /^\[8,48,7,\{\},"wamp\.error\.payload_size_exceeded"/);
  const between = `[16,1,{},"a.b",["${"x".repeat(900)}"]]`;
  client.socket.write(framed(between, `[48,2,{},"a.b",["${big}"]]`, between));
  await eventually(() => upstream.received.length === 2 && client.got.length === 8, "two for the router, one back");
  assert.deepEqual(upstream.received, [between, between]);
  assert.match(client.got[7] ?? "", /^\[8,48,2,\{\},"wamp\.error\.payload_size_exceeded"/);
  assert.deepEqual([bridge.counters.get("oversizeDropped"), bridge.counters.get("oversizeAnswered")], [1, 2]);
});

test("a subscriber that stops reading makes the relay stop reading the router, and every message arrives in order", async (t) => {
  const link = RawSocketLink.prototype;
  const sending = [t.mock.method(link, "send"), t.mock.method(link, "sendRun")];
  const pausing = t.mock.method(link, "pause");
  const upstream = await scriptedUpstream(t);
  const { port, bridge } = await startBridge(t, relayTo(upstream.url));
  const { client, connection } = await joined(t, upstream, port);
  client.socket.pause();
  const block = "y".repeat(95);
  const each = 1000;
  let sent = 0;
  // up to the 16 MiB that the connection of this test itself may hold
  while (connection.bufferedAmount < 5_000_000 && sent < 400_000) {
    connection.sendRun(framed(...numbered(each, (i) => `[36,1,${String(sent + i)},{},["${block}"]]`)));
    sent += each;
    await new Promise(setImmediate);
  }
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.ok(connection.bufferedAmount > 1_000_000, "the relay swallowed what nobody took");
  const held = bridge.queuedOctets;
  assert.ok(held < 1_000_000, `${String(held)} octets wait in the relay`);
  client.socket.resume();
  await eventually(() => client.got.length === sent, "all events");
  assert.ok(client.got.every((text, i) => text === `[36,1,${String(i)},{},["${block}"]]`));
  const [single = 0, runs = 0] = sending.map(({ mock }) => mock.calls.filter(({ result }) => result === false).length);
  assert.ok(runs > 0, "no run filled the queue");
  assert.equal(pausing.mock.callCount(), single + runs);
});

test("a router that stops reading makes the relay stop reading a publisher of small messages, and nothing is lost", async (t) => {
  const upstream = await scriptedUpstream(t);
  const { port } = await startBridge(t, relayTo(upstream.url));
  const { client, connection } = await joined(t, upstream, port);
  connection.pause();
  let sent = 0;
  while (client.socket.writableLength < 3_000_000) {
    client.socket.write(framed(...numbered(1000, (i) => publish(sent + i))));
    sent += 1000;
    await new Promise(setImmediate);
  }
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.ok(client.socket.writableLength > 1_000_000, "the relay swallowed what nobody took");
  connection.resume();
  await eventually(() => upstream.received.length === sent, "all messages");
  assert.ok(upstream.received.every((text, i) => text === publish(i)));
});

test("runs cross to a WebSocket message by message, and the router is not read while the browser does not read", async (t) => {
  const upstream = await scriptedUpstream(t);
  const { at } = await startBridge(t, relayTo(upstream.url));
  const socket = new WebSocket(`ws://${at}/ws`, ["wamp.2.json"]);
  t.after(() => socket.terminate());
  const got: string[] = [];
  socket.on("message", (data, isBinary) => {
    assert.equal(isBinary, false);
    got.push((data as Buffer).toString()); // text comes as one Buffer
  });
  await once(socket, "open");
  socket.send(HELLO);
  const next = await eventually(() => upstream.connections[0], "the relay's connection");
  const lengths = [0, 1, 2, 90, 125, 126, 127, 255, 256, 4000, 65_535, 65_536, 70_000];
  const texts = [WELCOME, ...lengths.map((length) => "x".repeat(length)), ...numbered(2000, event)];
  next.socket.write(framed(...texts));
  await eventually(() => got.length === texts.length, "all that the router said");
  assert.ok(got.every((text, i) => text === texts[i]));
  got.length = 0;
  socket.pause();
  let sent = 0;
  while (next.bufferedAmount < 3_000_000) {
    next.sendRun(framed(...numbered(1000, (i) => event(sent + i))));
    sent += 1000;
    await new Promise(setImmediate);
  }
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.ok(next.bufferedAmount > 1_000_000, "the relay swallowed what nobody took");
  socket.resume();
  await eventually(() => got.length === sent, "all events");
  assert.ok(got.every((text, i) => text === event(i)));
});

test("many publishers and subscribers at once behind the relay each get all, in order, unmixed", async (t) => {
  const inner = await startBridge(t);
  const { at } = await startBridge(t, relayTo(`rs://${inner.at}`));
  for (const name of ["json", "msgpack", "cbor"] as const) {
    const subscribers = await Promise.all([1, 2, 3].map(async () => (await talk(t, `rs://${at}`, name)).join()));
    for (const one of subscribers) await one.subscribe("sensor.a");
    const publishers = await Promise.all([1, 2].map(async () => (await talk(t, `rs://${at}`, name)).join()));
    for (let i = 0; i < 500; i++) {
      for (const [who, one] of publishers.entries()) one.publish("sensor.a", [who, i, "z".repeat(i % 300)]);
    }
    for (const one of subscribers) {
      const next = [0, 0];
      for (let i = 0; i < 1000; i++) {
        const [who, number, filler] = (await one.expect("EVENT")).payload.args as [number, number, string]; // as published
        assert.equal(number, next[who]);
        assert.equal(filler.length, number % 300);
        next[who] = number + 1;
      }
    }
  }
});

test("runs pass from TCP to a Unix socket, and over a socket without handshake", async (t) => {
  const path = `${temporaryFolder(t)}/router.sock`;
  const inner = await startBridge(t, `listen: [{ unix: ${path} }]\n`);
  const relay = await startBridge(
    t,
    `listen: [{ tcp: "127.0.0.1:0", oldRawSocket: json }]\n${relayTo(`unix://${path}`)}`,
  );
  const socket = connect(relay.port, "127.0.0.1");
  t.after(() => socket.destroy());
  let octets = Buffer.alloc(0);
  socket.on("data", (chunk) => (octets = Buffer.concat([octets, chunk])));
  const texts = numbered(200, (i) => `[16,${String(i + 1)},{"acknowledge":true},"a.b",[]]`);
  socket.write(framed('[1,"realm1",{"roles":{"publisher":{}}}]'));
  await eventually(() => octets.length > 0, "WELCOME");
  socket.write(framed(...texts));
  const acknowledged = (): number[] => [...octets.toString().matchAll(/\[17,(\d+),/g)].map(([, id]) => Number(id));
  await eventually(() => acknowledged().length === 200, "every PUBLISHED");
  assert.deepEqual(
    acknowledged(),
    numbered(200, String).map((i) => Number(i) + 1),
  );
  assert.equal(inner.bridge.connections, 1);
});
