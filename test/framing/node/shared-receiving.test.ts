import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls, createServer } from "node:tls";
import { test, type TestContext } from "node:test";
import { receiveShared } from "../../../packages/net-socket-raw-framing/node/shared-receiving.ts";
import { TEST_CERTIFICATE, TEST_KEY } from "../../support/test-certificate.ts";
import { linked, listening, record, Recorder } from "./loopback.ts";

async function pair(t: TestContext): Promise<{ ours: Socket; peer: Socket }> {
  let accepted: (socket: Socket) => void = () => undefined;
  const ours = new Promise<Socket>((resolve) => {
    accepted = resolve;
  });
  const { port } = await listening(t, (socket) => accepted(socket));
  const peer = connect({ port, host: "127.0.0.1" });
  t.after(() => peer.destroy());
  return { ours: await ours, peer };
}

test("a socket that this Node accepted, and one that it opened, receive into the shared memory", async (t) => {
  const { ours, peer } = await pair(t);
  for (const [to, from] of [
    [ours, peer],
    [peer, ours],
  ] as const) {
    const { promise, resolve } = Promise.withResolvers<string>();
    assert.equal(receiveShared(to, { onShared: (chunk) => resolve(Buffer.from(chunk).toString()) }), true);
    to.resume();
    from.write("hello");
    assert.equal(await promise, "hello");
  }
  assert.equal(ours.bytesRead, 5);
  peer.end();
  await once(ours, "end");
});

test("what a stream holds already comes as data, before what is received later", async (t) => {
  const { ours, peer } = await pair(t);
  ours.pause();
  peer.write("first");
  ours.read(0);
  while (ours.readableLength === 0) await new Promise(setImmediate);
  const got: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  ours.on("data", (chunk: Buffer) => got.push(`data ${chunk.toString()}`));
  receiveShared(ours, {
    onShared: (chunk) => {
      got.push(`shared ${Buffer.from(chunk).toString()}`);
      resolve();
    },
  });
  ours.pause();
  peer.write("second");
  ours.resume();
  await promise;
  assert.deepEqual(got, ["data first", "shared second"]);
});

test("nothing is received between pause and resume", async (t) => {
  const { ours, peer } = await pair(t);
  const chunks: number[] = [];
  let received: () => void = () => undefined;
  const next = (): Promise<void> =>
    new Promise((resolve) => {
      received = resolve;
    });
  receiveShared(ours, {
    onShared: (chunk) => {
      chunks.push(chunk.length);
      ours.pause();
      received();
    },
  });
  const first = next();
  ours.resume();
  peer.write(Buffer.alloc(1_000_000));
  await first;
  for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
  assert.equal(chunks.length, 1);
  const second = next();
  ours.resume();
  await second;
  assert.equal(chunks.length, 2);
});

test("a TLS socket goes on as it was", async (t) => {
  const server = createServer({ key: TEST_KEY, cert: TEST_CERTIFICATE }).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  const socket = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false });
  t.after(() => socket.destroy());
  await once(socket, "secureConnect");
  assert.equal(receiveShared(socket, { onShared: () => assert.fail("shared") }), false);
});

test("what a paused connection has not taken yet survives what others receive meanwhile", async (t) => {
  const [paused, other] = [await linked(t), await linked(t)];
  record(paused.client);
  record(other.client);
  const first: Recorder = new Recorder(paused.server, () => paused.server.pause());
  const second = new Recorder(other.server);
  for (let at = 1; at <= 5; at += 1) paused.client.send(new Uint8Array(1000).fill(at));
  await first.until(() => first.messages.length === 1);
  for (let at = 0; at < 100; at += 1) other.client.send(new Uint8Array(5000).fill(0xee));
  await second.until(() => second.messages.length === 100);
  for (let at = 2; at <= 5; at += 1) {
    paused.server.resume();
    await first.until(() => first.messages.length === at);
  }
  first.messages.forEach((message, at) => assert.ok(message.every((octet) => octet === at + 1)));
});

test("unfinished frames of many connections do not mix", async (t) => {
  const links = await Promise.all(Array.from({ length: 8 }, () => linked(t)));
  const recorders = links.map(({ server }) => new Recorder(server));
  for (const { client } of links) record(client);
  for (let round = 0; round < 10; round += 1) {
    links.forEach(({ client }, at) => {
      for (const size of [10, 70_000, 3, 200_000]) client.send(new Uint8Array(size).fill(at * 10 + round));
    });
  }
  await Promise.all(recorders.map((one) => one.until(() => one.messages.length === 40)));
  recorders.forEach(({ messages }, at) =>
    messages.forEach((message, nth) => {
      const fill = at * 10 + Math.floor(nth / 4);
      assert.ok(message.every((octet) => octet === fill));
    }),
  );
});
