/** `pinion driver test`: holds a driver of one's own to the contract of drivers. */
import type { Command } from "commander";
import { runDeviceProgram } from "./device-program.ts";

export function addDriverCommands(program: Command): void {
  program
    .command("driver")
    .description("drivers of one's own")
    .command("test")
    .argument("<file>", "the driver, such as ./my-driver.mjs")
    .description(
      "hold a driver to the contract, on a board in memory; status 1 when it does not keep it, 2 when it cannot be tried",
    )
    .option("--scenario <file>", "how it is tried; default: <driver>.scenario.mjs beside it")
    .option("--limit <s>", "for one check; default: 30")
    .option("--json", "print the results as one JSON list")
    .action((file: string, options: { readonly scenario?: string; readonly limit?: string; readonly json?: true }) => {
      const { scenario, limit, json } = options;
      const more = Object.entries({ scenario, limit }).flatMap(([name, value]) =>
        value === undefined ? [] : [`--${name}`, value],
      );
      runDeviceProgram(["test-driver", file, ...more, ...(json ? ["--json"] : [])]);
    });
}
