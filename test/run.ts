/**
 * `npm test`: every test there is. `node test/run.ts unit` leaves out what needs built bundles, a browser, other
 * people's programs or the virtual board; `node test/run.ts system` runs those, and `node test/run.ts boards` what runs on an
 * emulated processor. `npm run test:long` runs what takes longer than anybody waits for before a commit.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
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

/** They keep one core busy with emulation and wait for no time of the wall: two at a time, and beside the others, which wait often. */
const EMULATED = /^test\/system\/(virtual-board|installed-board|artefacts)/;

/** What starts processes, ports and browsers of its own goes one file at a time; of the rest some always wait, so there is one more than cores. */
const suites = {
  unit: { folders: UNIT, only: isAny, concurrency: 3, build: false, timeout: 300_000 },
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

/** What is compiled once need not be for each file and each process that it starts: half of the processor time. */
process.env["NODE_COMPILE_CACHE"] ??= join(root, "test-results/compiled");

type Suite = keyof typeof suites;

interface Run {
  readonly passed: Promise<boolean>;
  /** What one that is held has told, and all that it will. */
  show(): void;
}

function startSuite(name: Suite, isHeld = false): Run {
  const { folders, only, concurrency, timeout } = suites[name];
  const all = globSync(
    folders.map((folder) => `test/${folder}/**/*.test.ts`),
    { cwd: root },
  );
  const options = [`--test-concurrency=${String(concurrency)}`, `--test-timeout=${String(timeout)}`];
  const child = spawn(process.execPath, ["--test", ...options, ...all.filter(only).toSorted()], {
    cwd: root,
    stdio: ["inherit", isHeld ? "pipe" : "inherit", "inherit"],
  });
  const passed = once(child, "close").then(([status]) => status === 0);
  const held: Buffer[] = [];
  let take = (chunk: Buffer): unknown => held.push(chunk);
  child.stdout?.on("data", (chunk: Buffer) => void take(chunk));
  const show = (): void => {
    take = (chunk) => process.stdout.write(chunk);
    for (const chunk of held.splice(0)) take(chunk);
  };
  return { passed, show };
}

function build(): boolean {
  return spawnSync(process.execPath, ["deploy/build.ts"], { cwd: root, stdio: "inherit" }).status === 0;
}

async function runSuite(name: Suite): Promise<boolean> {
  if (suites[name].build && !build()) return false;
  return startSuite(name).passed;
}

/** What the boards tell comes after what the others do. */
async function runAll(): Promise<boolean> {
  const unit = await runSuite("unit");
  if (!build()) return false;
  const boards = startSuite("boards", true);
  const system = await startSuite("system").passed;
  boards.show();
  return [unit, system, await boards.passed].every(Boolean);
}

function isSuite(name: string): name is Suite {
  return name in suites;
}

const wanted = process.argv[2] ?? "all";
if (wanted !== "all" && !isSuite(wanted)) {
  console.error(`unknown suite '${wanted}': it is one of all, ${Object.keys(suites).join(", ")}`);
  process.exit(2);
}
if (!(await (wanted === "all" ? runAll() : runSuite(wanted)))) process.exitCode = 1;
