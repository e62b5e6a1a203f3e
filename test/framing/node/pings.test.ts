import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { acceptRawSocket, type RawSocketConnection } from "../../../packages/net-socket-raw-framing/node/index.ts";
import { RawPeer, Recorder, linked, listening, record, servedPeer, withCode } from "./loopback.ts";

test("a PING is answered with exactly one PONG that echoes it bit for bit", async (t) => {
  const { connection, peer } = await servedPeer(t);
  record(connection);
  const binary = Buffer.from(Array.from({ length: 256 }, (_, at) => at)).toString("hex");
  peer.write(`0100000001000100${binary}0100000100`);
  assert.equal(await peer.read(4), "02000000");
  assert.equal(await peer.read(260), `02000100${binary}`);
  assert.equal(await peer.read(5), "0200000100");
  connection.send(Uint8Array.of(7));
  assert.equal(await peer.read(5), "0000000107");
  assert.equal(peer.unread, 0);
});

test("PINGs and messages of one chunk are answered in order", async (t) => {
  const { connection, peer } = await servedPeer(t);
  record(connection, (payload) => connection.send(payload));
  peer.write(["01000000", "000000010a", "010000010b", "000000010c"].join(""));
  assert.equal(await peer.read(19), ["02000000", "000000010a", "020000010b", "000000010c"].join(""));
});

test("ping measures the round trip, with own, binary and empty payloads, several at once", async (t) => {
  const { client, server } = await linked(t);
  record(client);
  record(server);
  const times = await Promise.all([
    client.ping(),
    client.ping(new Uint8Array(0)),
    client.ping(Uint8Array.of(0, 255, 128)),
    server.ping(new Uint8Array(70_000).fill(3)),
    client.ping(new Uint8Array(0)),
  ]);
  for (const time of times) assert.ok(time >= 0 && Number.isFinite(time));
});

test("a PONG that nobody asked for is ignored", async (t) => {
  const { connection, peer } = await servedPeer(t);
  const recorder = new Recorder(connection);
  const ping = connection.ping(Uint8Array.of(1));
  assert.equal(await peer.read(5), "0100000101");
  peer.write(["02000000", "0200000199", "0200000101", "00000001ff"].join(""));
  await ping;
  await recorder.until(() => recorder.messages.length === 1);
});

test("no PING is sent unless asked for", async (t) => {
  const { connection, peer } = await servedPeer(t);
  record(connection);
  connection.close();
  await peer.ended;
  assert.equal(peer.unread, 0);
});

test("ping_timeout: a PING without answer rejects and leaves the connection open", async (t) => {
  const { connection, peer } = await servedPeer(t, { ping: { interval: 100_000, timeout: 30 } });
  const recorder = new Recorder(connection);
  await assert.rejects(connection.ping(), withCode("ping_timeout"));
  peer.write("0000000101");
  await recorder.until(() => recorder.messages.length === 1);
});

test("ping_timeout: a peer that stays silent after the regular PING is dropped", async (t) => {
  const { connection, peer } = await servedPeer(t, { ping: { interval: 10, timeout: 30 } });
  const recorder = new Recorder(connection);
  assert.equal((await peer.read(12)).slice(0, 8), "01000008");
  withCode("ping_timeout")(await recorder.closed);
});

test("a peer that answers regular PINGs is kept, and so is one that only sends something", async (t) => {
  const { client, server } = await linked(t, { ping: { interval: 5, timeout: 1000 } });
  const recorder = new Recorder(server);
  let ended = false;
  void new Recorder(client).closed.then(() => {
    ended = true;
  });
  await new Promise((resolve) => {
    setTimeout(resolve, 60);
  });
  client.send(Uint8Array.of(1));
  await recorder.until(() => recorder.messages.length === 1);
  assert.equal(ended, false);

  const { connection, peer } = await servedPeer(t, { ping: { interval: 5, timeout: 40 } });
  const talkative = new Recorder(connection);
  const timer = setInterval(() => peer.write("00000000"), 5);
  t.after(() => clearInterval(timer));
  await talkative.until(() => talkative.messages.length >= 30);
});

test("a regular PING towards proven peers waits until the peer has sent a PING or a PONG itself", async (t) => {
  const ping = { interval: 5, timeout: 5000, towards: "proven" } as const;
  for (const proof of ["01000000", "02000000"]) {
    const { connection, peer } = await servedPeer(t, { ping });
    const recorder = record(connection);
    assert.equal(connection.answersPings, false);
    await new Promise((resolve) => setTimeout(resolve, 40));
    assert.equal(peer.unread, 0, "a PING was sent to a peer that may die of it");
    peer.write(`${proof}0000000101`);
    await recorder.until(() => recorder.messages.length === 1);
    assert.equal(connection.answersPings, true);
    if (proof === "01000000") assert.equal(await peer.read(4), "02000000");
    assert.match(await peer.read(12), /^01000008/);
  }
});

