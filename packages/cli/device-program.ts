/** The board's own program on this machine: it knows the hardware, and where its releases and configuration lie. */
import { spawnSync } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { CommandFailure, ExitStatus } from "./exit-status.ts";

/** Runs it with these arguments and this terminal; its status becomes this command's. */
export function runDeviceProgram(args: readonly string[]): void {
  const { command, first } = howToRun();
  const { status, error } = spawnSync(command, [...first, ...args], { stdio: "inherit" });
  if (error !== undefined) throw notThere(error);
  process.exitCode = status ?? ExitStatus.applicationError;
}

/** What it prints. Its own words on stderr go through. */
export function askDeviceProgram(args: readonly string[]): string {
  const { command, first } = howToRun();
  const stdio = ["ignore", "pipe", "inherit"] as const;
  const { stdout, error } = spawnSync(command, [...first, ...args], { stdio: [...stdio], encoding: "utf8" });
  if (error !== undefined) throw notThere(error);
  return stdout;
}

function howToRun(): { command: string; first: readonly string[] } {
  const program = deviceProgram(process.argv[1] ?? "");
  const isScript = program !== undefined && /\.(cjs|ts)$/.test(program);
  return isScript
    ? { command: process.execPath, first: [program] }
    : { command: program ?? "pinion-device", first: [] };
}

function notThere(cause: Error): CommandFailure {
  const words = "pinion-device is neither beside this program nor on the PATH: install it, or ask on the board";
  return new CommandFailure(ExitStatus.cannotConnect, words, { cause });
}

/** Beside the bundle of this program (by its launcher where it has one), or in the sources. */
export function deviceProgram(own: string): string | undefined {
  const here = existsSync(own) ? dirname(realpathSync(own)) : "";
  const places = ["../pinion-device/run", "../pinion-device/pinion-device.cjs", "../../device/main.ts"];
  return places.map((place) => join(here, place)).find((place) => existsSync(place));
}
