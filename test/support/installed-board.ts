/** The Debian package on a virtual arm64 board under systemd (test/rig), with a router and a caller outside it. */
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { TestContext } from "node:test";
import { start, temporaryFolder, until } from "./programs.ts";
import type { Told } from "./virtual-board.ts";

const root = join(import.meta.dirname, "../..");
const scripts = join(root, "test/system/virtual-board");

export interface InstalledRun {
  /** The package, a file. */
  readonly package: string;
  /** What it is upgraded to in the long run. */
  readonly later?: string;
  /** `short`, or `long`: all of it, over a reboot. */
  readonly length: "short" | "long";
  /** s */
  readonly limit: number;
}

interface FromCloneToPi {
  /** Typed in the clone, before anything is copied. */
  readonly atHome: readonly string[];
  /** The file that `scp` copies to the board. */
  readonly copied: string;
  /** Typed on the board, after the log-in. */
  readonly onTheBoard: readonly string[];
}

/** The first block of commands of "From clone to a Pi" in the README. */
export function fromCloneToPi(): FromCloneToPi {
  const text = readFileSync(join(root, "README.md"), "utf8");
  const block = /^## From clone to a Pi$[^]*?\n\n((?: {4}.*\n)+)/m.exec(text)?.[1] ?? "";
  const commands = [...block.matchAll(/^ {4}(.*)$/gm)].map(([, command = ""]) => command);
  const [copy, login] = ["scp ", "ssh "].map((word) => commands.findIndex((command) => command.startsWith(word)));
  const copied = /^scp (\S+) pi@board:$/.exec(commands[copy ?? -1] ?? "")?.[1];
  if (copy === undefined || copied === undefined || login !== copy + 1)
    throw new Error(`"From clone to a Pi" builds, copies one file to pi@board: and logs in there, not:\n${block}`);
  return { atHome: commands.slice(0, copy), copied, onTheBoard: commands.slice(login + 1) };
}

export async function runInstalled(
  t: TestContext,
  { package: file, later, length, limit }: InstalledRun,
): Promise<Told> {
  const folder = temporaryFolder(t);
  for (const name of ["installed-inside.sh", "installed-board.yaml"])
    copyFileSync(join(scripts, name), join(folder, name));
  copyFileSync(file, join(folder, basename(file)));
  if (later !== undefined) copyFileSync(later, join(folder, "later.deb"));
  writeFileSync(join(folder, "typed"), `${fromCloneToPi().onTheBoard.join("\n")}\n`);
  const events = join(folder, "events");
  writeFileSync(events, "");
  const outside = `${process.execPath} ${join(scripts, "installed-outside.ts")} ${events}`;
  const machine = ["--arch", "arm64", "--systemd", "--mem", "512", "--disk", "1024", "--boots", "2"];
  const options = ["--timeout", String(limit), "--host", outside, folder, "--"];
  const command = ["bash", join(folder, "installed-inside.sh"), basename(file), length];
  const board = start(join(root, "test/rig/gpio-vm"), [...machine, ...options, ...command]);
  t.after(() => board.stop());
  await until("the end of the board", () => board.process.exitCode !== null, (limit + 60) * 1000, board.output);
  const text = board.output();
  // written by installed-inside.sh
  const lines = [...text.matchAll(/^FACT (.*)$/gm)].map(([, json = ""]) => JSON.parse(json) as [string, unknown]);
  return { facts: new Map(lines), text };
}
