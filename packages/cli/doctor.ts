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
    .argument("[what]", "all: everything; gpio: which line each pin is, and who holds it", "all")
    .description(
      "look at this machine and at the router as the board would meet them, change nothing; status 1 when something is wrong",
    )
    .option("-c, --config <file>", "the board's configuration; default: ./board.yaml, then /etc/pinion/board.yaml")
    .option("--json", "print the findings as one JSON list")
    .action((what: string, options: DoctorOptions) => doctor(what, options));
}

function doctor(what: string, { config, json }: DoctorOptions): void {
  if (what !== "gpio" && what !== "all")
    throw new CommandFailure(ExitStatus.usage, `there is no doctor for '${what}'; there are: all, gpio`);
  runDeviceProgram([
    "--doctor",
    what,
    ...(config === undefined ? [] : ["--config", config]),
    ...(json ? ["--json"] : []),
  ]);
}
