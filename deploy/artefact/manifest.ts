/** The files of a program's folder: which, how large, and what is in them. */
import { createHash } from "node:crypto";
import { chmodSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Stamp } from "./stamp.ts";
import type { TarEntry } from "@pinion/client/release";
import type { Target } from "./targets.ts";

export const MANIFEST = "manifest.json";
const EXECUTABLE = 0o755;
const PLAIN = 0o644;

export interface Manifest extends Pick<Stamp, "version" | "commit"> {
  readonly name: string;
  readonly target: string;
  /** NODE_MODULE_VERSION of the Nodes that it runs on, and the version of the one it brings. */
  readonly node: { readonly abis: readonly string[]; readonly version?: string };
  /** All but this one, in the order of their paths. `mode`: permission bits in octal. */
  readonly files: readonly {
    readonly path: string;
    readonly size: number;
    readonly sha256: string;
    readonly mode: string;
  }[];
}

export function manifest(
  folder: string,
  { name, target, nodeVersion }: { name: string; target: Target; nodeVersion?: string },
  { version, commit }: Stamp,
): Manifest {
  const entries = entriesOf(folder).filter(({ path }) => path !== MANIFEST);
  const files = entries.flatMap((entry) =>
    entry.kind === "file"
      ? [
          {
            path: entry.path,
            size: entry.content.length,
            sha256: createHash("sha256").update(entry.content).digest("hex"),
            mode: entry.mode.toString(8).padStart(4, "0"),
          },
        ]
      : [],
  );
  const node = { abis: target.abis, ...(nodeVersion === undefined ? {} : { version: nodeVersion }) };
  return { name, version, target: target.name, ...(commit === undefined ? {} : { commit }), node, files };
}

/** A folder's folders and files in the order of their paths, with modes that depend on no umask (and are set so). */
export function entriesOf(folder: string): readonly TarEntry[] {
  const found = readdirSync(folder, { recursive: true, withFileTypes: true });
  const entries = found.map((one): TarEntry => {
    const file = join(one.parentPath, one.name);
    const path = file.slice(folder.length + 1);
    if (one.isDirectory()) {
      chmodSync(file, EXECUTABLE);
      return { kind: "folder", path, mode: EXECUTABLE };
    }
    const content = readFileSync(file);
    const mode = isProgram(path, content) ? EXECUTABLE : PLAIN;
    chmodSync(file, mode);
    return { kind: "file", path, mode, content };
  });
  return entries.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

function isProgram(path: string, content: Buffer): boolean {
  return content.subarray(0, 2).toString("latin1") === "#!" || path.endsWith("bin/node");
}
