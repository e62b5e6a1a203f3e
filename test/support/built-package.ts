/** The Debian package of a target as `npm run build` makes it, in a place of the tests' own. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { nodeForAll } from "../../deploy/artefact/build-target.ts";
import { entriesOf } from "../../deploy/artefact/manifest.ts";
import { programFolder } from "../../deploy/artefact/program-folder.ts";
import { stamp } from "../../deploy/artefact/stamp.ts";
import { targetNamed } from "../../deploy/artefact/targets.ts";
import { debianFile, debianPackage } from "../../deploy/deb/debian-package.ts";
import { programs } from "../../deploy/programs.ts";

const tested = join(import.meta.dirname, "../../dist/tested");

export interface PackageWish {
  /** Instead of that of the sources. */
  readonly version?: string;
  /** Whether it brings a Node; `empty`: it says so, and whoever runs it has one. Default: true. */
  readonly node?: true | "empty";
}

/** Answers the file. @throws with the words of the tool that failed */
export async function builtPackage(name: string, { version, node = true }: PackageWish = {}): Promise<string> {
  const target = targetNamed(name);
  const own = stamp();
  const of = { ...own, version: version ?? own.version };
  const folder = join(tested, node === true ? name : `${name}-without-node`);
  const inside = new Map<string, ReturnType<typeof entriesOf>>();
  for (const program of programs) {
    const place = join(folder, "package", program.name);
    await programFolder(place, { program, target, stamp: of });
    inside.set(program.name, entriesOf(place));
  }
  mkdirSync(folder, { recursive: true });
  const brought = node === true ? nodeForAll(join(folder, "package/node"), target) : [];
  const file = join(folder, debianFile(target, of));
  writeFileSync(file, debianPackage({ target, stamp: of, programs: inside, node: brought }));
  return file;
}
