/**
 * What routers of others are known to say against the letter or beyond it, and the client living with it: over a WebSocket, in
 * octets that other people's encoders made. One router per test, which says exactly that.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test, type TestContext } from "node:test";
import { decode as decodeMsgpack, encode as encodeMsgpack } from "@msgpack/msgpack";
import { nodeClient } from "@pinion/client";
import { ErrorUri } from "@pinion/wamp";
import type { Client, ReceivedEvent } from "@pinion/wamp/client";
import type { SerializerName } from "@pinion/wamp/serializer";
import { decode as decodeCbor, encode as encodeCbor } from "cborg";
import { type WebSocket, WebSocketServer } from "ws";
import { eventually } from "../support/router-bridge-fixture.ts";

type Said = readonly unknown[];

/** 64 bit on the wire, as libraries write ids that their language keeps as BigInt. JSON has but one kind of number. */
const wide = (name: SerializerName, id: number): unknown => (name === "json" ? id : BigInt(id));

const codecs: Readonly<Record<SerializerName, { write(said: Said): string | Uint8Array; read(data: Buffer): Said }>> = {
  json: { write: (said) => JSON.stringify(said), read: (data) => JSON.parse(data.toString()) as Said },
  msgpack: {
    write: (said) => encodeMsgpack(said, { useBigInt64: true }),
    read: (data) => decodeMsgpack(data) as Said,
  },
  cbor: { write: (said) => encodeCbor(said), read: (data) => decodeCbor(data) as Said },
};

interface Router {
  readonly url: string;
  /** Every message of the client, in order. */
  readonly heard: Said[];
  say(...said: Said): void;
  drop(): void;
}

/** Answers HELLO with `welcome` and each other message with what `answers` has for its code. */
async function oddRouter(
  t: TestContext,
  name: SerializerName,
  answers: Readonly<Record<number, (request: unknown, message: Said) => readonly Said[]>>,
): Promise<Router> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  t.after(() => server.close());
  const heard: Said[] = [];
  let peer: WebSocket | undefined;
  const say = (...said: Said): void => peer?.send(codecs[name].write(said));
  server.on("connection", (socket) => {
    peer = socket;
    socket.on("message", (data: Buffer) => {
      const message = codecs[name].read(data);
      heard.push(message);
      const [code, request] = message;
      if (code === 1) say(2, wide(name, SESSION), WELCOME);
      for (const answer of answers[Number(code)]?.(request, message) ?? []) say(...answer);
    });
  });
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return { url: `ws://127.0.0.1:${String(address.port)}/`, heard, say, drop: () => peer?.terminate() };
}

const SESSION = 2 ** 52 + 1;
/** Nulls for what is unset, and what no specification knows. */
const WELCOME = {
  roles: { broker: { features: null, x_cb: [1] }, dealer: { features: { call_canceling: true, x_features: "many" } } },
  authid: null,
  authrole: null,
  authmethod: null,
  authextra: { x_cb_node: "node-1", x_cb_pid: 4711 },
  x_cb_peer: "tcp4:127.0.0.1:1",
};

async function joined(t: TestContext, url: string, serializer: SerializerName): Promise<Client> {
  const client = nodeClient(url, { serializer, reconnect: false, closeTimeout: 100 });
  t.after(() => client.close());
  client.open();
  await client.ready(AbortSignal.timeout(10_000));
  return client;
}

for (const name of ["json", "msgpack", "cbor"] as const) {
  describe(`a router that speaks ${name}`, () => {
    test("writes ids in 64 bit, null for no payload, no topic, and details of its own", (t) => writesOddly(t, name));
    test("refuses with more than it must, twice, and answers what waits for no answer", (t) => refusesTwice(t, name));
    test("ends with a reason of its own, or closes without a word", (t) => endsOddly(t, name));
  });
}

