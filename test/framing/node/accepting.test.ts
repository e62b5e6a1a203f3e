import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { FramingError } from "../../../packages/net-socket-raw-framing/index.ts";
import { acceptRawSocket, type AcceptRawSocketOptions } from "../../../packages/net-socket-raw-framing/node/index.ts";
import { dial, listening, Recorder, servedPeer, withCode } from "./loopback.ts";

/** The answer and the error that a client's first octets lead to. */
async function refused(
  t: TestContext,
  octets: string,
  options: Partial<AcceptRawSocketOptions> = {},
): Promise<{ reply: string; error: FramingError }> {
  const failed = Promise.withResolvers<FramingError>();
  const { port } = await listening(t, (socket) => {
    acceptRawSocket(socket, { serializers: [1, 2], ...options }).then(
      () => failed.reject(new Error("accepted")),
      failed.resolve,
    );
  });
  const peer = await dial(t, port);
  peer.write(octets);
  const error = await failed.promise;
  await peer.ended;
  return { reply: await peer.read(peer.unread), error };
}

test("refused clients read their error and then the end, whatever they sent after it", async (t) => {
  for (const [octets, code, reply, options] of [
    ["7ff30000", "serializer_unsupported", "7f100000", {}],
    ["7ff00000", "serializer_illegal", "7f100000", {}],
    ["7f010000", "length_unacceptable", "7f200000", { minSend: 1024 }],
    ["7ff10100", "bad_reserved_octets", "7f300000", {}],
    ["7ff10000", "connection_count", "7f400000", { refuse: "connection_count" }],
    ["474554202f", "bad_magic", "", {}],
  ] as const) {
    for (const more of ["", "0000000100".repeat(2000)]) {
      const answer = await refused(t, octets + more, options);
      withCode(code)(answer.error);
      if (code !== "bad_magic") assert.equal(answer.reply, reply);
    }
  }
});

test("handshake_timeout: a client that sends three octets and waits", async (t) => {
  const { error, reply } = await refused(t, "7ff100", { handshakeTimeout: 30 });
  withCode("handshake_timeout")(error);
  assert.equal(reply, "");
});

test("handshake_closed: a client that leaves in the middle", async (t) => {
  const failed = Promise.withResolvers<unknown>();
  const { port } = await listening(t, (socket) => {
    acceptRawSocket(socket, { serializers: [1] }).catch(failed.resolve);
  });
  const peer = await dial(t, port);
  peer.write("7ff1");
  peer.socket.end();
  withCode("handshake_closed")(await failed.promise);
});

test("a handshake in single octets, the last glued to two messages, loses nothing", async (t) => {
  const accepted = Promise.withResolvers<Recorder>();
  const { port } = await listening(t, (socket) => {
    void acceptRawSocket(socket, { serializers: [1] }).then((connection) => accepted.resolve(new Recorder(connection)));
  });
  const peer = await dial(t, port);
  for (const piece of ["7f", "f1", "00"]) {
    peer.write(piece);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  peer.write("0000000001aa0000000000000001bb");
  const recorder = await accepted.promise;
  await recorder.until(() => recorder.messages.length === 3);
  assert.deepEqual(
    recorder.messages.map((one) => Buffer.from(one).toString("hex")),
    ["aa", "", "bb"],
  );
});

test("octets that a port's demultiplexer has read already come first", async (t) => {
  for (const head of ["7f", "7ff10000", "7ff100000000000101"]) {
    const accepted = Promise.withResolvers<Recorder>();
    const peeked = Promise.withResolvers<void>();
    const { port } = await listening(t, (socket) => {
      socket.once("data", (chunk: Buffer) => {
        socket.pause();
        peeked.resolve();
        assert.equal(chunk.toString("hex"), head);
        void acceptRawSocket(socket, { serializers: [1], head: chunk }).then((connection) =>
          accepted.resolve(new Recorder(connection)),
        );
      });
    });
    const peer = await dial(t, port);
    peer.write(head);
    await peeked.promise;
    if (head === "7f") peer.write("f10000");
    assert.equal(await peer.read(4), "7ff10000");
    if (head.length <= 8) peer.write("0000000101");
    const recorder = await accepted.promise;
    await recorder.until(() => recorder.messages.length === 1);
  }
});

test("without handshake the first octet is a length and the configured serializer counts", async (t) => {
  const { connection, peer } = await servedPeer(t, { handshake: "none", serializers: [3], maxReceive: 600 });
  assert.deepEqual([connection.serializer, connection.maxReceive, connection.maxSend], [3, 600, 600]);
  const recorder = new Recorder(connection);
  peer.write("00000002a1a2");
  await recorder.until(() => recorder.messages.length === 1);
  peer.write("00000259");
  withCode("frame_too_long")(await recorder.closed);
});

test("bad_option: wrong options reject and close the socket", async (t) => {
  for (const options of [
    { serializers: [] },
    { serializers: [0] },
    { maxReceive: 1 },
    { maxBuffered: -1 },
    { handshake: "none", serializers: [1, 2] },
  ] as const) {
    withCode("bad_option")((await refused(t, "7ff10000", options)).error);
  }
});

test("connection_count: without handshake there is no answer, only the end", async (t) => {
  const { error, reply } = await refused(t, "00000001", {
    handshake: "none",
    serializers: [1],
    refuse: "connection_count",
  });
  withCode("connection_count")(error);
  assert.equal(reply, "");
});
