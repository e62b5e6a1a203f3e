/** What of other people's software is in a bundle, read from esbuild's own account of it. */
import type { Metafile } from "esbuild";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { npmPackage, pinnedVersion } from "./npm-package.ts";

const root = join(import.meta.dirname, "../..");

export interface Software {
  readonly name: string;
  readonly version: string;
  /** As its package.json says: an SPDX expression. */
  readonly licence: string;
  /** The texts it asks to be handed on. */
  readonly notices: readonly string[];
}

const NOTICE = /^(licen[cs]e|copying|notice)/i;

/** In the order of their names, with the Node of that npm package. The addons' makers are named too: esbuild sees only a file of theirs. */
export function softwareIn(metafiles: readonly Metafile[], node?: string): readonly Software[] {
  const folders = new Map<string, string>();
  for (const path of metafiles.flatMap(({ inputs }) => Object.keys(inputs))) {
    // a package's own copy has the copy's name before the path
    const [, folder, name] = /^(?:[\w-]+:)?(.*node_modules\/((?:@[^/]+\/)?[^/]+))\//.exec(path) ?? [];
    if (folder !== undefined && name !== undefined && !isOurs(folder)) folders.set(name, join(root, folder));
  }
  // of epoll esbuild sees the compiled file, which holds nan's templates
  if (folders.has("epoll")) folders.set("nan", join(root, "node_modules/nan"));
  if (folders.has("onoff")) folders.set("koffi", join(root, "node_modules/koffi"));
  const found = [...folders.values()].map((folder) => read(folder));
  if (node !== undefined) found.push(nodeItself(node));
  return found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** A workspace of this repository that is linked into node_modules. */
function isOurs(folder: string): boolean {
  return /node_modules\/(@pinion\/|net-socket-raw-framing$)/.test(folder);
}

/** Its packages on npm do not all name the licence, which is MIT, followed by those of what is inside. */
function nodeItself(name: string): Software {
  const notice = readFileSync(join(npmPackage(name), "LICENSE"), "utf8").trim();
  return { name: "node", version: pinnedVersion(name), licence: "MIT", notices: [notice] };
}

function read(folder: string): Software {
  // npm lets nothing in without name and version
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    name: string;
    version: string;
    license?: string;
  };
  if (license === undefined) throw new Error(`${folder}/package.json names no licence: may it be shipped?`);
  const files = readdirSync(folder).filter((file) => NOTICE.test(file));
  const notices = files.toSorted().map((file) => readFileSync(join(folder, file), "utf8").trim());
  return { name, version: version.replace(/^v/, ""), licence: license, notices };
}
