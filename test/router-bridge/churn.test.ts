import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { WebSocket } from "ws";
import { eventually, startBridge, type TestBridge } from "../support/router-bridge-fixture.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void; // what the flag adds

const HELLO = '[1,"realm1",{"roles":{"caller":{},"callee":{},"publisher":{},"subscriber":{}}}]';
const GOODBYE = '[6,{},"wamp.close.close_realm"]';

function frame(text: string): Buffer {
  const octets = Buffer.from(text);
  const prefix = Buffer.alloc(4);
  prefix.writeUInt32BE(octets.length);
  return Buffer.concat([prefix, octets]);
}

/** What a session leaves behind if somebody forgets to clear up: a subscription, a registration, calls both ways. */
function belongings(n: number): readonly string[] {
  return [
    `[32,1,{},"topic.${String(n % 50)}"]`,
    `[32,2,{"match":"prefix"},"pattern.${String(n)}."]`,
    `[64,3,{},"procedure.${String(n)}"]`,
    `[48,4,{"timeout":60000},"procedure.${String(n - 1)}"]`,
    `[48,5,{},"wamp.session.add_testament",["topic.0",[],{}]]`,
  ];
}

type Way = "goodbye" | "end" | "reset" | "silent";
const WAYS: readonly Way[] = ["goodbye", "end", "reset", "silent"];

/** One raw-socket session that comes, takes what it can get, and goes. */
async function rawVisit(port: number, n: number): Promise<void> {
  const way = WAYS[n % WAYS.length] ?? "end";
  const socket = connect({ port, host: "127.0.0.1" });
  const gone = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.on("error", () => undefined);
  socket.write(Buffer.from([0x7f, 0xf1, 0, 0]));
  if (way !== "silent") for (const text of [HELLO, ...belongings(n)]) socket.write(frame(text));
  let heard = "";
  socket.on("data", (chunk: Buffer) => {
    heard += chunk.toString("latin1");
    if (way === "silent" || heard.includes("[65,3,")) leave(socket, way);
  });
  await gone;
}

function leave(socket: Socket, way: Way): void {
  if (way === "reset") socket.resetAndDestroy();
  else if (way === "goodbye") socket.end(frame(GOODBYE));
  else socket.end();
}

async function webSocketVisit(port: number, n: number): Promise<void> {
  const webSocket = new WebSocket(`ws://127.0.0.1:${String(port)}/ws`, ["wamp.2.json"]);
  const gone = new Promise<void>((resolve) => webSocket.once("close", () => resolve()));
  webSocket.on("error", () => undefined);
  webSocket.on("open", () => {
    for (const text of [HELLO, ...belongings(n)]) webSocket.send(text);
  });
  webSocket.on("message", (data) => {
    if (!Buffer.isBuffer(data) || !data.toString().startsWith("[65,3,")) return;
    if (n % 2 === 0) webSocket.terminate();
    else webSocket.send(GOODBYE);
  });
  await gone;
}

async function churn({ port }: TestBridge, from: number, count: number): Promise<void> {
  let next = from;
  const lane = async (): Promise<void> => {
    while (next < from + count) {
      const n = next++;
      await (n % 10 === 9 ? webSocketVisit(port, n) : rawVisit(port, n));
    }
  };
  await Promise.all(Array.from({ length: 20 }, lane));
}

function handles(): number {
  return process.getActiveResourcesInfo().filter((name) => name.startsWith("TCP") || name === "PipeWrap").length;
}

test("two thousand sessions that come and go in every way leave no handle, no entry and no memory behind", async (t) => {
  const started = await startBridge(t);
  const { bridge } = started;
  const settled = (): Promise<unknown> => eventually(() => bridge.connections === 0, "everybody is gone");
  const held = (): number => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  await churn(started, 0, 400);
  await settled();
  const [memory, open] = [held(), handles()];
  await churn(started, 400, 2000);
  await settled();
  await eventually(() => bridge.sizes?.sessions === 0, "every session has ended");
  assert.deepEqual(bridge.sizes, {
    sessions: 0,
    members: 0,
    subscriptions: 0,
    registrations: 0,
    pendingCalls: 0,
    deadlines: 0,
  });
  await eventually(() => handles() <= open, `${String(open)} handles as before`);
  const grown = held() - memory;
  assert.ok(grown < 1_500_000, `${String(grown)} octets of heap are still held`);
  assert.equal(bridge.counters.get("violations"), 0);
});