test("expectPongs: a peer that is known to answer is pinged, and dropped when it does not", async (t) => {
  const { connection, peer } = await servedPeer(t, { ping: { interval: 5, timeout: 30, towards: "proven" } });
  const recorder = record(connection);
  connection.expectPongs();
  assert.match(await peer.read(12), /^01000008(3[0-9]){8}$/);
  withCode("ping_timeout")(await recorder.closed);
});

test("a peer that never proved to answer is not dropped for its silence", async (t) => {
  const { connection, peer } = await servedPeer(t, { ping: { interval: 5, timeout: 10, towards: "proven" } });
  const recorder = record(connection);
  await new Promise((resolve) => setTimeout(resolve, 60));
  peer.write("0000000101");
  await recorder.until(() => recorder.messages.length === 1);
});

test("a peer that takes a long queue slowly is alive, though its PONG has to wait", async (t) => {
  const { connection, peer } = await servedPeer(t, { ping: { interval: 10, timeout: 250 }, maxBuffered: 2 ** 28 });
  const recorder = record(connection);
  const course = { ended: false };
  void recorder.closed.then(() => (course.ended = true));
  peer.socket.pause();
  peer.socket.removeAllListeners("data");
  const payload = new Uint8Array(60_000);
  for (let count = 0; count < 3000; count += 1) connection.send(payload);
  const end = performance.now() + 900;
  while (performance.now() < end && !course.ended) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    peer.socket.read();
  }
  assert.equal(course.ended, false);
  assert.ok(connection.bufferedAmount > 0, "the queue was not long enough to say anything");
});

test("ping_unsupported: the old raw socket has no PING", async (t) => {
  const { connection } = await servedPeer(t, { handshake: "none", serializers: [1] });
  await assert.rejects(connection.ping(), withCode("ping_unsupported"));
});

test("too_many_pings: the seventeenth unanswered PING is refused", async (t) => {
  const { connection } = await servedPeer(t);
  record(connection);
  const waiting = Array.from({ length: 16 }, () => connection.ping());
  await assert.rejects(connection.ping(), withCode("too_many_pings"));
  connection.abort();
  for (const one of waiting) await assert.rejects(one, withCode("connection_closed"));
});

test("connection_closed: PINGs under way end with the connection, later ones at once", async (t) => {
  const { connection, peer } = await servedPeer(t);
  const recorder = new Recorder(connection);
  const waiting = connection.ping();
  peer.socket.end();
  await assert.rejects(waiting, withCode("connection_closed"));
  await recorder.closed;
  await assert.rejects(connection.ping(), withCode("connection_closed"));
});

test("a flood of PINGs from a peer that does not read stops our reading; memory stays bounded", async (t) => {
  // A Unix socket: its kernel buffers are small, those of TCP would swallow 20 MB before anything stops.
  const folder = await mkdtemp(join(tmpdir(), "raw-socket-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "flood.sock");
  const accepted = Promise.withResolvers<RawSocketConnection>();
  await listening(
    t,
    (socket) => {
      const options = { serializers: [1], highWaterMark: 64 * 1024 };
      acceptRawSocket(socket, options).then(accepted.resolve, accepted.reject);
    },
    path,
  );
  const peer = new RawPeer(connect({ path, allowHalfOpen: true }));
  t.after(() => peer.socket.destroy());
  peer.write("7ff10000");
  assert.equal(await peer.read(4), "7ff10000");
  const connection = await accepted.promise;
  const recorder = record(connection);
  const flood = Buffer.from("01000000".repeat(16_384), "hex");
  const floods = 60;
  peer.socket.pause();
  const pings = floods * 16_384;
  let most = 0;
  for (let count = 0; count < floods; count += 1) {
    peer.socket.write(flood);
    most = Math.max(most, connection.bufferedAmount);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  // Answers stop at the mark, and what is not read stays with the peer.
  assert.ok(most > 64 * 1024 && most < 64 * 1024 + 8, String(most));
  assert.ok(peer.socket.writableLength > 1_000_000, String(peer.socket.writableLength));
  let received = 0;
  peer.socket.removeAllListeners("data");
  const all = new Promise<void>((resolve) => {
    peer.socket.on("data", (chunk) => {
      received += chunk.length;
      if (received === pings * 4) resolve();
    });
  });
  peer.socket.resume();
  await all;
  peer.socket.end();
  assert.equal(await recorder.closed, undefined);
});

test("message_too_long: a PING longer than the peer itself receives cannot be echoed and ends the connection", async (t) => {
  const { connection, peer } = await servedPeer(t, {}, "7f010000");
  const recorder = new Recorder(connection);
  peer.write(`01000201${"00".repeat(513)}`);
  withCode("message_too_long")(await recorder.closed);
});
