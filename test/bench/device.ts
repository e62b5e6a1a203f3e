/**
 * `npm run bench:device`: what the board side costs, beside bare scripts on autobahn and MQTT.js that do the same work and
 * none of the checking. Options: --repeat <n>, --quick, --save (writes the committed result).
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { buildAside } from "./build-aside.ts";
import { buildBoards, type Address, type Board, type BoardName } from "./device-board.ts";
import { openMqttOutside, openWampOutside, type Outside } from "./device-outside.ts";
import { cpuSeconds, ownOctets, residentOctets } from "./load/system-cost.ts";
import { median } from "./result.ts";
import { machine } from "./router-result.ts";
import { startServer } from "./server.ts";
import { short } from "./short-figure.ts";

const { values } = parseArgs({
  options: {
    repeat: { type: "string", default: "3" },
    quick: { type: "boolean", default: false },
    save: { type: "boolean", default: false },
  },
});

const RATE = 1000;
const SETTLE = values.quick ? 1000 : 2500;
const BUSY = values.quick ? 2000 : 4000;
const CALLS = values.quick ? 500 : 2000;
const WARM_UP_CALLS = 300;

const metrics = {
  start: "start to joined, ms",
  idleRss: "memory idle (RSS), MB",
  idleOwn: "of it not of Node's file (RssAnon), MB",
  idleCpu: "CPU idle, ms/s",
  roundTripP50: "device.gpio.set from a WebSocket, p50, us",
  roundTripP99: "the same, p99, us",
  busyRss: "memory at 1,000 readings/s, MB",
  perReading: "CPU for each reading, us",
  readings: "readings/s that arrived",
  loaded: "JavaScript that is loaded, KB",
  shipped: "JavaScript in all files, KB",
} as const;
type Metric = keyof typeof metrics;
type Figures = Record<Metric, number>;

function under(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

async function roundTrips(outside: Outside): Promise<readonly number[]> {
  const times: number[] = [];
  for (let call = 0; call < WARM_UP_CALLS + CALLS; call += 1) {
    const from = performance.now();
    await outside.setPin(call % 2);
    if (call >= WARM_UP_CALLS) times.push((performance.now() - from) * 1000);
  }
  return times.sort((a, b) => a - b);
}

interface Place {
  readonly board: Board;
  readonly address: Address;
  readonly outside: Outside;
}

async function measureIdle({
  board,
  address,
  outside,
}: Place): Promise<Pick<Figures, "start" | "idleCpu" | "idleRss" | "idleOwn" | "roundTripP50" | "roundTripP99">> {
  const joined = outside.joined();
  const from = performance.now();
  const running = board.start(address, 0);
  const pid = running.process.pid ?? 0;
  try {
    await Promise.race([joined, ended(running.process, running.output)]);
    const start = performance.now() - from;
    await sleep(SETTLE);
    const before = cpuSeconds([pid]);
    await sleep(SETTLE);
    const idleCpu = ((cpuSeconds([pid]) - before) / SETTLE) * 1e6;
    const idleRss = residentOctets([pid]) / 1e6;
    const idleOwn = ownOctets([pid]) / 1e6;
    const times = await roundTrips(outside);
    return { start, idleCpu, idleRss, idleOwn, roundTripP50: under(times, 0.5), roundTripP99: under(times, 0.99) };
  } finally {
    await running.stop();
  }
}

async function measureCode({ board, address, outside }: Place): Promise<Pick<Figures, "loaded" | "shipped">> {
  const joined = outside.joined();
  const running = board.startCounting(address);
  await Promise.race([joined, ended(running.process, running.output)]);
  await running.stop("SIGUSR2");
  const [, octets] = /^loaded-code (\d+)$/m.exec(running.output()) ?? [];
  return { loaded: Number(octets) / 1000, shipped: board.shipped / 1000 };
}

async function ended(child: NodeJS.EventEmitter, output: () => string): Promise<never> {
  await new Promise((resolve) => child.once("exit", resolve));
  throw new Error(`the board ended:\n${output()}`);
}

async function measureBusy(
  { board, address, outside }: Place,
  idleCpu: number,
): Promise<Pick<Figures, "busyRss" | "perReading" | "readings">> {
  const joined = outside.joined();
  const running = board.start(address, RATE);
  const pid = running.process.pid ?? 0;
  try {
    await Promise.race([joined, ended(running.process, running.output)]);
    await sleep(SETTLE);
    const from = { cpu: cpuSeconds([pid]), readings: outside.readings(), at: performance.now() };
    await sleep(BUSY);
    const seconds = (performance.now() - from.at) / 1000;
    const readings = outside.readings() - from.readings;
    const cpu = cpuSeconds([pid]) - from.cpu - (idleCpu / 1000) * seconds;
    return { busyRss: residentOctets([pid]) / 1e6, perReading: (cpu / readings) * 1e6, readings: readings / seconds };
  } finally {
    await running.stop();
  }
}

async function measureAll(repeat: number): Promise<Record<BoardName, Figures>> {
  const boards = await buildBoards();
  const router = await startServer("pinion", { program: (await buildAside("pinion-router-bridge")).script });
  const broker = await startServer("mosquitto", { program: "" });
  const address = { router: router.port, broker: broker.port };
  const wamp = await openWampOutside(address);
  const mqtt = await openMqttOutside(broker.webSocket ?? 0);
  const runs = new Map<BoardName, Figures[]>();
  try {
    for (let turn = 0; turn < repeat; turn += 1) {
      for (const board of boards) {
        const place = { board, address, outside: board.name === "mqtt" ? mqtt : wamp };
        const idle = await measureIdle(place);
        const figures = { ...idle, ...(await measureBusy(place, idle.idleCpu)), ...(await measureCode(place)) };
        runs.set(board.name, [...(runs.get(board.name) ?? []), figures]);
      }
    }
  } finally {
    await wamp.close();
    await mqtt.close();
    await router.stop();
    await broker.stop();
  }
  const middle = (name: BoardName): Figures => {
    const of = (metric: Metric): [Metric, number] => [
      metric,
      Number(median((runs.get(name) ?? []).map((figures) => figures[metric])).toPrecision(4)),
    ];
    // One entry for each metric.
    return Object.fromEntries((Object.keys(metrics) as Metric[]).map(of)) as Figures;
  };
  return { "pinion-device": middle("pinion-device"), autobahn: middle("autobahn"), mqtt: middle("mqtt") };
}

const wanted: Partial<Figures> = { idleRss: 60, start: 1000, loaded: 400 };

function table(figures: Record<BoardName, Figures>): string {
  const names = Object.keys(figures) as BoardName[]; // its keys
  const line = (cells: readonly string[]): string =>
    `${(cells[0] ?? "").padEnd(46)}${cells
      .slice(1)
      .map((cell) => cell.padStart(15))
      .join("")}`;
  const rows = (Object.entries(metrics) as [Metric, string][]).map(([metric, label]) => {
    const limit = wanted[metric];
    const ours = figures["pinion-device"][metric];
    const verdict = limit === undefined ? "" : `   ${ours <= limit ? "reached" : "MISSED"}: at most ${String(limit)}`;
    return line([label, ...names.map((name) => short(figures[name][metric]))]) + verdict;
  }); // its entries
  return [line(["", ...names]), ...rows].join("\n");
}

const figures = await measureAll(Math.max(1, Math.round(Number(values.repeat)) || 1));
const text = table(figures);
console.log(text);
const folder = values.save ? join(import.meta.dirname, "results") : join(import.meta.dirname, "../../test-results");
mkdirSync(folder, { recursive: true });
const result = { machine: machine(), repeat: Number(values.repeat), figures };
writeFileSync(join(folder, "device.json"), `${JSON.stringify(result, null, 2)}\n`);
if (values.save) writeFileSync(join(folder, "device.txt"), `${text}\n`);
