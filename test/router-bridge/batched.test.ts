import assert from "node:assert/strict";
import { once } from "node:events";
import { test, type TestContext } from "node:test";
import { connect } from "@pinion/client";
import { WebSocket } from "ws";
import { heard, startBridge } from "../support/router-bridge-fixture.ts";
import { Talk, talk } from "../support/router-bridge-talk.ts";

const HELLO = '[1,"realm1",{"roles":{"caller":{},"subscriber":{},"publisher":{}}}]';
const SEPARATOR = "\x1e";

async function open(t: TestContext, url: string, protocols = ["wamp.2.json.batched"]): Promise<WebSocket> {
  const socket = new WebSocket(url, protocols);
  t.after(() => socket.terminate());
  await once(socket, "open");
  return socket;
}

/** The messages of the next WebSocket message. */
async function next(socket: WebSocket): Promise<unknown[][]> {
  const [data] = await heard(socket, "message");
  const parts = String(data).split(SEPARATOR);
  assert.equal(parts.pop(), "", "a batch ends with its separator");
  return parts.map((part) => JSON.parse(part) as unknown[]); // of WAMP messages
}

test("messages of one turn travel together, in both directions and in order", async (t) => {
  const { at } = await startBridge(t);
  const socket = await open(t, `ws://${at}/ws`);
  assert.equal(socket.protocol, "wamp.2.json.batched");
  socket.send(`${HELLO}${SEPARATOR}`);
  assert.deepEqual((await next(socket))[0]?.slice(0, 1), [2]);
  const messages = [
    '[32,1,{},"a.b"]',
    '[16,2,{"acknowledge":true,"exclude_me":false},"a.b",[1]]',
    '[16,3,{"acknowledge":true,"exclude_me":false},"a.b",[2]]',
  ];
  socket.send(messages.map((message) => message + SEPARATOR).join(""));
  const answers = await next(socket);
  assert.deepEqual(
    answers.map(([code]) => code),
    [33, 17, 36, 17, 36],
  );
});

test("every serializer has its batched subprotocol; batched and plain peers are in one realm", async (t) => {
  const { at } = await startBridge(t);
  const plain = await (await talk(t, `ws://${at}/ws`)).join();
  await plain.subscribe("news");
  for (const serializer of ["json", "msgpack", "cbor"] as const) {
    const transport = await connect(`ws://${at}/ws`, { serializer, batched: true });
    t.after(() => transport.abort());
    const peer = await new Talk(transport).join();
    await peer.subscribe("news");
    for (let number = 0; number < 600; number += 1) peer.publish("news", [number, "é"]);
    for (let number = 0; number < 600; number += 1) {
      assert.deepEqual((await plain.expect("EVENT")).payload.args, [number, "é"]);
    }
    plain.publish("news", [new Uint8Array(100_000)]);
    const [blob] = (await peer.expect("EVENT")).payload.args ?? [];
    assert.ok(blob instanceof Uint8Array && blob.length === 100_000);
    transport.abort();
  }
});

test("a client that prefers batches joins a router that knows none", async (t) => {
  const { at } = await startBridge(t);
  // as such a router would choose: the first that it knows
  const socket = await open(t, `ws://${at}/ws`, ["wamp.2.flatbuffers.batched", "wamp.2.json", "wamp.2.json.batched"]);
  assert.equal(socket.protocol, "wamp.2.json");
});

for (const [what, payload] of [
  ["an empty one", ""],
  ["one without its last separator", HELLO],
  ["one with a message of no octets", SEPARATOR],
] as const) {
  test(`a batch that is none, ${what}, ends in ABORT and close code 1002`, async (t) => {
    const { at } = await startBridge(t);
    const socket = await open(t, `ws://${at}/ws`);
    const closed = heard(socket, "close");
    socket.send(payload);
    assert.deepEqual(
      (await next(socket)).map(([code, , reason]) => [code, reason]),
      [[3, "wamp.error.protocol_violation"]],
    );
    assert.equal((await closed)[0], 1002);
  });
}

test("websocket.maxBatch: more messages in one batch end the session, as many do not", async (t) => {
  const { at } = await startBridge(t, "websocket: { maxBatch: 5 }\n");
  const calls = (count: number): string =>
    Array.from({ length: count }, (_, i) => `[48,${String(i + 1)},{},"wamp.session.count"]${SEPARATOR}`).join("");
  const socket = await open(t, `ws://${at}/ws`);
  const closed = heard(socket, "close");
  socket.send(`${HELLO}${SEPARATOR}${calls(4)}`);
  let answers: unknown[][] = [];
  while (answers.length < 5) answers = [...answers, ...(await next(socket))];
  assert.deepEqual(
    answers.map(([code]) => code),
    [2, 50, 50, 50, 50],
  );
  socket.send(calls(6));
  assert.equal((await closed)[0], 1002);
});

test("what follows a violation within a batch is not looked at", async (t) => {
  const { at } = await startBridge(t);
  const witness = await (await talk(t, `rs://${at}`)).join();
  await witness.subscribe("news");
  const socket = await open(t, `ws://${at}/ws`);
  const closed = heard(socket, "close");
  socket.send([HELLO, '[16,1,{},"news",[1]]', "nonsense", '[16,2,{},"news",[2]]', ""].join(SEPARATOR));
  assert.equal((await closed)[0], 1002);
  assert.deepEqual((await witness.expect("EVENT")).payload.args, [1]);
  witness.call("wamp.session.count");
  await witness.expect("RESULT");
});

test("the last words of a session that the router ends are in its last batch", async (t) => {
  const { at, bridge } = await startBridge(t);
  const socket = await open(t, `ws://${at}/ws`);
  socket.send(`${HELLO}${SEPARATOR}`);
  await next(socket);
  const goodbye = next(socket);
  const stopped = bridge.stop();
  assert.deepEqual(
    (await goodbye).map(([code]) => code),
    [6],
  );
  socket.send(`[6,{},"wamp.close.goodbye_and_out"]${SEPARATOR}`);
  await stopped;
});