async function writesOddly(t: TestContext, name: SerializerName): Promise<void> {
  const { url, heard } = await oddRouter(t, name, {
    32: (request) => [[33, request, wide(name, 7)]],
    64: (request) => [[65, request, wide(name, 8)]],
    16: (request) => [
      [17, request, wide(name, 9)],
      [36, wide(name, 7), wide(name, 9), { publisher: wide(name, 5), topic: null, x_cb: {} }, null, null],
      [36, wide(name, 7), wide(name, 10), { retained: null }, [1], null],
      [36, wide(name, 7), wide(name, 11), {}, null, { only: "kwargs" }],
    ],
    48: (request) => [
      [68, wide(name, 3), wide(name, 8), { caller: null, procedure: null, x: 1 }, null, null],
      [50, request, {}, null, null],
    ],
  });
  const client = await joined(t, url, name);
  assert.equal(client.session?.id, SESSION);
  const events: ReceivedEvent[] = [];
  const subscription = await client.subscribe("a.topic", (event) => void events.push(event));
  const invoked: unknown[] = [];
  const registration = await client.register("a.procedure", ({ args, kwargs, procedure }) => {
    invoked.push([args, kwargs, procedure]);
  });
  assert.deepEqual([subscription.id, registration.id], [7, 8]);
  assert.equal(await client.publish("a.topic", [], {}, { acknowledge: true }), 9);
  const called = await client.call("a.procedure");
  assert.deepEqual([called.args, called.kwargs], [[], {}]);
  assert.deepEqual(invoked, [[[], {}, "a.procedure"]]);
  assert.deepEqual(
    events.map(({ topic, args, kwargs, publication }) => [topic, args, kwargs, publication]),
    [
      ["a.topic", [], {}, 9],
      ["a.topic", [1], {}, 10],
      ["a.topic", [], { only: "kwargs" }, 11],
    ],
  );
  const yielded = await eventually(() => heard.find(([code]) => code === 70), "the answer");
  assert.deepEqual(yielded, [70, 3, {}], "without placeholders");
  assert.deepEqual(heard.map(([code, request]) => (code === 1 ? "HELLO" : request)).slice(0, 5), ["HELLO", 1, 2, 3, 4]);
}

async function refusesTwice(t: TestContext, name: SerializerName): Promise<void> {
  const { url } = await oddRouter(t, name, {
    48: (request) => [
      [8, 48, request, { x_cb: 1 }, "com.example.error.no", ["a", null], null],
      [8, 48, request, {}, "com.example.error.no"],
      [8, 49, request, {}, "wamp.error.no_such_call"],
    ],
    32: (request) => [[8, 32, request, {}, "wamp.error.not_authorized", [], null]],
  });
  const client = await joined(t, url, name);
  const error = { uri: "com.example.error.no", args: ["a", null], kwargs: {} };
  await assert.rejects(client.call("a.procedure"), error);
  await assert.rejects(client.call("a.procedure"), error, "the session is still there");
  await assert.rejects(
    client.subscribe("a.topic", () => {}),
    /not_authorized/,
  );
}

async function endsOddly(t: TestContext, name: SerializerName): Promise<void> {
  const polite = await oddRouter(t, name, { 6: () => [[6, { message: null }, "wamp.error.goodbye_and_out"]] });
  const client = await joined(t, polite.url, name);
  await client.close();
  assert.equal(client.state, "closed");
  assert.equal(polite.heard.filter(([code]) => code === 6).length, 1, "one GOODBYE");

  const silent = await oddRouter(t, name, { 6: () => [] });
  const other = await joined(t, silent.url, name);
  await other.close();
  assert.equal(other.state, "closed", "at the latest after closeTimeout");

  const rude = await oddRouter(t, name, { 48: () => [] });
  const third = await joined(t, rude.url, name);
  const waiting = third.call("a.procedure");
  rude.drop();
  await assert.rejects(waiting, (error) => error instanceof Error && error.message.includes(ErrorUri.networkFailure));

  const leaving = await oddRouter(t, name, { 48: () => [[6, {}, "wamp.error.goodbye_and_out"]] });
  const fourth = await joined(t, leaving.url, name);
  await assert.rejects(fourth.call("a.procedure"), /network_failure/);
  await eventually(() => leaving.heard.find(([code]) => code === 6), "the answer to GOODBYE");
}
