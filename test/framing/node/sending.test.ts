import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { test } from "node:test";
import { encodeFrame, FrameDecoder, FrameType } from "../../../packages/net-socket-raw-framing/index.ts";
import { linked, record, Recorder, servedPeer, withCode } from "./loopback.ts";

/** Counts the gathered writes that a socket is asked for, and the parts of each. */
function watchWrites(socket: Socket): number[] {
  const writes: number[] = [];
  // Node calls these with one part or with all the parts that were written while corked.
  const single = socket._write.bind(socket);
  const many = socket._writev?.bind(socket);
  socket._write = (chunk, encoding, callback) => {
    writes.push(1);
    single(chunk, encoding, callback);
  };
  socket._writev = (chunks, callback) => {
    writes.push(chunks.length);
    many?.(chunks, callback);
  };
  return writes;
}

test("small frames of one turn are one write of one part", async (t) => {
  const { connection, peer, socket } = await servedPeer(t);
  record(connection);
  const writes = watchWrites(socket);
  for (let count = 0; count < 500; count += 1) connection.send(Uint8Array.of(count & 255));
  const octets = await peer.read(2500);
  assert.deepEqual(writes, [1]);
  assert.equal(octets.slice(0, 20), "00000001000000000101");
});

test("a large payload leaves at once, with what waited before it", async (t) => {
  const { connection, peer, socket } = await servedPeer(t);
  record(connection);
  const writes = watchWrites(socket);
  const large = new Uint8Array(20_000).fill(9);
  connection.send(Uint8Array.of(1));
  connection.send(large);
  connection.send(Uint8Array.of(2));
  const octets = await peer.read(5 + 20_004 + 5);
  assert.deepEqual(writes, [2, 1]);
  assert.equal(octets.slice(0, 20), "000000010100004e2009");
  assert.equal(octets.slice(-12), "090000000102".slice(-12));
});

test("send tells when to stop and onDrain when to go on; nothing is lost", async (t) => {
  const { client, server } = await linked(t, { highWaterMark: 100_000 });
  const producer = new Recorder(client);
  const consumer = new Recorder(server);
  const payload = new Uint8Array(10_000);
  let [sent, stops] = [0, 0];
  while (sent < 2000) {
    const drains = producer.drains;
    sent += 1;
    assert.ok(client.bufferedAmount <= 100_000 + payload.length);
    if (client.send(payload)) continue;
    stops += 1;
    await producer.until(() => producer.drains > drains);
    assert.ok(client.bufferedAmount <= 50_000, String(client.bufferedAmount));
  }
  await consumer.until(() => consumer.messages.length === 2000);
  assert.ok(stops > 10);
  assert.equal(client.bufferedAmount, 0);
});

test("a paused receiver stops the producer, and resume lets everything through", async (t) => {
  const { client, server } = await linked(t, { maxBuffered: 2 ** 26 });
  const producer = new Recorder(client);
  const consumer = new Recorder(server, () => {
    if (consumer.messages.length === 1) server.pause();
  });
  const payload = new Uint8Array(100_000);
  let sent = 0;
  while (sent < 500 && (client.send(payload) || sent < 100)) sent += 1;
  await consumer.until(() => consumer.messages.length === 1);
  await new Promise((resolve) => {
    setTimeout(resolve, 30);
  });
  assert.equal(consumer.messages.length, 1);
  assert.ok(client.bufferedAmount > 0);
  assert.equal(producer.drains, 0);
  server.resume();
  await consumer.until(() => consumer.messages.length >= sent);
  await producer.until(() => producer.drains > 0);
});

test("pause inside onMessage holds back the very next message, also one of the same chunk", async (t) => {
  const { client, server } = await linked(t);
  record(client);
  const recorder = new Recorder(server, () => {
    server.pause();
    const seen = recorder.messages.length;
    setImmediate(() => {
      assert.equal(recorder.messages.length, seen);
      server.resume();
    });
  });
  for (let count = 0; count < 20; count += 1) client.send(Uint8Array.of(count));
  await recorder.until(() => recorder.messages.length === 20);
  assert.deepEqual(
    recorder.messages.map((one) => one[0]),
    Array.from({ length: 20 }, (_, at) => at),
  );
});

test("messages held back by pause are still delivered after the peer has ended", async (t) => {
  const { connection, peer } = await servedPeer(t);
  const recorder = new Recorder(connection, () => {
    if (recorder.messages.length === 1) connection.pause();
  });
  peer.write("000000010100000001020000000103");
  peer.socket.end();
  await recorder.until(() => recorder.messages.length === 1);
  connection.resume();
  assert.equal(await recorder.closed, undefined);
  assert.equal(recorder.messages.length, 3);
});

test("send_queue_full: a peer that does not read is dropped at the limit, not before and not silently", async (t) => {
  const { connection, peer } = await servedPeer(t, { maxBuffered: 1_000_000 });
  const recorder = new Recorder(connection);
  peer.socket.pause();
  const payload = new Uint8Array(100_000);
  let most = 0;
  for (let turn = 0; turn < 1000 && connection.bufferedAmount + payload.length + 4 <= 1_000_000; turn += 1) {
    connection.send(payload);
    most = Math.max(most, connection.bufferedAmount);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  assert.ok(most > 800_000 && most <= 1_000_000, String(most));
  assert.equal(connection.send(payload), false);
  withCode("send_queue_full")(await recorder.closed);
  assert.equal(connection.bufferedAmount, 0);
});

test("one message over maxBuffered passes when nothing else waits", async (t) => {
  const { client, server } = await linked(t, { maxBuffered: 1000 });
  record(client);
  const recorder = new Recorder(server);
  assert.equal(client.send(new Uint8Array(50_000)), true);
  await recorder.until(() => recorder.messages.length === 1);
});

test("10,000 messages of mixed sizes over many turns come through whole", async (t) => {
  const { connection, peer } = await servedPeer(t, { maxBuffered: 2 ** 26 });
  record(connection);
  let [count, sum] = [0, 0];
  const decoder = new FrameDecoder({ maxLength: 2 ** 24 }, (type, payload) => {
    assert.equal(type, FrameType.MESSAGE);
    assert.equal(payload[0] ?? count & 255, count & 255);
    count += 1;
    sum += payload.length;
  });
  const done = Promise.withResolvers<void>();
  peer.socket.removeAllListeners("data");
  peer.socket.on("data", (chunk) => {
    decoder.push(chunk);
    if (count === 10_000) done.resolve();
  });
  let expected = 0;
  for (let at = 0; at < 10_000; at += 1) {
    const size = (at * 37) % (at % 100 === 0 ? 40_000 : 300);
    expected += size;
    const payload = new Uint8Array(size).fill(at);
    if (at % 2 === 0) connection.send(payload);
    else connection.sendFrame(encodeFrame(FrameType.MESSAGE, payload, { maxLength: 2 ** 24 }));
    if (at % 97 === 0) {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
  }
  await done.promise;
  assert.equal(sum, expected);
});
