/** The JSON Schema of a board's configuration, which goes with the command line: an editor has it without a board and without a network. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
let text: string | undefined;

/** As `pinion-device --schema` prints it. @throws with the program's words */
export function writeConfigSchema(folder: string): void {
  text ??= schema();
  writeFileSync(join(folder, "board.schema.json"), text);
}

function schema(): string {
  const done = spawnSync(process.execPath, [join(root, "device/main.ts"), "--schema"], { encoding: "utf8" });
  if (done.status !== 0) throw new Error(`pinion-device --schema failed: ${done.error?.message ?? done.stderr}`);
  return done.stdout;
}
