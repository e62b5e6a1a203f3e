/**
 * A package as it goes to a board: for its dpkg, or, where there is none, as an archive of the same files, with the package's own scripts
 * beside it, so that what is on the board is the same.
 */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { type DebianFile, dataOf } from "../provision/debian-file.ts";
import { REMOVE_SCRIPT } from "./archive-shell.ts";

export interface Payload {
  /** Paths in what is sent, with their content. The first is the package. */
  readonly files: readonly (readonly [path: string, content: Buffer])[];
  readonly octets: number;
}

export function payloadOf(deb: DebianFile, hasDpkg: boolean): Payload {
  if (hasDpkg) return summed([["package.deb", deb.content]]);
  const records = new Map([
    ...deb.scripts,
    ["remove", REMOVE_SCRIPT],
    ["version", `${deb.version}\n`],
    ["content", `${deb.content256}\n`],
  ]);
  return summed([
    ["package.tar.gz", gzipSync(dataOf(deb))],
    ...[...records].map(([name, text]) => [`package/${name}`, Buffer.from(text)] as const),
  ]);
}

function summed(files: Payload["files"]): Payload {
  const lines = files.map(([path, content]) => `${createHash("sha256").update(content).digest("hex")}  ${path}\n`);
  const octets = files.reduce((sum, [, content]) => sum + content.length, 0);
  return { files: [...files, ["package.sums", Buffer.from(lines.join(""))]], octets };
}
