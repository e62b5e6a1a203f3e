/** What the transports do with a peer that sends octets which are no WAMP message. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { test, type TestContext } from "node:test";
import { connect } from "@pinion/client";
import { ErrorUri, ProtocolViolation, type Message, type Transport } from "@pinion/wamp";
import { serializers } from "@pinion/wamp/serializer";
import { WebSocketServer } from "ws";

interface Ending {
  readonly error: Error | undefined;
  readonly messages: readonly Message[];
}

function ending(transport: Transport): Promise<Ending> {
  const messages: Message[] = [];
  return new Promise((resolve) => {
    transport.start({
      onMessage: (message) => messages.push(message),
      onClose: (error) => resolve({ error, messages }),
    });
  });
}

/** A raw-socket server that sends `payloads` as frames, and the octets it gets after the handshake. */
async function rawServer(context: TestContext, payloads: readonly string[]): Promise<{ url: string; got: Buffer[] }> {
  const got: Buffer[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => {
      const frames = payloads.map((text) => {
        const header = Buffer.alloc(4);
        header.writeUInt32BE(Buffer.byteLength(text));
        return Buffer.concat([header, Buffer.from(text)]);
      });
      socket.write(Buffer.concat([Buffer.from([0x7f, 0xf1, 0, 0]), ...frames]));
      socket.on("data", (chunk: Buffer) => got.push(chunk));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => server.close());
  const address = server.address();
  return { url: `rs://127.0.0.1:${String(typeof address === "object" ? address?.port : 0)}`, got };
}

const WELCOME = '[2,1,{"roles":{"broker":{}}}]';

test("raw socket: ABORT goes back, what came before is delivered, what comes after is not", async (context) => {
  for (const garbage of ["not json", "[]", "[9999]", '{"a":1}', "[2,0,{}]"]) {
    const { url, got } = await rawServer(context, [WELCOME, garbage, WELCOME]);
    const { error, messages } = await connect(url).then(ending);
    assert.ok(error instanceof ProtocolViolation, garbage);
    assert.equal(messages.length, 1, garbage);
    const answer = serializers.json.parse(Buffer.concat(got).subarray(4));
    assert.equal(answer.type === "ABORT" && answer.reason, ErrorUri.protocolViolation, garbage);
  }
});

test("WebSocket: garbage and the wrong kind of message are answered with ABORT", async (context) => {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", handleProtocols: () => "wamp.2.json" });
  await once(server, "listening");
  context.after(() => server.close());
  const address = server.address();
  const url = `ws://127.0.0.1:${String(typeof address === "object" && address !== null ? address.port : 0)}/`;
  for (const garbage of ["not json", Buffer.from(WELCOME)]) {
    const got: string[] = [];
    server.once("connection", (socket) => {
      socket.on("message", (data: Buffer) => got.push(data.toString("utf8")));
      socket.send(WELCOME);
      socket.send(garbage);
      socket.send(WELCOME);
    });
    const { error, messages } = await connect(url).then(ending);
    assert.ok(error instanceof ProtocolViolation);
    assert.equal(messages.length, 1);
    for (let turn = 0; turn < 100 && got.length === 0; turn += 1) await new Promise((next) => setTimeout(next, 10));
    assert.match(got[0] ?? "", /^\[3,.*wamp\.error\.protocol_violation/);
  }
});

test("WebSocket: a message over maxMessageSize ends the connection with an error", async (context) => {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", handleProtocols: () => "wamp.2.json" });
  await once(server, "listening");
  context.after(() => server.close());
  server.on("connection", (socket) => socket.send(`[36,1,1,{},["${"x".repeat(2000)}"]]`));
  const address = server.address();
  const url = `ws://127.0.0.1:${String(typeof address === "object" && address !== null ? address.port : 0)}/`;
  const { error, messages } = await connect(url, { maxMessageSize: 1000 }).then(ending);
  assert.ok(error instanceof Error);
  assert.equal(messages.length, 0);
});

test("WebSocket: a server that stops answering pings is dropped", async (context) => {
  const server = new WebSocketServer({
    port: 0,
    host: "127.0.0.1",
    autoPong: false,
    handleProtocols: () => "wamp.2.json",
  });
  await once(server, "listening");
  context.after(() => server.close());
  const address = server.address();
  const url = `ws://127.0.0.1:${String(typeof address === "object" && address !== null ? address.port : 0)}/`;
  const { error } = await connect(url, { ping: { interval: 20, timeout: 60 } }).then(ending);
  assert.match(error?.message ?? "", /no answer to a WebSocket ping within 60 ms/);
});
