/** Everything that is made for one target, in one folder. */
import { createHash } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { debianFile, debianPackage } from "../deb/debian-package.ts";
import { programs } from "../programs.ts";
import { faultsOf } from "./checks.ts";
import { entriesOf } from "./manifest.ts";
import { addNode, programFolder, putNode } from "./program-folder.ts";
import type { Stamp } from "./stamp.ts";
import { tar, type TarEntry } from "@pinion/client/release";
import type { Target } from "./targets.ts";

export interface Artefact {
  readonly target: string;
  readonly file: string;
  readonly octets: number;
  /** How many addons are inside. */
  readonly addons: number;
  readonly sha256: string;
}

export interface Made {
  readonly artefacts: readonly Artefact[];
  /** What is wrong with them; then they are not to be shipped. */
  readonly faults: readonly string[];
}

/** Writes `folder` anew. */
export async function buildTarget(folder: string, target: Target, stamp: Stamp, withNode: boolean): Promise<Made> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const artefacts: Artefact[] = [];
  const faults: string[] = [];
  const inside = new Map<string, readonly TarEntry[]>();
  const write = (file: string, content: Buffer, addons: number): void => {
    writeFileSync(join(folder, file), content);
    const sha256 = createHash("sha256").update(content).digest("hex");
    artefacts.push({ target: target.name, file, octets: content.length, addons, sha256 });
  };
  for (const program of programs) {
    const place = join(folder, program.name);
    const wish = { program, target, stamp };
    const metafiles = await programFolder(place, wish);
    const plain = entriesOf(place);
    inside.set(program.name, plain);
    faults.push(...faultsOf(program, target, plain, metafiles));
    if (withNode) addNode(place, wish, metafiles);
    const name = `${program.name}-${stamp.version}-${target.name}`;
    const archive = tar(
      [{ kind: "folder", path: "", mode: 0o755 }, ...entriesOf(place)],
      stamp.seconds,
      `${program.name}/`,
    );
    write(`${name}.tar.gz`, gzipSync(archive, { level: 6 }), addonsIn(plain));
  }
  const node = withNode ? nodeForAll(join(folder, ".node"), target) : undefined;
  const addons = [...inside.values()].reduce((sum, entries) => sum + addonsIn(entries), 0);
  write(debianFile(target, stamp), debianPackage({ target, stamp, programs: inside, node }), addons);
  writeFileSync(join(folder, "SHA256SUMS"), artefacts.map(({ sha256, file }) => `${sha256}  ${file}\n`).join(""));
  return { artefacts, faults };
}

/** The folder of the Node that the package's programs share; `folder` is only passed through. */
export function nodeForAll(folder: string, target: Target): readonly TarEntry[] {
  putNode(folder, target);
  const entries = entriesOf(folder);
  rmSync(folder, { recursive: true });
  return entries;
}

function addonsIn(entries: readonly TarEntry[]): number {
  return entries.filter(({ path }) => path.endsWith(".node")).length;
}
