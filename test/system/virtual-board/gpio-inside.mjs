/**
 * Inside the virtual board: the bundled device on the real kernel's GPIO, over each back-end that is named. Moves the
 * simulated chip's inputs, takes the cable, the chip and the process away, and prints what the kernel says of the lines.
 * argv: folder of the bundle, folder for orders and answers, back-ends; with `:short` one is driven, killed and ended only.
 */
import { spawn, execFileSync } from "node:child_process";
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const [, , bundle, folder, ...backends] = process.argv;
const env = process.env;
const made = "/sys/kernel/config/gpio-sim/chip0";
/** Where the simulated chip's other side is; a chip that comes back may have another number. */
const sim = () => {
  const name = (file) => readFileSync(join(made, file), "utf8").trim();
  return join("/sys/devices/platform", name("dev_name"), name("bank0/chip_name"));
};
const tracing = "/sys/kernel/tracing";

const fact = (name, value) => console.log(`FACT ${JSON.stringify([name, value])}`);
const pull = (line, level) => writeFileSync(join(sim(), `sim_gpio${line}/pull`), level ? "pull-up" : "pull-down");
const wire = (line) => Number(readFileSync(join(sim(), `sim_gpio${line}/value`), "utf8"));

async function until(what, test, limit = 90_000, pause = 50) {
  for (const end = performance.now() + limit; performance.now() < end; await sleep(pause)) {
    const value = await test();
    if (value) return value;
  }
  throw new Error(`in vain: ${what}`);
}

/** What the kernel drove on a line since it was last asked, repetitions left out. */
function driven(line) {
  const trace = readFileSync(join(tracing, "trace"), "utf8");
  const levels = [...trace.matchAll(new RegExp(`gpio_value: ${Number(env.RIG_GPIO_BASE) + line} set ([01])`, "g"))];
  return levels
    .map(([, level]) => level)
    .filter((level, index, all) => level !== all[index - 1])
    .join("");
}
const forget = () => writeFileSync(join(tracing, "trace"), "");

let orders = 0;
async function order(what) {
  orders += 1;
  const n = orders;
  appendFileSync(join(folder, "orders.jsonl"), `${JSON.stringify({ n, ...what })}\n`);
  const file = join(folder, "answers.jsonl");
  return until(`an answer to ${JSON.stringify(what)}`, () => {
    const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n").slice(0, -1) : [];
    // The shared folder may show a line's room before its octets.
    return lines.map((line) => (line.includes("\0") ? {} : JSON.parse(line))).find((answer) => answer.n === n);
  });
}
const call = (name, args, caller) => order({ procedure: `device.gpio.${name}`, args, ...(caller ? { caller } : {}) });

const script = join(bundle, "pinion-device.cjs");
function start(config) {
  const child = spawn(process.execPath, [script, "--config", config], { stdio: ["ignore", "inherit", "inherit"] });
  child.ended = new Promise((resolve) => child.on("exit", (code, signal) => resolve(code ?? signal)));
  return child;
}
/** Not often: each look takes from the processor that the board starts on. */
const registered = () =>
  until(
    "the board's procedures",
    async () => {
      const { answer } = await order({ procedure: "device.health" });
      return answer?.drivers?.[0]?.state === "ok";
    },
    90_000,
    500,
  );

function config(backend, more = "") {
  const file = join(folder, `${backend}${more ? "-more" : ""}.yaml`);
  const contact = backend === "chardev" ? "pull: up, debounce: 0, counter: {}" : "debounce: 0, counter: {}";
  writeFileSync(
    file,
    `device: { id: virtual }
router: { url: "rs://10.0.2.2:8080" }
board: { gpioBackend: ${backend}, stateDir: ${join(folder, "state")} }
drivers:
  - use: gpio
    checkInterval: 1s
    pins:
      pump: { pin: GPIO17, direction: out, tags: [actuator], onLinkLost: hold }
      light: { pin: header 16, direction: out }
      valve: { pin: 5, direction: out, activeLow: true }
      contact: { pin: GPIO27, direction: in, ${contact} }
${more}`,
  );
  return file;
}

