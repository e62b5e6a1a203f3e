/** A hundred thousand sessions through the built router-bridge: what it holds afterwards is what it held before. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort, startBridge, until } from "../support/programs.ts";

const VISITS = 100_000;
const LANES = 50;

function frame(text: string): Buffer {
  const octets = Buffer.from(text);
  const prefix = Buffer.alloc(4);
  prefix.writeUInt32BE(octets.length);
  return Buffer.concat([prefix, octets]);
}

const HELLO = Buffer.concat([
  Buffer.from([0x7f, 0xf1, 0, 0]),
  frame('[1,"realm1",{"roles":{"caller":{},"callee":{},"publisher":{},"subscriber":{}}}]'),
  frame('[32,1,{},"visits"]'),
]);
const GOODBYE = frame('[6,{},"wamp.close.close_realm"]');

/** Registers, calls whoever came before, and goes: with GOODBYE, with a plain end, or as if the power had failed. */
async function visit(port: number, n: number): Promise<void> {
  const socket = connect({ port, host: "127.0.0.1" });
  const gone = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.on("error", () => undefined);
  socket.write(HELLO);
  socket.write(frame(`[64,2,{},"procedure.${String(n)}"]`));
  socket.write(frame(`[48,3,{"timeout":60000},"procedure.${String(n - 1)}"]`));
  let heard = "";
  socket.on("data", (chunk: Buffer) => {
    heard += chunk.toString("latin1");
    if (!heard.includes("[65,2,")) return;
    if (n % 3 === 0) socket.resetAndDestroy();
    else if (n % 3 === 1) socket.end(GOODBYE);
    else socket.end();
  });
  await gone;
}

async function churn(port: number, from: number, count: number): Promise<void> {
  let next = from;
  const lane = async (): Promise<void> => {
    while (next < from + count) await visit(port, next++);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

function residentMiB(pid: number): number {
  const [, kib] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${String(pid)}/status`, "utf8")) ?? [];
  return Number(kib) / 1024;
}

test("a hundred thousand connects and disconnects leave memory, handles and tables where they were", async (t) => {
  const port = await freePort();
  const bridge = await startBridge(port);
  t.after(async () => void (await bridge.stop()));
  const { pid = 0 } = bridge.process;
  const files = (): number => readdirSync(`/proc/${String(pid)}/fd`).length;
  const health = async (): Promise<{
    sessions: number;
    connections: number;
    router: { joined: number; left: number };
  }> => (await (await fetch(`http://127.0.0.1:${String(port)}/healthz`)).json()) as Awaited<ReturnType<typeof health>>; // its shape is the README's
  // so much has to be seen once before memory says anything
  await churn(port, 0, 20_000);
  await sleep(1000);
  const [memory, open] = [residentMiB(pid), files()];
  const began = performance.now();
  await churn(port, 20_000, VISITS);
  t.diagnostic(`${String(Math.round(VISITS / ((performance.now() - began) / 1000)))} visits a second`);
  await until(`${String(open)} open files as before`, () => files() <= open + 1);
  const { sessions, connections, router } = await health();
  assert.equal(sessions, 0);
  // the one that asks
  assert.ok(connections <= 1);
  assert.equal(router.joined, router.left);
  assert.equal(router.joined, VISITS + 20_000);
  const grown = residentMiB(pid) - memory;
  t.diagnostic(`${memory.toFixed(0)} MiB before, ${grown.toFixed(1)} MiB more after`);
  assert.ok(grown < 20, `${grown.toFixed(1)} MiB more are resident`);
});
