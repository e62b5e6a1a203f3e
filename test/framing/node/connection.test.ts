import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeFrame, FrameType } from "../../../packages/net-socket-raw-framing/index.ts";
import { linked, record, Recorder, servedPeer, withCode } from "./loopback.ts";

test("messages of every size arrive whole and in order, both ways", async (t) => {
  const { client, server } = await linked(t);
  const atServer = new Recorder(server, (payload) => server.send(payload));
  const atClient = new Recorder(client);
  const sizes = [0, 1, 5, 16_000, 16_383, 16_384, 16_385, 3, 65_536, 70_000, 0, 1_000_000, 2];
  for (const [at, size] of sizes.entries()) client.send(new Uint8Array(size).fill(at + 1));
  await atClient.until(() => atClient.messages.length === sizes.length);
  for (const messages of [atServer.messages, atClient.messages]) {
    for (const [at, size] of sizes.entries()) {
      const message = messages[at];
      assert.equal(message?.length, size);
      assert.ok(message?.every((octet) => octet === at + 1));
    }
  }
});

test("received payloads stay valid after the callback", async (t) => {
  const { client, server } = await linked(t);
  record(client);
  const recorder = new Recorder(server);
  for (let at = 0; at < 200; at += 1) client.send(new Uint8Array(1000).fill(at));
  await recorder.until(() => recorder.messages.length === 200);
  recorder.messages.forEach((message, at) => assert.ok(message.every((octet) => octet === at)));
});

test("a caller may reuse its small buffer once send has returned", async (t) => {
  const { client, server } = await linked(t);
  const recorder = new Recorder(server);
  const buffer = new Uint8Array(4);
  for (let at = 0; at < 3; at += 1) client.send(buffer.fill(at));
  await recorder.until(() => recorder.messages.length === 3);
  assert.deepEqual(
    recorder.messages.map((one) => one[0]),
    [0, 1, 2],
  );
});

test("the limits are inclusive and hold in both directions", async (t) => {
  const { client, server } = await linked(t, { maxReceive: 512 }, { maxReceive: 1024 });
  assert.deepEqual([client.maxSend, client.maxReceive], [1024, 512]);
  assert.deepEqual([server.maxSend, server.maxReceive], [512, 1024]);
  const [atClient, atServer] = [new Recorder(client), new Recorder(server)];
  client.send(new Uint8Array(1024));
  server.send(new Uint8Array(512));
  await atClient.until(() => atClient.messages.length === 1);
  await atServer.until(() => atServer.messages.length === 1);
});

test("message_too_long: the sender is told, nothing is sent and the connection lives", async (t) => {
  const { client, server } = await linked(t, {}, { maxReceive: 512 });
  const recorder = new Recorder(server);
  assert.throws(() => client.send(new Uint8Array(513)), withCode("message_too_long"));
  const frame = encodeFrame(FrameType.MESSAGE, new Uint8Array(513), { maxLength: 1000 });
  assert.throws(() => client.sendFrame(frame), withCode("message_too_long"));
  await assert.rejects(client.ping(new Uint8Array(513)), withCode("message_too_long"));
  client.send(Uint8Array.of(1));
  await recorder.until(() => recorder.messages.length === 1);
});

test("length_bit_not_allowed: exactly 2^24 octets need the option; then they pass", async (t) => {
  const { client } = await linked(t);
  assert.throws(() => client.send(new Uint8Array(2 ** 24)), withCode("length_bit_not_allowed"));
  const { client: bold, server } = await linked(t, { allowLengthBit: true });
  const recorder = new Recorder(server);
  bold.send(new Uint8Array(2 ** 24).fill(5));
  await recorder.until(() => recorder.messages.length === 1);
  assert.equal(recorder.messages[0]?.length, 2 ** 24);
});

test("one built frame goes to many peers; bad_frame: one that is no frame is refused", async (t) => {
  const pairs = [await linked(t), await linked(t), await linked(t)];
  const frame = encodeFrame(FrameType.MESSAGE, Buffer.from("news"), { maxLength: 512 });
  const recorders = pairs.map(({ server }) => new Recorder(server));
  for (const { client } of pairs) client.sendFrame(frame);
  for (const recorder of recorders) {
    await recorder.until(() => recorder.messages.length === 1);
    assert.equal(Buffer.from(recorder.messages[0] ?? []).toString(), "news");
  }
  assert.throws(() => pairs[0]?.client.sendFrame(Buffer.from("news")), withCode("bad_frame"));
  const ping = encodeFrame(FrameType.PING, new Uint8Array(0), { maxLength: 512 });
  assert.throws(() => pairs[0]?.client.sendFrame(ping), withCode("bad_frame"));
});

test("each fault of the peer ends the connection with its own code, after the frames before it", async (t) => {
  for (const [octets, code] of [
    ["10000000", "reserved_bits"],
    ["03000000", "reserved_type"],
    ["08000001", "bad_length_bit"],
    ["00000201", "frame_too_long"],
    ["01000201", "frame_too_long"],
  ] as const) {
    const { connection, peer } = await servedPeer(t, { maxReceive: 512 });
    const recorder = new Recorder(connection);
    peer.write(`0000000177${octets}0000000178`);
    withCode(code)(await recorder.closed);
    assert.equal(recorder.messages.length, 1);
    await peer.ended;
  }
});

