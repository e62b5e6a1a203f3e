/**
 * Outside the virtual board: the built router-bridge, and callers that do what the board's side asks for. Orders come as one
 * JSON object a line in argv[2], answers go the same way to argv[3]: { n, answer } or { n, error }.
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { nodeClient } from "@pinion/client";
import type { Client } from "@pinion/wamp/client";
import { startBridge } from "../../support/programs.ts";

const PORT = 8080;
const [, , orders = "", answers = ""] = process.argv;

interface Order {
  readonly n: number;
  readonly caller?: string;
  readonly procedure?: string;
  readonly args?: readonly unknown[];
  readonly leave?: string;
  readonly restartRouter?: boolean;
}

const callers = new Map<string, Client>();
let bridge = await startBridge(PORT);

async function caller(name: string): Promise<Client> {
  const known = callers.get(name);
  if (known !== undefined) return known;
  const client = nodeClient(`rs://127.0.0.1:${String(PORT)}`, { realm: "realm1" });
  callers.set(name, client);
  client.open();
  await client.ready(AbortSignal.timeout(20_000));
  return client;
}

async function carryOut({
  caller: name = "default",
  procedure,
  args = [],
  leave,
  restartRouter,
}: Order): Promise<unknown> {
  if (leave !== undefined) {
    await callers.get(leave)?.close();
    callers.delete(leave);
  }
  if (restartRouter === true) {
    await bridge.stop("SIGKILL");
    bridge = await startBridge(PORT);
  }
  if (procedure === undefined) return null;
  return (await (await caller(name)).call(procedure, args, {}, { timeout: 10_000 })).args[0];
}

process.once("SIGTERM", () => void bridge.stop().then(() => process.exit(0)));
for (let done = 0; ;) {
  const lines = existsSync(orders) ? readFileSync(orders, "utf8").split("\n").slice(0, -1) : [];
  for (const line of lines.slice(done)) {
    const order = JSON.parse(line) as Order; // written by gpio-inside.mjs
    const outcome = await carryOut(order).then(
      (answer) => ({ answer }),
      (error: unknown) => ({ error: String(error) }),
    );
    appendFileSync(answers, `${JSON.stringify({ n: order.n, ...outcome })}\n`);
  }
  done = lines.length;
  await sleep(50);
}
