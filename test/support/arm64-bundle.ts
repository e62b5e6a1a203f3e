/** What `npm run build` makes for an arm64 board, in a place of the tests' own. */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { nodeForAll } from "../../deploy/artefact/build-target.ts";
import { entriesOf } from "../../deploy/artefact/manifest.ts";
import { programFolder } from "../../deploy/artefact/program-folder.ts";
import { stamp } from "../../deploy/artefact/stamp.ts";
import { targetNamed } from "../../deploy/artefact/targets.ts";
import { debianFile, debianPackage } from "../../deploy/deb/debian-package.ts";
import { programs } from "../../deploy/programs.ts";

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

/** The Debian package with a Node of its own, as a file. */
export async function arm64Package(): Promise<string> {
  const target = targetNamed("linux-arm64");
  const of = stamp();
  const inside = new Map<string, ReturnType<typeof entriesOf>>();
  for (const program of programs) {
    const place = join(folder, "package", program.name);
    await programFolder(place, { program, target, stamp: of });
    inside.set(program.name, entriesOf(place));
  }
  mkdirSync(folder, { recursive: true });
  const node = nodeForAll(join(folder, "package/node"), target);
  const file = join(folder, debianFile(target, of));
  writeFileSync(file, debianPackage({ target, stamp: of, programs: inside, node }));
  return file;
}
