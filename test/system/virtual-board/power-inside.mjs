/**
 * Inside the virtual board, started anew after each power cut: the bundled device with its journal on a disk that loses what was not
 * flushed. Keeps a simulated line moving, makes trouble on the way out, and has the power cut while the device writes.
 * argv: folder of the bundle, folder for orders, answers and the account of the cuts, what goes before each cut, separated by commas
 * (cable, router, replay, errors), and `barrier=0` for a disk whose flushes do nothing.
 */
import { execFileSync, spawn } from "node:child_process";
import { get } from "node:http";
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const [, , bundle, folder, plan, mounting] = process.argv;
const env = process.env;
const boot = Number(env.RIG_BOOT);
const troubles = plan.split(",");
/** Readings that nobody has acknowledged: some seconds of them. */
const OWED = 25;

const rigctl = (...words) => execFileSync("rigctl", words);
const note = (what) => appendFileSync(join(folder, "cuts.jsonl"), `${JSON.stringify(what)}\n`);

async function until(what, test, limit = 90_000) {
  for (const end = performance.now() + limit; performance.now() < end; await sleep(500)) {
    const value = await test();
    if (value) return value;
  }
  throw new Error(`in vain, in boot ${boot}: ${what}; health: ${JSON.stringify(await health())}`);
}

/** Undefined while it is not there yet. Not by fetch, whose loading takes seconds here. */
function health() {
  return new Promise((resolve) => {
    const asked = get("http://127.0.0.1:9100/healthz", (response) => {
      resolve(response.toArray().then((parts) => JSON.parse(Buffer.concat(parts).toString("utf8"))));
    });
    asked.on("error", () => resolve(undefined));
  });
}

let orders = 0;
async function order(what) {
  orders += 1;
  const n = `${boot}-${orders}`;
  appendFileSync(join(folder, "orders.jsonl"), `${JSON.stringify({ n, ...what })}\n`);
  return until(`an answer to ${JSON.stringify(what)}`, () => {
    const file = join(folder, "answers.jsonl");
    const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n").slice(0, -1) : [];
    // The shared folder may show a line's room before its octets.
    return lines.map((line) => (line.includes("\0") ? {} : JSON.parse(line))).find((answer) => answer.n === n);
  });
}

function startDevice() {
  const file = join("/tmp", "board.yaml");
  writeFileSync(
    file,
    `device: { id: virtual }
router: { url: "rs://${env.RIG_HOST}:8080" }
board: { stateDir: /data/state }
journal: { directory: /data/journal, commitEvery: 500ms, segment: 32 KiB, capacity: 4 MiB }
health: { listen: "127.0.0.1:9100" }
delivery: { contact: durable }
drivers:
  - use: gpio
    pins:
      contact: { pin: GPIO27, direction: in, debounce: 0 }
  - use: serial
    ports:
      meter:
        path: ${env.RIG_UART}
        readings: [{ stream: count, pointer: /n }]
`,
  );
  const args = [join(bundle, "pinion-device.cjs"), "--config", file];
  // what is compiled once need not be after each cut
  const options = { ...env, NODE_COMPILE_CACHE: join(folder, "compiled") };
  const device = spawn(process.execPath, args, { stdio: ["ignore", "inherit", "inherit"], env: options });
  device.ended = new Promise((resolve) => device.on("exit", (code, signal) => resolve(code ?? signal)));
  return device;
}

async function moveTheLine() {
  for (let level = 1; ; level = 1 - level) {
    writeFileSync(join(env.RIG_GPIO_SIM, "sim_gpio27/pull"), level ? "pull-up" : "pull-down");
    await sleep(300);
  }
}

const joined = () =>
  until("a session in which readings are acknowledged", async () => {
    const now = await health();
    return now?.link.state === "ready" && now.readings.durable?.delivered > 10 && now;
  });
const owing = () => until("readings that are owed", async () => ((await health())?.journal.pending ?? 0) > OWED);

const makeTrouble = {
  async cable() {
    await joined();
    rigctl("cable", "out");
    await owing();
  },
  async router() {
    await joined();
    await order({ router: "stop" });
    await owing();
  },
  /** The card fails each flush for a while, then says that all is well. */
  async errors() {
    await joined();
    rigctl("disk", "errors", "flush");
    await sleep(3_000);
    rigctl("disk", "errors", "none");
    rigctl("cable", "out");
    await owing();
  },
  /** The backlog of the last boot, or what comes live, is on its way out. */
  async replay() {
    await joined();
  },
};

if (mounting) execFileSync("mount", ["-o", `remount,${mounting}`, "/data"]);
mkdirSync("/data/state", { recursive: true });
const device = startDevice();
void moveTheLine();
const trouble = troubles[boot - 1];
if (troubles[boot - 2] === "router") await order({ router: "start" });
if (trouble !== undefined) {
  await makeTrouble[trouble]();
  const wait = Math.floor(Math.random() * 1_500);
  note({ boot: (await health())?.boot, trouble, at: Date.now() + wait });
  rigctl("power-cut", String(wait));
  await sleep(30_000);
  throw new Error("the power was not cut");
}
await joined();
await order({ router: "stop" });
rigctl("cable", "out");
await owing();
await order({ router: "start" });
rigctl("cable", "in");
await until("everything to be delivered", async () => {
  const now = await health();
  return now?.link.state === "ready" && now.journal.pending < 10 && now.journal.gaps === 0;
});
await order({ finish: true });
device.kill("SIGTERM");
console.log(`the device ended with ${await device.ended}`);
process.exit(0);
