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
  /** `short`, or `long`: all of it, over a reboot. */
  readonly length: "short" | "long";
  /** s */
  readonly limit: number;
}

/** The commands of "From clone to a Pi" in the README that come after the log-in. */
export function typedOnTheBoard(): readonly string[] {
  const text = readFileSync(join(root, "README.md"), "utf8");
  const section = /^## From clone to a Pi$(.*?)^## /ms.exec(text)?.[1] ?? "";
  const commands = [...section.matchAll(/^ {4}(.*)$/gm)].map(([, command = ""]) => command);
  return commands.slice(commands.findIndex((command) => command.startsWith("ssh ")) + 1);
}

export async function runInstalled(t: TestContext, { package: file, length, limit }: InstalledRun): Promise<Told> {
  const folder = temporaryFolder(t);
  for (const name of ["installed-inside.sh", "installed-board.yaml"])
    copyFileSync(join(scripts, name), join(folder, name));
  copyFileSync(file, join(folder, basename(file)));
  writeFileSync(join(folder, "typed"), `${typedOnTheBoard().join("\n")}\n`);
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
