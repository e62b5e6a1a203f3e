/** `pinion doctor`: what stands between this machine and a working board. The board's own program knows the hardware. */
import type { Command } from "commander";
import { spawnSync } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { CommandFailure, ExitStatus } from "./exit-status.ts";

interface DoctorOptions {
  readonly config?: string;
  readonly json?: true;
}

export function addDoctorCommand(program: Command): void {
  program
    .command("doctor")
    .argument("<what>", "gpio: which line each pin is, and who holds it")
    .description("examine this machine for a board, change nothing; status 1 when something is wrong")
    .option("-c, --config <file>", "the board's configuration; default: ./board.yaml, then /etc/pinion/board.yaml")
    .option("--json", "print the findings as one JSON list")
    .action((what: string, options: DoctorOptions) => doctor(what, options));
}

function doctor(what: string, { config, json }: DoctorOptions): void {
  if (what !== "gpio") throw new CommandFailure(ExitStatus.usage, `there is no doctor for '${what}'; it is: gpio`);
  const script = deviceScript(process.argv[1] ?? "");
  const args = ["--doctor", what, ...(config === undefined ? [] : ["--config", config]), ...(json ? ["--json"] : [])];
  const [command, first] = script === undefined ? ["pinion-device", []] : [process.execPath, [script]];
  const { status, error } = spawnSync(command, [...first, ...args], { stdio: "inherit" });
  if (error !== undefined) {
    const words =
      "pinion-device is neither beside this program nor on the PATH: install it on the board, and ask there";
    throw new CommandFailure(ExitStatus.cannotConnect, words, { cause: error });
  }
  process.exitCode = status ?? ExitStatus.applicationError;
}

/** Beside the bundle of this program, or in the sources. */
export function deviceScript(own: string): string | undefined {
  const here = existsSync(own) ? dirname(realpathSync(own)) : "";
  const places = [join(here, "../pinion-device/pinion-device.cjs"), join(here, "../../device/main.ts")];
  return places.find((place) => existsSync(place));
}
