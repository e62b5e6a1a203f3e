import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { connectRawSocket, listenRawSocket } from "../../../packages/net-socket-raw-framing/node/index.ts";
import { openError, openingError } from "../../../packages/net-socket-raw-framing/node/socket-error.ts";
import { listening, RawPeer, Recorder, withCode } from "./loopback.ts";

const host = "127.0.0.1";

test("the client sends four octets, waits, and then speaks within the router's limit", async (t) => {
  const { port } = await listening(t, (socket) => {
    const peer = new RawPeer(socket);
    void peer.read(4).then((request) => {
      assert.equal(request, "7f720000");
      assert.equal(peer.unread, 0);
      // In pieces, and glued to a first message.
      peer.write("7f");
      setImmediate(() => peer.write("0200000000000207"));
      setImmediate(() => peer.write("08"));
    });
  });
  const client = await connectRawSocket({ host, port, serializer: 2, maxReceive: 100_000 });
  t.after(() => client.abort());
  assert.deepEqual([client.serializer, client.maxSend, client.maxReceive], [2, 512, 65_536]);
  assert.deepEqual([client.remote.local, client.remote.tls, client.remote.port], [true, false, port]);
  const recorder = new Recorder(client);
  await recorder.until(() => recorder.messages.length === 1);
  assert.deepEqual([...(recorder.messages[0] ?? [])], [7, 8]);
  assert.throws(() => client.send(new Uint8Array(513)), withCode("message_too_long"));
});

test("connect_refused: nobody listens on the port", async () => {
  const server = await listenRawSocket({ port: 0, serializers: [1], onConnection: () => undefined });
  const address = server.address();
  assert.ok(address !== undefined && "port" in address);
  await server.close();
  await assert.rejects(connectRawSocket({ host, port: address.port, serializer: 1 }), withCode("connect_refused"));
});

test("connect_refused: there is no such Unix socket", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "raw-socket-"));
  t.after(() => rm(folder, { recursive: true }));
  await assert.rejects(connectRawSocket({ path: join(folder, "none"), serializer: 1 }), withCode("connect_refused"));
});

test("connect_timeout: a host that accepts but never finishes TLS", async (t) => {
  const { port } = await listening(t, (socket) => socket.resume());
  const attempt = connectRawSocket({ host, port, serializer: 1, tls: {}, connectTimeout: 50 });
  await assert.rejects(attempt, withCode("connect_timeout"));
});

test("connect_failed: whatever else the system says is passed on as the cause", async () => {
  const attempt = connectRawSocket({ path: `/${"long".repeat(100)}`, serializer: 1 });
  await assert.rejects(attempt, (error) => withCode("connect_failed")(error) && (error as Error).cause !== undefined); // checked by withCode
});

test("the system's errors have names: those that loopback cannot produce", () => {
  const failure = (code: string): Error => Object.assign(new Error(code), { code });
  for (const [system, code] of [
    ["ENOTFOUND", "host_not_found"],
    ["EAI_AGAIN", "host_not_found"],
    ["EHOSTUNREACH", "host_unreachable"],
    ["ENETUNREACH", "host_unreachable"],
    ["ETIMEDOUT", "connect_timeout"],
  ] as const) {
    const error = openingError(failure(system), "there:1");
    withCode(code)(error);
    assert.match(error.message, /there:1/);
  }
  withCode("connection_timed_out")(openError(failure("ETIMEDOUT")));
  withCode("connection_reset")(openError(failure("EPIPE")));
  withCode("socket_failed")(openError(failure("EIO")));
  withCode("tls_failed")(openError(failure("ERR_SSL_TLSV1_ALERT_UNKNOWN_CA")));
});

test("host_not_found: a name that no name server knows", async () => {
  const attempt = connectRawSocket({ host: "no-such-host.invalid", port: 1, serializer: 1 });
  await assert.rejects(attempt, withCode("host_not_found"));
});

test("host_unreachable: the code is kept for EHOSTUNREACH with its cause", () => {
  const cause = Object.assign(new Error("no route"), { code: "EHOSTUNREACH" });
  assert.equal(openingError(cause, "x").cause, cause);
  withCode("host_unreachable")(openingError(cause, "x"));
});

test("connection_timed_out: keepalive found the peer's host gone", () => {
  withCode("connection_timed_out")(openError(Object.assign(new Error("gone"), { code: "ETIMEDOUT" })));
});

