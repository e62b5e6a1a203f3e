import { existsSync, readdirSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { CommandFailure, ExitStatus } from "../exit-status.ts";
import { type DebianFile, readDebianFile } from "./debian-file.ts";

/** The folder in which `npm run build` leaves the package of each processor, as Debian calls them. */
const FOLDERS: ReadonlyMap<string, string> = new Map([
  ["arm64", "linux-arm64"],
  ["armhf", "linux-armv7"],
  ["amd64", "linux-x64"],
]);

/** The named one, or the one that a build has left. @throws CommandFailure that says how to make one. */
export function findPackage(named: string | undefined, architecture: string): DebianFile {
  const found = readDebianFile(named ?? built(architecture));
  if (found.architecture !== architecture) {
    throw refused(`${found.file} is for ${found.architecture}, and the board is ${architecture}`);
  }
  return found;
}

function built(architecture: string): string {
  const target = FOLDERS.get(architecture);
  if (target === undefined) throw refused(`there is no Pinion for ${architecture}`);
  const how = `\`npm run build -- --target ${target} --with-node\``;
  const places = distFolders().map((dist) => join(dist, target));
  const all = places.flatMap((place) =>
    existsSync(place)
      ? readdirSync(place)
          .filter((name) => name.endsWith(".deb"))
          .map((name) => join(place, name))
      : [],
  );
  const [first, second] = all;
  if (first === undefined) {
    throw refused(
      `no package for ${architecture}: ${how} makes one; or name one with --package (looked in ${places.join(", ")})`,
    );
  }
  if (second !== undefined && dirname(first) === dirname(second)) {
    throw refused(`several packages in ${dirname(first)}: name one with --package`);
  }
  return first;
}

/** Of this clone: the program runs from its sources, or from what was built. */
function distFolders(): readonly string[] {
  const own = process.argv[1] ?? "";
  const here = existsSync(own) ? dirname(realpathSync(own)) : process.cwd();
  const places = [join(here, "../../dist"), join(here, "../.."), join(process.cwd(), "dist")];
  return [...new Set(places)];
}

function refused(words: string): CommandFailure {
  return new CommandFailure(ExitStatus.usage, words);
}
