/**
 * `npm test`: every test there is. `node test/run.ts unit` leaves out what needs built bundles, a browser, other
 * people's programs or the virtual board; `node test/run.ts system` runs only those. `npm run test:long` runs what takes
 * longer than anybody waits for before a commit.
 */
import { spawnSync } from "node:child_process";
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

/** These start processes, ports and browsers of their own, so one file at a time; the rest share the cores. */
const suites = {
  unit: { folders: UNIT, concurrency: 2, build: false, timeout: 300_000 },
  system: { folders: SYSTEM, concurrency: 1, build: true, timeout: 420_000 },
  long: { folders: LONG, concurrency: 1, build: true, timeout: 3_600_000 },
} as const;

function run(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { cwd: root, stdio: "inherit" }).status === 0;
}

function runSuite(name: keyof typeof suites): boolean {
  const { folders, concurrency, build, timeout } = suites[name];
  if (build && !run(process.execPath, ["deploy/build.ts"])) return false;
  const globs = folders.map((folder) => `test/${folder}/**/*.test.ts`);
  return run(process.execPath, [
    "--test",
    `--test-concurrency=${String(concurrency)}`,
    `--test-timeout=${String(timeout)}`,
    ...globs,
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
const names = wanted === "all" ? (["unit", "system"] as const) : ([wanted] as const);
const passed = names.map(runSuite);
if (passed.includes(false)) process.exitCode = 1;
