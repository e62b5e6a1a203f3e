/** `pinion doctor`: what stands between this machine and a working board. The board's own program knows the hardware. */
import type { Command } from "commander";
import { runDeviceProgram } from "./device-program.ts";
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
  runDeviceProgram([
    "--doctor",
    what,
    ...(config === undefined ? [] : ["--config", config]),
    ...(json ? ["--json"] : []),
  ]);
}
