import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { connect } from "@pinion/client";
import { toUri, type Transport } from "@pinion/wamp";
import { WebSocketServer } from "ws";

const PING = 1;

/** A router that only says WELCOME, and then nothing any more; keeps the types of the frames it was sent. */
async function silentRouter(t: TestContext, agent: string | undefined): Promise<{ url: string; types: number[] }> {
  const types: number[] = [];
  const details = { roles: { broker: {}, dealer: {} }, ...(agent === undefined ? {} : { agent }) };
  const welcome = Buffer.from(JSON.stringify([2, 1, details]));
  const serve = (socket: Socket): void => {
    let octets = Buffer.alloc(0);
    let greeted = false;
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      octets = Buffer.concat([octets, chunk]);
      if (!greeted && octets.length >= 4) {
        greeted = true;
        octets = octets.subarray(4);
        const prefix = Buffer.alloc(4);
        prefix.writeUInt32BE(welcome.length);
        socket.write(Buffer.concat([Buffer.from("7ff10000", "hex"), prefix, welcome]));
      }
      if (!greeted) return;
      for (let end = 0; octets.length >= 4; octets = octets.subarray(end)) {
        end = 4 + octets.readUIntBE(1, 3);
        if (octets.length < end) return;
        types.push(octets[0] ?? 0);
      }
    });
    t.after(() => socket.destroy());
  };
  const server = createServer(serve).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // listening over TCP
  return { url: `rs://127.0.0.1:${String(port)}`, types };
}

function join(transport: Transport): Promise<Error | undefined> {
  const { promise, resolve } = Promise.withResolvers<Error | undefined>();
  transport.start({ onMessage: () => undefined, onClose: resolve });
  transport.send({ type: "HELLO", realm: toUri("realm1"), details: { roles: { subscriber: {} } } });
  return promise;
}

const proven = { interval: 20, timeout: 40, towards: "proven" } as const;

test("a raw-socket router that says it is Pinion is pinged, and found gone when it does not answer", async (t) => {
  const { url, types } = await silentRouter(t, "Pinion/9.9.9");
  const error = await join(await connect(url, { ping: proven }));
  assert.match(String(error), /PING/);
  assert.ok(types.includes(PING));
});

test("a raw-socket router of another kind is never sent a PING, and its silence is no fault", async (t) => {
  for (const agent of [undefined, "Crossbar.io/22.6.1", "pinionlike"]) {
    const { url, types } = await silentRouter(t, agent);
    const transport = await connect(url, { ping: proven });
    let ended = false;
    void join(transport).then(() => (ended = true));
    await new Promise((resolve) => setTimeout(resolve, 150));
    assert.deepEqual([types, ended], [[0], false], agent);
    transport.send({ type: "GOODBYE", details: {}, reason: toUri("wamp.close.normal") });
    transport.abort();
  }
});

test("a ping that was asked for goes to every raw-socket router", async (t) => {
  const { url, types } = await silentRouter(t, undefined);
  const error = await join(await connect(url, { ping: { interval: 20, timeout: 40 } }));
  assert.match(String(error), /PING/);
  assert.ok(types.includes(PING));
});

test("ping: false pings nobody, Pinion's router neither, but for the proof that this end answers", async (t) => {
  const { url, types } = await silentRouter(t, "Pinion/1");
  const transport = await connect(url, { ping: false });
  void join(transport);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.deepEqual(types, [0, PING]);
  transport.abort();
});

test("a WebSocket router that stops answering is found gone, without anybody asking for pings", async (t) => {
  const server = new WebSocketServer({
    port: 0,
    host: "127.0.0.1",
    autoPong: false,
    handleProtocols: () => "wamp.2.json",
  });
  t.after(() => server.close());
  await once(server, "listening");
  server.on("connection", (socket) => t.after(() => socket.terminate()));
  const { port } = server.address() as AddressInfo; // listening over TCP
  const url = `ws://127.0.0.1:${String(port)}/ws`;
  const error = await join(await connect(url, { ping: { interval: 20, timeout: 40 } }));
  assert.match(String(error), /no answer to a WebSocket ping/);
});