test("handshake_timeout: a router that never answers", async (t) => {
  const { port } = await listening(t, (socket) => socket.resume());
  const attempt = connectRawSocket({ host, port, serializer: 1, handshakeTimeout: 30 });
  await assert.rejects(attempt, withCode("handshake_timeout"));
});

test("handshake_closed: a router that closes or resets instead of answering", async (t) => {
  const { port } = await listening(t, (socket) => socket.end());
  await assert.rejects(connectRawSocket({ host, port, serializer: 1 }), withCode("handshake_closed"));
  const { port: rude } = await listening(t, (socket) => {
    socket.once("data", () => socket.resetAndDestroy());
  });
  await assert.rejects(connectRawSocket({ host, port: rude, serializer: 1 }), withCode("handshake_closed"));
});

test("each refusal of the router reaches the caller by name and closes the socket", async (t) => {
  for (const [reply, code] of [
    ["7f100000", "serializer_unsupported"],
    ["7f200000", "length_unacceptable"],
    ["7f300000", "reserved_bits_refused"],
    ["7f400000", "connection_count"],
    ["7ff00000", "handshake_refused"],
    ["7ff30000", "serializer_mismatch"],
    ["7ff10001", "bad_reserved_octets"],
    ["48545450", "bad_magic"],
  ] as const) {
    const gone = Promise.withResolvers<void>();
    const { port } = await listening(t, (socket) => {
      const peer = new RawPeer(socket);
      void peer.ended.then(gone.resolve);
      peer.write(reply);
    });
    await assert.rejects(connectRawSocket({ host, port, serializer: 1 }), withCode(code), reply);
    await gone.promise;
  }
});

test("aborted: a signal ends the attempt before, while connecting and during the handshake", async (t) => {
  const { port } = await listening(t, (socket) => socket.resume());
  const reason = new Error("no longer wanted");
  const before = connectRawSocket({ host, port, serializer: 1, signal: AbortSignal.abort(reason) });
  await assert.rejects(before, (error) => withCode("aborted")(error) && (error as Error).cause === reason); // checked by withCode
  const connecting = new AbortController();
  const attempt = connectRawSocket({ host, port, serializer: 1, signal: connecting.signal });
  connecting.abort();
  await assert.rejects(attempt, withCode("aborted"));
  const shaking = new AbortController();
  const { port: silent } = await listening(t, (socket) => {
    socket.once("data", () => shaking.abort());
  });
  await assert.rejects(
    connectRawSocket({ host, port: silent, serializer: 1, signal: shaking.signal }),
    withCode("aborted"),
  );
});

test("bad_option: wrong options reject before a socket is opened", async () => {
  const wrong = [
    { serializer: 0 },
    { serializer: 16 },
    { serializer: 1, maxReceive: 100 },
    { serializer: 1, highWaterMark: 0 },
    { serializer: 1, handshakeTimeout: Number.NaN },
    { serializer: 1, connectTimeout: 2 ** 31 },
    { serializer: 1, ping: { interval: 0, timeout: 1 } },
    { serializer: 1, handshake: "none", ping: { interval: 1, timeout: 1 } },
    { serializer: 1, handshake: "none", maxReceive: 2 ** 32 },
  ] as const;
  for (const options of wrong) {
    await assert.rejects(connectRawSocket({ host, port: 9, ...options }), withCode("bad_option"));
  }
  await assert.rejects(connectRawSocket({ serializer: 1 }), withCode("bad_option"));
  await assert.rejects(connectRawSocket({ serializer: 1, host, port: 70_000 }), withCode("bad_option"));
});

test("without handshake messages flow at once, with plain lengths", async (t) => {
  const { port } = await listening(t, (socket) => socket.pipe(socket));
  const client = await connectRawSocket({ host, port, serializer: 1, handshake: "none", maxReceive: 1000 });
  t.after(() => client.abort());
  assert.deepEqual([client.maxReceive, client.maxSend, client.serializer], [1000, 1000, 1]);
  const recorder = new Recorder(client);
  client.send(Uint8Array.of(1, 2, 3));
  await recorder.until(() => recorder.messages.length === 1);
  assert.deepEqual([...(recorder.messages[0] ?? [])], [1, 2, 3]);
  await assert.rejects(client.ping(), withCode("ping_unsupported"));
});

test("a Unix socket is a local peer without address", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "raw-socket-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "router.sock");
  await listening(t, (socket) => void socket.write(Buffer.from("7ff10000", "hex")), path);
  const client = await connectRawSocket({ path, serializer: 1 });
  assert.deepEqual(client.remote, { address: undefined, port: undefined, local: true, tls: false });
  client.abort();
});
