/** The device's folder for an arm64 board, as `npm run build` makes it, in a place of the tests' own. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { programFolder } from "../../deploy/artefact/program-folder.ts";
import { stamp } from "../../deploy/artefact/stamp.ts";
import { targets } from "../../deploy/artefact/targets.ts";
import { programs } from "../../deploy/programs.ts";

const folder = join(import.meta.dirname, "../../dist/tested/linux-arm64/pinion-device");

export function whyNoArm64(): string | false {
  const compiler = spawnSync("aarch64-linux-gnu-g++", ["--version"]).status === 0;
  return compiler ? false : "needs Debian's g++-aarch64-linux-gnu (npm test installs it)";
}

/** Answers the folder. @throws with the words of the tool that failed. */
export async function arm64Bundle(): Promise<string> {
  const program = programs.find(({ name }) => name === "pinion-device");
  const target = targets.find(({ name }) => name === "linux-arm64");
  if (program === undefined || target === undefined) throw new Error("there is no pinion-device for linux-arm64");
  await programFolder(folder, { program, target, stamp: stamp() });
  return folder;
}
