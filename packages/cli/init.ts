/** `pinion init`: a configuration to begin with, for the board at hand. It switches nothing: outputs are for people to name. */
import { existsSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Command } from "commander";
import { askDeviceProgram } from "./device-program.ts";
import { CommandFailure, ExitStatus } from "./exit-status.ts";

const SCHEMA = "board.schema.json";

export function addInitCommand(program: Command): void {
  program
    .command("init")
    .argument("[file]", "to be written", "board.yaml")
    .description("write a commented configuration for the board at hand, with what is found on it; never over a file")
    .action(async (file: string) => {
      const { configFor, findHardware } = await import("./init-config.ts");
      if (existsSync(file)) throw refused(`${file} is there already: name another file`);
      write(join(dirname(file), SCHEMA), schemaText(), true);
      write(file, configFor(findHardware("/"), SCHEMA), false);
      console.error(
        `wrote ${file}; next: name what is wired to the board, then pinion-device --check --config ${file}`,
      );
    });
}

/** As this board's program says it, or as it came with this one. */
function schemaText(): string {
  try {
    return askDeviceProgram(["--schema"]);
  } catch (error) {
    const own = process.argv[1] ?? "";
    const beside = join(dirname(existsSync(own) ? realpathSync(own) : own), SCHEMA);
    if (error instanceof CommandFailure && existsSync(beside)) return readFileSync(beside, "utf8");
    throw error;
  }
}

/** The schema of a run before may be there; one of another program is left as it is, and told of. */
function write(file: string, text: string, mayExist: boolean): void {
  try {
    writeFileSync(file, text, { flag: "wx" });
  } catch (error) {
    const exists = error instanceof Error && "code" in error && error.code === "EEXIST";
    if (!exists || !mayExist)
      throw refused(`${file} cannot be written: ${error instanceof Error ? error.message : ""}`);
    if (readFileSync(file, "utf8") !== text)
      console.error(`${file} is another one and stays: pinion-device --schema prints the schema of this version`);
  }
}

function refused(words: string): CommandFailure {
  return new CommandFailure(ExitStatus.usage, words);
}
