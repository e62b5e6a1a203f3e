/**
 * Outside the virtual board: the built router-bridge, which is killed and started when the board's side says so, and a consumer that writes
 * down each reading and each gap as it gets them. argv: orders, answers, account; one JSON object a line in each.
 */
import { appendFileSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { nodeClient } from "@pinion/client";
import { startBridge, until, type Running } from "../../support/programs.ts";

const PORT = 8080;
const [, , orders = "", answers = "", account = ""] = process.argv;

interface Order {
  readonly n: string;
  readonly router?: "stop" | "start";
  readonly finish?: true;
}

const write = (file: string, what: unknown): void => appendFileSync(file, `${JSON.stringify(what)}\n`);
let bridge: Running | undefined = await startBridge(PORT);
const client = nodeClient(`rs://127.0.0.1:${String(PORT)}`, { realm: "realm1" });
client.open();
const heard = new Map<string, number>();
await client.subscribe(
  "sensor.",
  ({ topic, args, kwargs, details }) => {
    write(account, { topic, value: args[0], kwargs, late: kwargs["replayed"] === true || details["history"] === true });
    heard.set(`${topic} ${String(kwargs["boot"])}`, Number(kwargs["seq"]));
  },
  { match: "prefix", from: {}, onReadingGap: (gap) => write(account, { topic: gap.topic, gap }) },
);

/** The newest of each stream that the board has made, once the consumer has come as far. */
async function finish(): Promise<unknown> {
  const { args } = await client.call("device.describe", [], {}, { timeout: 20_000 });
  const { lastReadings } = args[0] as { lastReadings: { topic: string; boot: string; seq: number }[] }; // device/README.md
  const made = lastReadings.map(({ topic, boot, seq }) => ({ topic, boot, seq }));
  const all = (): boolean => made.every(({ topic, boot, seq }) => (heard.get(`${topic} ${boot}`) ?? 0) >= seq);
  await until("the consumer to have the newest readings", all, 60_000);
  return made;
}

async function carryOut({ router, finish: isLast }: Order): Promise<unknown> {
  if (router === "stop") {
    await bridge?.stop("SIGKILL");
    bridge = undefined;
  }
  if (router === "start" && bridge === undefined) bridge = await startBridge(PORT);
  return isLast === true ? finish() : null;
}

process.once("SIGTERM", () => void bridge?.stop().then(() => process.exit(0)));
for (let done = 0; ;) {
  const lines = readFileSync(orders, "utf8").split("\n").slice(0, -1);
  for (const line of lines.slice(done)) {
    const order = JSON.parse(line) as Order; // written by power-inside.mjs
    const answer = await carryOut(order).catch((error: unknown) => String(error));
    write(answers, { n: order.n, answer });
  }
  done = lines.length;
  await sleep(50);
}
