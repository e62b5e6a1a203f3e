/** A run of the bundled device in the virtual board (test/rig), with a router and callers outside it. */
import { copyFileSync, cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { start, temporaryFolder, until } from "./programs.ts";

const root = join(import.meta.dirname, "../..");
const inside = join(root, "test/system/virtual-board");

export type Architecture = "amd64" | "arm64";

export function whyNoBoard(): string | false {
  return process.getuid?.() === 0 ? false : "the virtual board needs root";
}

export interface GpioRun {
  readonly arch: Architecture;
  /** The folder of the bundle for that architecture. */
  readonly bundle: string;
  readonly backends: readonly ("sysfs" | "chardev" | "sysfs:short")[];
  /** s */
  readonly limit: number;
  /** Another program for Node that runs after it in the same boot, made in the folder; answers its arguments. */
  readonly andThen?: (folder: string) => Promise<readonly string[]>;
}

/** What the board's side told, by name, and everything that was printed. */
export interface Told {
  readonly facts: ReadonlyMap<string, unknown>;
  readonly text: string;
}

export async function runGpio(t: TestContext, { arch, bundle, backends, limit, andThen }: GpioRun): Promise<Told> {
  const folder = temporaryFolder(t);
  for (const made of ["bundle", "state"]) mkdirSync(join(folder, made));
  cpSync(bundle, join(folder, "bundle"), { recursive: true });
  copyFileSync(join(inside, "gpio-inside.mjs"), join(folder, "gpio-inside.mjs"));
  for (const file of ["orders.jsonl", "answers.jsonl"]) writeFileSync(join(folder, file), "");
  const outside = [
    process.execPath,
    join(inside, "gpio-outside.ts"),
    join(folder, "orders.jsonl"),
    join(folder, "answers.jsonl"),
  ];
  const command = [join(folder, "gpio-inside.mjs"), join(folder, "bundle"), folder, ...backends];
  const more = andThen === undefined ? [] : [await andThen(folder)];
  return runBoard(t, { arch, limit, folder, programs: [command, ...more], options: ["--host", outside.join(" ")] });
}

interface BoardRun extends Pick<GpioRun, "arch" | "limit"> {
  /** Shared with the board. */
  readonly folder: string;
  /** For Node, one after the other; without spaces. */
  readonly programs: readonly (readonly string[])[];
  readonly options?: readonly string[];
}

/** Boots the board and waits for its end. What it prints as `FACT ["name", value]` are the facts. */
export async function runBoard(
  t: TestContext,
  { arch, limit, folder, programs, options = [] }: BoardRun,
): Promise<Told> {
  // The board has a /tmp of its own, and this checkout may lie in the machine's: Node goes where the board looks.
  const node = join(folder, "node");
  if (arch === "amd64") copyFileSync(process.execPath, node);
  const all = ["--arch", arch, "--timeout", String(limit), ...options];
  const program = arch === "amd64" ? node : "node";
  const script = programs.map((one) => [program, ...one].join(" ")).join(" && ");
  const board = start(join(root, "test/rig/gpio-vm"), [...all, folder, "--", "bash", "-c", script]);
  t.after(() => board.stop());
  await until("the end of the board", () => board.process.exitCode !== null, (limit + 60) * 1000, board.output);
  const text = board.output();
  const lines = [...text.matchAll(/^FACT (.*)$/gm)].map(([, json = ""]) => JSON.parse(json) as [string, unknown]); // by the board's side
  return { facts: new Map(lines), text };
}
