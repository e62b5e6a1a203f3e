/**
 * What it costs to keep a reading: the journal beside the naive way (a file per reading) and SQLite. `node test/bench/journal.ts
 * [--readings N] [folder]`. Octets are what the process handed to the block layer (`write_bytes` of /proc/self/io), which on a file system in
 * memory is 0; the octets of the files stand beside it.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { parseArgs } from "node:util";
import { BootClocks } from "../../device/journal/boot-clocks.ts";
import { Journal } from "../../device/journal/journal.ts";
import { journalDefaults } from "../../device/journal/journal-limits.ts";
import { nodeDisk } from "../../device/journal/node-disk.ts";
import type { Reading } from "../../drivers/reading.ts";

interface Contender {
  readonly name: string;
  /** Of the readings asked for: those that would take minutes make fewer. */
  readonly share: number;
  readonly run: (folder: string, readings: number) => Promise<void>;
}

const clock = { wall: () => Date.now(), mono: () => performance.now() };
const timers = {
  after: (ms: number, run: () => void) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
const silent = (): void => undefined;
const log = { debug: silent, info: silent, warn: silent, error: silent };
const STREAM = "tank_level";
/** Readings that come together, as from a bus that is polled. */
const BURST = 50;

function reading(seq: number): Reading {
  const value = Math.round(Math.sin(seq / 100) * 1_000) / 100;
  return { value, unit: "cm", t: clock.wall(), mono: clock.mono(), boot: "bench", seq, quality: "good", synced: true };
}

async function journaled(folder: string, readings: number, commitEvery: number): Promise<void> {
  const limits = { ...journalDefaults, commitEvery };
  const clocks = new BootClocks({ boot: "bench", clock });
  const options = { clock, clocks, timers, log, boot: "bench", streams: [STREAM], limits };
  const journal = await Journal.open({ ...options, disk: nodeDisk(folder) });
  for (let seq = 1; seq <= readings; seq += 1) {
    journal.append(STREAM, reading(seq));
    if (commitEvery === 0) await journal.flush();
    else if (seq % BURST === 0) await new Promise((next) => setImmediate(next));
  }
  await journal.close();
}

async function filePerReading(folder: string, readings: number): Promise<void> {
  for (let seq = 1; seq <= readings; seq += 1) {
    const file = join(folder, `${String(seq)}.json`);
    const handle = await open(`${file}.new`, "w");
    await handle.writeFile(JSON.stringify(reading(seq)));
    await handle.sync();
    await handle.close();
    await rename(`${file}.new`, file);
  }
}

async function sqlite(folder: string, readings: number, group: number): Promise<void> {
  const database = new DatabaseSync(join(folder, "readings.db"));
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  database.exec(
    "CREATE TABLE reading (stream TEXT, boot TEXT, seq INTEGER, body TEXT, PRIMARY KEY (stream, boot, seq))",
  );
  const insert = database.prepare("INSERT INTO reading VALUES (?, ?, ?, ?)");
  for (let seq = 1; seq <= readings;) {
    database.exec("BEGIN");
    for (const end = Math.min(readings, seq + group - 1); seq <= end; seq += 1) {
      insert.run(STREAM, "bench", seq, JSON.stringify(reading(seq)));
    }
    database.exec("COMMIT");
    await new Promise((next) => setImmediate(next));
  }
  database.close();
}

/** As many readings as fit into 64 KiB of the journal. */
const GROUP = 500;

const contenders: readonly Contender[] = [
  { name: "journal, groups of 2 s or 64 KiB", share: 1, run: (folder, n) => journaled(folder, n, 2_000) },
  { name: "journal, each reading synced", share: 0.05, run: (folder, n) => journaled(folder, n, 0) },
  { name: "a file per reading, synced", share: 0.05, run: filePerReading },
  { name: `node:sqlite WAL FULL, groups of ${String(GROUP)}`, share: 1, run: (folder, n) => sqlite(folder, n, GROUP) },
  { name: "node:sqlite WAL FULL, each reading", share: 0.05, run: (folder, n) => sqlite(folder, n, 1) },
];

function blockWrites(): number {
  return Number(/^write_bytes: (\d+)/m.exec(readFileSync("/proc/self/io", "utf8"))?.[1] ?? 0);
}

function sizeOf(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

async function measure({ run, share }: Contender, root: string, readings: number): Promise<readonly string[]> {
  const count = Math.max(1, Math.round(readings * share));
  const folder = mkdtempSync(join(root, "journal-bench-"));
  try {
    const [octets, cpu, started] = [blockWrites(), process.cpuUsage(), performance.now()];
    await run(folder, count);
    const seconds = (performance.now() - started) / 1_000;
    const { user, system } = process.cpuUsage(cpu);
    const written = blockWrites() - octets;
    return [
      String(count),
      (count / seconds).toFixed(0),
      ((user + system) / count).toFixed(1),
      (written / count).toFixed(0),
      (sizeOf(folder) / count).toFixed(0),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const { values, positionals } = parseArgs({
  options: { readings: { type: "string", default: "20000" } },
  allowPositionals: true,
});
const readings = Number(values.readings);
if (!Number.isSafeInteger(readings) || readings < 1) throw new RangeError("--readings is a whole number from 1");
const root = positionals[0] ?? tmpdir();
mkdirSync(root, { recursive: true });
console.log(
  "| way | readings | readings/s | CPU µs a reading | octets to the disk a reading | octets kept a reading |",
);
console.log("|---|---|---|---|---|---|");
for (const contender of contenders) {
  const cells = await measure(contender, root, readings);
  console.log(`| ${[contender.name, ...cells].join(" | ")} |`);
}
