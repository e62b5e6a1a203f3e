/**
 * The built router-bridge as a process, loaded over raw socket from this one: events delivered and calls answered per
 * second. Beside it, in the same run, the bare limit: a Node process that copies frames without looking at them.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { connectRawSocket, type RawSocketConnection } from "net-socket-raw-framing/node";
import { nodeClient } from "@pinion/client";
import { payloadOf, toId, toUri, type Message, type RequestId } from "@pinion/wamp";
import type { Client } from "@pinion/wamp/client";
import { serializers } from "@pinion/wamp/serializer";
import { freePort, startBridge } from "../support/programs.ts";
import { median, type BenchResult } from "./result.ts";

const SECONDS = 1.5;
const RUNS = 3;
const json = serializers.json;
const body = "x".repeat(86);

function publish(request: number): Message {
  return {
    type: "PUBLISH",
    request: toId<RequestId>(request),
    options: {},
    topic: toUri("bench.topic"),
    payload: payloadOf([body]),
  };
}

async function connect(port: number): Promise<RawSocketConnection> {
  return connectRawSocket({ host: "127.0.0.1", port, serializer: json.rawSocketCode });
}

/** A hand-driven session: joins, then sends whatever `next` makes for as long as the socket takes it. */
async function joinedConnection(
  port: number,
): Promise<{ connection: RawSocketConnection; drained: () => Promise<void> }> {
  const connection = await connect(port);
  const { promise, resolve } = Promise.withResolvers<void>();
  let wake: () => void = () => {};
  connection.start({ onMessage: () => resolve(), onClose: () => wake(), onDrain: () => wake() });
  connection.send(json.marshal({ type: "HELLO", realm: toUri("realm1"), details: { roles: { publisher: {} } } }));
  await promise;
  return { connection, drained: () => new Promise((done) => (wake = done)) };
}

async function flood(
  source: { connection: RawSocketConnection; drained: () => Promise<void> },
  make: (n: number) => Uint8Array,
): Promise<void> {
  const end = performance.now() + SECONDS * 1000;
  for (let n = 1; performance.now() < end;) {
    let room = true;
    for (let i = 0; i < 64; i += 1) room = source.connection.send(make(n++)) && room;
    if (room) await new Promise(setImmediate);
    else await source.drained();
  }
}

/** Events that `count` raw receivers got while the source sent as much as it could. */
async function deliveredPerSecond(port: number, count: number): Promise<number> {
  let received = 0;
  const receivers: RawSocketConnection[] = [];
  for (let i = 0; i < count; i += 1) {
    const receiver = await connect(port);
    const { promise, resolve } = Promise.withResolvers<void>();
    let replies = 0;
    receiver.start({
      onMessage: () => {
        if (replies < 2) {
          replies += 1;
          if (replies === 1)
            receiver.send(
              json.marshal({
                type: "SUBSCRIBE",
                request: toId<RequestId>(1),
                options: {},
                topic: toUri("bench.topic"),
              }),
            );
          else resolve();
        } else received += 1;
      },
      onClose: () => {},
    });
    receiver.send(json.marshal({ type: "HELLO", realm: toUri("realm1"), details: { roles: { subscriber: {} } } }));
    await promise;
    receivers.push(receiver);
  }
  const source = await joinedConnection(port);
  const started = performance.now();
  await flood(source, (n) => json.marshal(publish(n)));
  const rate = received / ((performance.now() - started) / 1000);
  for (const { abort } of [source.connection, ...receivers].map((one) => ({ abort: () => one.abort() }))) abort();
  return rate;
}

async function callsPerSecond(caller: Client, inFlight: number): Promise<number> {
  const end = performance.now() + SECONDS * 1000;
  const started = performance.now();
  let calls = 0;
  const lane = async (): Promise<void> => {
    while (performance.now() < end) {
      await caller.call("bench.echo", [body]);
      calls += 1;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return calls / ((performance.now() - started) / 1000);
}

/** Frames per second through the copier: one source, `count` receivers. */
async function copiedPerSecond(count: number): Promise<number> {
  const child = fork(new URL("bare-copier.ts", import.meta.url));
  // The copier says its port and nothing else.
  const [port] = (await once(child, "message")) as [number];
  let received = 0;
  const receivers: RawSocketConnection[] = [];
  const { connection, drained } = await bareConnection(port);
  for (let i = 0; i < count; i += 1) {
    const receiver = await connect(port);
    receiver.start({ onMessage: () => (received += 1), onClose: () => {} });
    receivers.push(receiver);
  }
  const frame = json.marshal(publish(1));
  const started = performance.now();
  await flood({ connection, drained }, () => frame);
  const rate = received / ((performance.now() - started) / 1000);
  for (const one of [connection, ...receivers]) one.abort();
  child.kill();
  return rate;
}

async function bareConnection(
  port: number,
): Promise<{ connection: RawSocketConnection; drained: () => Promise<void> }> {
  const connection = await connect(port);
  let wake: () => void = () => {};
  connection.start({ onMessage: () => {}, onClose: () => wake(), onDrain: () => wake() });
  return { connection, drained: () => new Promise((done) => (wake = done)) };
}

async function repeat(measure: () => Promise<number>): Promise<number> {
  const values: number[] = [];
  for (let i = 0; i < RUNS; i += 1) values.push(await measure());
  return median(values);
}

export async function run(): Promise<BenchResult[]> {
  const results: BenchResult[] = [];
  const port = await freePort();
  const bridge = await startBridge(port);
  const callee = nodeClient(`rs://127.0.0.1:${String(port)}`, { realm: "realm1" });
  const caller = nodeClient(`rs://127.0.0.1:${String(port)}`, { realm: "realm1" });
  callee.open();
  caller.open();
  await callee.register("bench.echo", ({ args }) => args[0]);
  try {
    for (const count of [1, 10]) {
      const limit = await repeat(() => copiedPerSecond(count));
      const value = await repeat(() => deliveredPerSecond(port, count));
      results.push({ name: `bare copy of frames, 1 to ${String(count)}`, unit: "frames/s", value: limit });
      results.push({
        name: `events delivered, 1 to ${String(count)}, 100 B`,
        unit: "events/s",
        value,
        ratioTo: "bare copy",
        ratio: value / limit,
      });
    }
    for (const inFlight of [1, 64]) {
      const value = await repeat(() => callsPerSecond(caller, inFlight));
      results.push({ name: `calls, ${String(inFlight)} in flight, 100 B`, unit: "calls/s", value });
    }
  } finally {
    await caller.close();
    await callee.close();
    await bridge.stop();
  }
  return results;
}
