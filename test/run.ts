/**
 * `npm test`: every test there is. `node test/run.ts unit` leaves out what needs built bundles, a browser, other
 * people's programs or the virtual board; `node test/run.ts system` runs those, and `node test/run.ts boards` what runs on an
 * emulated processor. `npm run test:long` runs what takes longer than anybody waits for before a commit.
 */
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const SYSTEM = ["system", "browser", "interop"];
const UNIT = [
  "acceptance",
  "architecture",
  "bench",
  "config",
  "client",
  "cli",
  "deploy",
  "device",
  "drivers",
  "framing",
  "property",
  "router",
  "router-bridge",
  "vectors",
  "wamp",
  "contract",
  "dashboard",
];
const LONG = ["long"];

/** They keep one core busy with emulation and wait for no time of the wall: two at a time. */
const EMULATED = /^test\/system\/(virtual-board|installed-board|artefacts)/;

/** What starts processes, ports and browsers of its own goes one file at a time; the rest share the cores. */
const suites = {
  unit: { folders: UNIT, only: isAny, concurrency: 2, build: false, timeout: 300_000 },
  system: { folders: SYSTEM, only: isNotEmulated, concurrency: 1, build: true, timeout: 300_000 },
  boards: { folders: SYSTEM, only: isEmulated, concurrency: 2, build: true, timeout: 600_000 },
  long: { folders: LONG, only: isAny, concurrency: 1, build: true, timeout: 3_600_000 },
} as const;

function isAny(): boolean {
  return true;
}

function isEmulated(file: string): boolean {
  return EMULATED.test(file);
}

function isNotEmulated(file: string): boolean {
  return !isEmulated(file);
}

function run(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { cwd: root, stdio: "inherit" }).status === 0;
}

function runSuite(name: keyof typeof suites): boolean {
  const { folders, only, concurrency, build, timeout } = suites[name];
  if (build && !run(process.execPath, ["deploy/build.ts"])) return false;
  const files = globSync(
    folders.map((folder) => `test/${folder}/**/*.test.ts`),
    { cwd: root },
  );
  return run(process.execPath, [
    "--test",
    `--test-concurrency=${String(concurrency)}`,
    `--test-timeout=${String(timeout)}`,
    ...files.filter(only).toSorted(),
  ]);
}

function isSuite(name: string): name is keyof typeof suites {
  return name in suites;
}

const wanted = process.argv[2] ?? "all";
if (wanted !== "all" && !isSuite(wanted)) {
  console.error(`unknown suite '${wanted}': it is one of all, ${Object.keys(suites).join(", ")}`);
  process.exit(2);
}
const names = wanted === "all" ? (["unit", "system", "boards"] as const) : ([wanted] as const);
const passed = names.map(runSuite);
if (passed.includes(false)) process.exitCode = 1;