/** The kernel keeps a line for one process; over sysfs it would be shared. */
async function secondProcess(say) {
  forget();
  const second = spawn(process.execPath, [script, "--config", config("chardev")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let words = "";
  second.stdout.on("data", (chunk) => (words += chunk));
  await until("the second process to be refused", () => /in use by/.test(words));
  second.kill("SIGKILL");
  await new Promise((resolve) => second.on("exit", resolve));
  say("busy", /[^"]*in use by[^"]*/.exec(words)?.[0]);
  say("driven over a second process", [driven(17), driven(23), driven(5)]);
}

async function run(way) {
  const [backend, short] = way.split(":");
  const say = (name, value) => fact(`${backend}: ${name}`, value);
  forget();
  const device = start(config(backend));
  await registered();
  say("driven at start", [driven(17), driven(23), driven(5)]);
  if (!short) {
    await counting(backend, device, say);
    await leasing(say);
    if (backend === "chardev") await secondProcess(say);
  }
  await dying(backend, device, say, short);
}

async function counting(backend, device, say) {
  if (backend === "chardev") say("pulled up", (await call("get", ["contact"])).answer?.value);
  const { count: before } = (await call("count", ["contact"])).answer;
  // While the device cannot run, the kernel alone knows of the pulses.
  device.kill("SIGSTOP");
  for (let pulse = 0; pulse < 100; pulse += 1) {
    for (const level of [0, 1]) {
      pull(27, level);
      await sleep(2);
    }
  }
  device.kill("SIGCONT");
  let counted = 0;
  let lossless = null;
  const told = async () => {
    const { answer } = await call("count", ["contact"]);
    ({ lossless } = answer);
    counted = answer.count - before;
    return counted === 100;
  };
  await until("all pulses to be counted", told, 5_000).catch(() => undefined); // sysfs never gets there
  say("count", { counted, lossless });
}

async function leasing(say) {
  const lease = (await call("set", ["pump", 1, "1h"], "a")).answer;
  say("lease", lease);
  say("pump on", wire(17));
  await order({ leave: "a" });
  await until("the lease to end with its caller", () => wire(17) === 0);
  say("audit", (await call("audit", ["pump", 2])).answer);

  forget();
  await call("set", ["light", 1]);
  await order({ restartRouter: true });
  await registered();
  say("driven over the router's restart", [driven(17), driven(23), driven(5)]);

  await call("set", ["pump", 1, "4s"], "b");
  say("pump on before the cable is out", wire(17));
  execFileSync("rigctl", ["cable", "out"]);
  await until("the lease to end without a link", () => wire(17) === 0);
  execFileSync("rigctl", ["cable", "in"]);
  await registered();
  say("light after the cable", wire(23));
}

async function dying(backend, first, say, short) {
  await call("set", ["pump", 1]);
  first.kill("SIGKILL");
  await first.ended;
  say("pump after kill -9", wire(17));
  const safe = spawn(process.execPath, [script, "--safe", "--config", config(backend)], { stdio: "inherit" });
  say("--safe ended with", await new Promise((resolve) => safe.on("exit", resolve)));
  say("after --safe", [wire(17), wire(23), wire(5)]);

  forget();
  const device = start(config(backend, "      fan: { pin: 6, direction: out, safe: 1 }\n"));
  await registered();
  say("driven over restart and reconfiguration", [driven(17), driven(23), driven(5), driven(6)]);
  if (!short) {
    say("count after kill -9", (await call("count", ["contact"])).answer?.kept);
    await losingTheChip(say);
  }

  forget();
  device.kill("SIGTERM");
  say("ended with", await device.ended);
  say("driven at the end", [driven(17), driven(23), driven(5), driven(6)]);
}

async function losingTheChip(say) {
  await call("set", ["light", 1]);
  const live = join(made, "live");
  writeFileSync(live, "0");
  const gone = await until("the lost chip to be noticed", async () => {
    const { answer } = await order({ procedure: "device.health" });
    return ["restarting", "faulted"].includes(answer?.drivers?.[0]?.state) && answer.drivers[0];
  });
  say("chip gone", gone.cause);
  say("set without a chip", (await call("set", ["light", 1])).error);
  writeFileSync(live, "1");
  await registered();
  say("light after the chip is back", wire(23));
  await call("set", ["light", 1]);
  say("light on again", wire(23));
}

try {
  execFileSync("mount", ["-t", "tracefs", "nodev", tracing], { stdio: "ignore" });
} catch {
  // it is there already
}
writeFileSync(join(tracing, "events/gpio/gpio_value/enable"), "1");
pull(27, 1);
try {
  for (const backend of backends) await run(backend);
  fact("done", true);
} catch (error) {
  fact("failed", String(error));
}
process.exit(0);
