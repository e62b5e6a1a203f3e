/**
 * `npm run soak -- --minutes N`: the built board at a built router over a link that is cut every few seconds, is slow at times, with a
 * journal that overflows. A consumer at the router counts every number. Ends with a table; status 1 when anything was lost in
 * silence, came out of order, or memory or file handles grew.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { nodeClient } from "@pinion/client";
import type { Client } from "@pinion/wamp/client";
import { freePort, startBridge, startDevice, until } from "../support/programs.ts";
import { ReadingAccount } from "../support/reading-account.ts";
import { UnsteadyLink } from "../support/unsteady-link.ts";

const STREAMS = 4;
const INTERVAL_MS = 25;
/** Memory may still settle in the beginning; afterwards it must stay. */
const WARM_UP = 0.25;
const RSS_GROWTH = 1.25;
const HANDLES_GROWTH = 8;

interface Sample {
  readonly rss: number;
  readonly handles: number;
}

function config(port: number, directory: string): string {
  const sensors = Array.from(
    { length: STREAMS },
    (_, n) => `      tank_${String(n + 1)}: { wave: random-walk, interval: ${String(INTERVAL_MS)}ms }`,
  );
  return `
device: { id: soak }
router: { url: "rs://127.0.0.1:${String(port)}" }
board: { gpio: simulated }
journal: { directory: ${directory}, capacity: 128 KiB, segment: 8 KiB, commitEvery: 500ms }
drivers:
  - use: simulated
    sensors:
${sensors.join("\n")}
`;
}

function sample(pid: number): Sample {
  const status = readFileSync(`/proc/${String(pid)}/status`, "utf8");
  const rss = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1_024;
  return { rss, handles: readdirSync(`/proc/${String(pid)}/fd`).length };
}

/** Up 3 to 6 s, down 0 to 4 s; every third time slow, every tenth down for long enough that the journal overflows. */
async function flap(link: UnsteadyLink, end: number): Promise<number> {
  let cuts = 0;
  while (Date.now() < end) {
    link.slow(cuts % 3 === 2);
    await sleep(3_000 + Math.random() * 3_000);
    link.cut();
    cuts += 1;
    await sleep(cuts % 10 === 5 ? 20_000 : Math.random() * 4_000);
    link.mend();
  }
  link.slow(false);
  return cuts;
}

async function health(client: Client): Promise<Record<string, Record<string, unknown>>> {
  const { args } = await client.call("device.health", [], {}, { timeout: 10_000 });
  return args[0] as Record<string, Record<string, unknown>>; // the sections that are read below
}

async function soak(minutes: number, folder: string): Promise<boolean> {
  const port = await freePort();
  const bridge = await startBridge(port);
  const link = await UnsteadyLink.to(port);
  const device = startDevice(folder, config(link.port, join(folder, "journal")));
  const pid = device.process.pid ?? 0;
  const client = nodeClient(`rs://127.0.0.1:${String(port)}`);
  const account = new ReadingAccount();
  const samples: Sample[] = [];
  const sampling = setInterval(() => void samples.push(sample(pid)), 1_000);
  try {
    client.open();
    await client.subscribe("sensor.", (event) => account.take(event), { match: "prefix" });
    await until("the board", () => health(client).then(Boolean, () => false), 30_000, device.output);
    const cuts = await flap(link, Date.now() + minutes * 60_000);
    const settled = async (): Promise<boolean> => {
      const { journal } = await health(client).catch(() => ({ journal: undefined }));
      return journal !== undefined && Number(journal["pending"]) < STREAMS * 4 && journal["gaps"] === 0;
    };
    await until("the end of the backlog", settled, 180_000, device.output);
    const { args } = await client.call("device.describe");
    const { lastReadings } = args[0] as { lastReadings: { topic: string; boot: string; seq: number }[] }; // device/README.md
    const { journal } = await health(client);
    await sleep(3_000); // what was on its way
    return table({ account, samples, made: lastReadings, cuts, written: Number(journal?.["written"]) });
  } finally {
    clearInterval(sampling);
    await client.close();
    await device.stop();
    await link.close();
    await bridge.stop();
  }
}

interface Outcome {
  readonly account: ReadingAccount;
  readonly samples: readonly Sample[];
  readonly made: readonly { topic: string; boot: string; seq: number }[];
  readonly cuts: number;
  readonly written: number;
}

function table({ account, samples, made, cuts, written }: Outcome): boolean {
  const MiB = 1024 * 1024;
  const report = account.report(made);
  const total = made.reduce((sum, { seq }) => sum + seq, 0);
  const steady = samples.slice(Math.floor(samples.length * WARM_UP));
  const third = Math.max(1, Math.floor(steady.length / 3));
  const peak = (some: readonly Sample[], of: keyof Sample): number => Math.max(0, ...some.map((one) => one[of]));
  const [rssBefore, rssAfter] = [peak(steady.slice(0, third), "rss"), peak(steady.slice(-third), "rss")];
  const [before, after] = [peak(steady.slice(0, third), "handles"), peak(steady.slice(-third), "handles")];
  const rows: readonly (readonly [string, string])[] = [
    ["link cut", String(cuts)],
    ["readings made", String(total)],
    ["delivered", String(report.delivered)],
    ["duplicates", String(report.duplicates)],
    ["gaps declared (events)", String(report.gapEvents)],
    ["readings in declared gaps", String(report.inGaps)],
    ["undeclared losses", String(report.undeclared)],
    ["out of order", String(report.outOfOrder)],
    ["peak RSS", `${(peak(samples, "rss") / MiB).toFixed(1)} MiB`],
    ["peak RSS, first and last third", `${(rssBefore / MiB).toFixed(1)} and ${(rssAfter / MiB).toFixed(1)} MiB`],
    ["file handles, first and last third", `${String(before)} and ${String(after)}`],
    ["bytes written", `${String(written)} (${(written / Math.max(1, total)).toFixed(1)} a reading)`],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  for (const [name, value] of rows) console.log(`${name.padEnd(width)}  ${value}`);
  const faults = [
    total === 0 ? "no reading was made" : "",
    report.undeclared > 0 ? `lost in silence: ${report.holes.slice(0, 10).join(", ")}` : "",
    report.outOfOrder > 0 ? "order was not kept" : "",
    rssAfter > rssBefore * RSS_GROWTH ? "memory grew" : "",
    after > before + HANDLES_GROWTH ? "file handles grew" : "",
  ].filter((fault) => fault !== "");
  for (const fault of faults) console.error(`soak: ${fault}`);
  return faults.length === 0;
}

function minutesOf(): number {
  const { values } = parseArgs({ options: { minutes: { type: "string", default: "10" } } });
  const minutes = Number(values.minutes);
  if (minutes > 0 && minutes <= 10_000) return minutes;
  throw new RangeError("--minutes is a number of minutes, up to 10000");
}

const minutes = minutesOf();
const root = join(import.meta.dirname, "../..");
if (spawnSync(process.execPath, ["deploy/build.ts"], { cwd: root, stdio: "inherit" }).status !== 0) process.exit(1);
const folder = mkdtempSync(join(tmpdir(), "pinion-soak-"));
try {
  process.exitCode = (await soak(minutes, folder)) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
