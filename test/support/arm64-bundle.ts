/** What `npm run build` makes for an arm64 board, in a place of the tests' own. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { programFolder } from "../../deploy/artefact/program-folder.ts";
import { stamp } from "../../deploy/artefact/stamp.ts";
import { targetNamed } from "../../deploy/artefact/targets.ts";
import { programs } from "../../deploy/programs.ts";
import { builtPackage } from "./built-package.ts";

const folder = join(import.meta.dirname, "../../dist/tested/linux-arm64");

export function whyNoArm64(): string | false {
  const compiler = spawnSync("aarch64-linux-gnu-g++", ["--version"]).status === 0;
  return compiler ? false : "needs Debian's g++-aarch64-linux-gnu (npm test installs it)";
}

/** Answers the folder of the device. @throws with the words of the tool that failed. */
export async function arm64Bundle(): Promise<string> {
  const program = programs.find(({ name }) => name === "pinion-device");
  if (program === undefined) throw new Error("there is no pinion-device");
  const place = join(folder, program.name);
  await programFolder(place, { program, target: targetNamed("linux-arm64"), stamp: stamp() });
  return place;
}

/** The Debian package with a Node of its own, as a file. `version`: instead of that of the sources. */
export function arm64Package(version?: string): Promise<string> {
  return builtPackage("linux-arm64", version === undefined ? {} : { version });
}