test("truncated_frame: a peer that ends inside a frame", async (t) => {
  const { connection, peer } = await servedPeer(t);
  const recorder = new Recorder(connection);
  peer.write("000000050102");
  peer.socket.end();
  withCode("truncated_frame")(await recorder.closed);
});

test("connection_reset: a peer that drops the connection", async (t) => {
  const { connection, peer } = await servedPeer(t);
  const recorder = new Recorder(connection);
  peer.socket.resetAndDestroy();
  const error = await recorder.closed;
  withCode("connection_reset")(error);
  assert.ok(error?.cause instanceof Error);
});

test("socket_failed: any other error of the socket is passed on as the cause", async (t) => {
  const { connection, socket } = await servedPeer(t);
  const recorder = new Recorder(connection);
  const cause = new Error("the cable burns");
  socket.destroy(cause);
  const error = await recorder.closed;
  withCode("socket_failed")(error);
  assert.equal(error?.cause, cause);
});

test("close sends what is queued, then ends, without error on both sides", async (t) => {
  const { client, server } = await linked(t);
  const [atClient, atServer] = [new Recorder(client), new Recorder(server)];
  for (let count = 0; count < 50; count += 1) client.send(new Uint8Array(100_000));
  client.close();
  assert.equal(client.send(new Uint8Array(1)), false);
  assert.equal(await atServer.closed, undefined);
  assert.equal(await atClient.closed, undefined);
  assert.equal(atServer.messages.length, 50);
});

test("a half-open peer: what was sent to it when it ended still reaches it, then our end", async (t) => {
  const { connection, peer } = await servedPeer(t);
  const payload = new Uint8Array(3_000_000);
  const recorder = new Recorder(connection, () => connection.send(payload));
  peer.write("0000000101");
  peer.socket.end();
  await peer.ended;
  assert.equal(peer.unread, payload.length + 4);
  assert.equal(await recorder.closed, undefined);
});

test("close_timeout: a peer that does not take the rest in time", async (t) => {
  const { connection, peer } = await servedPeer(t, { closeTimeout: 50 });
  const recorder = new Recorder(connection);
  peer.socket.pause();
  connection.send(new Uint8Array(14_000_000));
  connection.close();
  withCode("close_timeout")(await recorder.closed);
});

test("a peer that took everything but never ends its side is let go without error", async (t) => {
  const { connection, peer } = await servedPeer(t, { closeTimeout: 50 });
  const recorder = new Recorder(connection);
  connection.send(Uint8Array.of(1));
  connection.close();
  assert.equal(await peer.read(5), "0000000101");
  assert.equal(await recorder.closed, undefined);
});

test("aborted: abort with an error names it to onClose, without one it is silent", async (t) => {
  const { client, server } = await linked(t);
  const [atClient, atServer] = [new Recorder(client), new Recorder(server)];
  const cause = new Error("router stops");
  client.abort(cause);
  client.abort(new Error("too late"));
  const error = await atClient.closed;
  withCode("aborted")(error);
  assert.equal(error?.cause, cause);
  await atServer.closed;
  const { client: other } = await linked(t);
  const recorder = new Recorder(other);
  other.abort();
  assert.equal(await recorder.closed, undefined);
  assert.equal(other.send(Uint8Array.of(1)), false);
  assert.equal(other.bufferedAmount, 0);
});

test("onClose is called later, never inside abort, and once", async (t) => {
  const { client } = await linked(t);
  let calls = 0;
  const closed = Promise.withResolvers<void>();
  client.start({
    onMessage: () => undefined,
    onClose: () => {
      calls += 1;
      closed.resolve();
    },
  });
  client.abort();
  assert.equal(calls, 0);
  await closed.promise;
  client.abort();
  client.close();
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  assert.equal(calls, 1);
});

test("a connection that ended before start still tells it", async (t) => {
  const { connection, peer, socket } = await servedPeer(t);
  const gone = new Promise((resolve) => {
    socket.once("close", resolve);
  });
  connection.send(new Uint8Array(10));
  socket.destroy(Object.assign(new Error("reset"), { code: "ECONNRESET" }));
  await gone;
  withCode("connection_reset")(await new Recorder(connection).closed);
  await peer.ended;
});

test("handler_failed: a handler that throws ends its own connection, with the cause", async (t) => {
  const { client, server } = await linked(t);
  record(client);
  const cause = new TypeError("bug");
  const recorder = new Recorder(server, () => {
    throw cause;
  });
  client.send(Uint8Array.of(1));
  client.send(Uint8Array.of(2));
  const error = await recorder.closed;
  withCode("handler_failed")(error);
  assert.equal(error?.cause, cause);
  assert.equal(recorder.messages.length, 1);
});

test("bad_option: start works once", async (t) => {
  const { client } = await linked(t);
  record(client);
  assert.throws(() => new Recorder(client), withCode("bad_option"));
});
