import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeFrame, FrameType } from "../../../packages/net-socket-raw-framing/index.ts";
import {
  connectRawSocket,
  listenRawSocket,
  type RawSocketConnection,
} from "../../../packages/net-socket-raw-framing/node/index.ts";
import { TEST_CERTIFICATE, TEST_KEY } from "../../support/test-certificate.ts";
import { linked, record, Recorder, servedPeer, withCode } from "./loopback.ts";

const OPEN = { maxLength: 2 ** 24 };
const hex = (octets: Uint8Array): string => Buffer.from(octets).toString("hex");
const message = (...octets: number[]): Uint8Array => encodeFrame(FrameType.MESSAGE, Uint8Array.from(octets), OPEN);

/** Takes runs of all messages that do not begin with 0xff; keeps runs and messages in the order in which they came. */
function takeRuns(connection: RawSocketConnection, onRun?: () => void): { readonly got: string[]; recorder: Recorder } {
  const got: string[] = [];
  const recorder = record(connection, (payload) => got.push(hex(payload)));
  connection.passRuns({
    takes: (octets, at) => octets[at] !== 0xff,
    onRun: (frames) => {
      got.push(`run ${hex(frames)}`);
      onRun?.();
    },
  });
  return { got, recorder };
}

test("a PING inside a run is answered, and counts, between the messages before and after it", async (t) => {
  const { connection, peer } = await servedPeer(t);
  const { got } = takeRuns(connection);
  peer.write("00000001aa00000001bb01000002070700000001ff00000001cc");
  assert.equal(await peer.read(6), "020000020707");
  assert.equal(connection.answersPings, true);
  assert.deepEqual(got, ["run 00000001aa00000001bb", "ff", "run 00000001cc"]);
});

test("pause inside onRun holds back all that follows, also of the same chunk, and of the peer's end", async (t) => {
  const { connection, peer } = await servedPeer(t);
  const { got, recorder } = takeRuns(connection, () => connection.pause());
  peer.write("00000001aa00000001bb00000001ff00000001cc");
  peer.socket.end();
  while (got.length < 1) await new Promise(setImmediate);
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
  assert.deepEqual(got, ["run 00000001aa00000001bb"]);
  connection.resume();
  while (got.length < 3) await new Promise(setImmediate);
  assert.deepEqual(got.slice(1), ["ff", "run 00000001cc"]);
  connection.resume();
  assert.equal(await recorder.closed, undefined);
});

test("a fault behind a run ends the connection after the run, with the fault's own code", async (t) => {
  for (const [bad, code] of [
    ["10000000", "reserved_bits"],
    ["03000000", "reserved_type"],
    ["00000201", "frame_too_long"],
  ] as const) {
    const { connection, peer } = await servedPeer(t, { maxReceive: 512 });
    const { got, recorder } = takeRuns(connection);
    peer.write(`00000001aa${bad}00000001bb`);
    withCode(code)(await recorder.closed);
    assert.deepEqual(got, ["run 00000001aa"]);
  }
});

test("a handler of runs that throws ends its own connection with handler_failed", async (t) => {
  const { connection, peer } = await servedPeer(t);
  const { recorder } = takeRuns(connection, () => assert.fail("a handler's fault"));
  peer.write("00000001aa");
  withCode("handler_failed")(await recorder.closed);
});

test("a run sent on leaves as it came, in order with other messages, though its memory is overwritten", async (t) => {
  const { client, server } = await linked(t);
  record(client);
  const recorder = new Recorder(server);
  const run = Buffer.concat(Array.from({ length: 4000 }, (_, i) => message(1, i & 255, i >> 8, 7, 7)));
  client.send(Uint8Array.of(0));
  assert.equal(client.sendRun(run.subarray(0, 9)), true);
  const rest = run.subarray(9);
  client.sendRun(rest);
  rest.fill(0xee);
  client.send(Uint8Array.of(2));
  await recorder.until(() => recorder.messages.length === 4002);
  const expected = Array.from({ length: 4000 }, (_, i) => [1, i & 255, i >> 8, 7, 7]);
  assert.deepEqual(
    recorder.messages.map((one) => [...one]),
    [[0], ...expected, [2]],
  );
});

test("sendRun tells when to stop, onDrain when to go on, and what is no run within the peer's limit is not sent", async (t) => {
  const { client, server } = await linked(t, { highWaterMark: 100_000 }, { maxReceive: 512 });
  const producer = new Recorder(client);
  const consumer = new Recorder(server);
  for (const wrong of [Buffer.concat([message(1), Buffer.from("01000000", "hex")]), message(1).subarray(0, 4)]) {
    assert.throws(() => client.sendRun(wrong), withCode("bad_frame"));
  }
  const long = encodeFrame(FrameType.MESSAGE, new Uint8Array(513), OPEN);
  assert.throws(() => client.sendRun(Buffer.concat([message(1), long])), withCode("bad_frame"));
  const run = Buffer.concat(Array.from({ length: 100 }, () => encodeFrame(0, new Uint8Array(496), OPEN)));
  let [sent, stops] = [0, 0];
  while (sent < 400) {
    const drains = producer.drains;
    sent += 1;
    assert.ok(client.bufferedAmount <= 100_000 + run.length);
    if (client.sendRun(run)) continue;
    stops += 1;
    await producer.until(() => producer.drains > drains);
  }
  await consumer.until(() => consumer.messages.length === 40_000);
  assert.ok(consumer.messages.every(({ length }) => length === 496));
  assert.ok(stops > 10, String(stops));
  client.close();
  await producer.closed;
  assert.equal(client.sendRun(run), false);
});

test("runs over TLS pass from connection to connection unmixed, also while the receivers stop now and then", async (t) => {
  const tls = { key: TEST_KEY, cert: TEST_CERTIFICATE };
  const server = await listenRawSocket({
    port: 0,
    serializers: [1],
    tls,
    onConnection: (connection) => {
      // each connection gets its own messages back
      connection.start({
        onMessage: (payload) => {
          if (!connection.send(payload)) connection.pause();
        },
        onDrain: () => connection.resume(),
        onClose: () => undefined,
      });
      connection.passRuns({
        takes: () => true,
        onRun: (frames) => {
          if (!connection.sendRun(frames)) connection.pause();
        },
      });
    },
  });
  t.after(() => server.close());
  const address = server.address();
  assert.ok(address !== undefined && "port" in address);
  const each = 20_000;
  const filler = Array.from({ length: 97 }, (_, i) => i);
  const run = (who: number): Buffer =>
    Buffer.concat(Array.from({ length: each }, (_, i) => message(who, i & 255, i >> 8, ...filler)));
  await Promise.all(
    [1, 2, 3].map(async (who) => {
      const target = { host: "127.0.0.1", port: address.port, serializer: 1, tls: { ca: TEST_CERTIFICATE } };
      const client = await connectRawSocket(target);
      t.after(() => client.abort());
      let got = 0;
      const { promise, resolve } = Promise.withResolvers<void>();
      client.start({
        onMessage: (payload) => {
          assert.deepEqual([...payload.subarray(0, 3)], [who, got & 255, got >> 8]);
          assert.equal(payload.length, 100);
          got += 1;
          if (got % 5000 === 0) {
            client.pause();
            setTimeout(() => client.resume(), 10);
          }
          if (got === each) resolve();
        },
        onClose: (error) => assert.equal(error, undefined),
      });
      client.sendRun(run(who));
      await promise;
    }),
  );
});
