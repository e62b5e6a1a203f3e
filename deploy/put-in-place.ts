import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * Makes a folder what another one on the same disk is, which is used up: each file that differs is replaced whole, by a rename, then what the
 * other one has not is removed. Whoever reads it meanwhile has each file as it was or as it is.
 */
export function putInPlace(from: string, to: string): void {
  // a program comes after the parts that it loads
  const wanted = new Set(filesIn(from).toSorted((a, b) => depth(b) - depth(a)));
  for (const path of wanted) {
    const [made, there] = [join(from, path), join(to, path)];
    if (isSame(made, there)) continue;
    mkdirSync(dirname(there), { recursive: true });
    renameSync(made, there);
  }
  for (const path of filesIn(to)) if (!wanted.has(path)) rmSync(join(to, path));
}

/** Paths below it. */
function filesIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  const found = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => !one.isDirectory());
  return found.map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1));
}

function isSame(made: string, there: string): boolean {
  if (!existsSync(there)) return false;
  const [one, other] = [statSync(made), statSync(there)];
  return one.mode === other.mode && one.size === other.size && readFileSync(made).equals(readFileSync(there));
}

function depth(path: string): number {
  return path.split("/").length;
}
