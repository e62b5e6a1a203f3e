/** What a build is of: two builds of one commit have the same, wherever and whenever they are made. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");

export interface Stamp {
  readonly version: string;
  /** Absent outside a checkout; ends in -dirty where files differ from it. */
  readonly commit?: string;
  /** s since 1970: of the commit, or what SOURCE_DATE_EPOCH says. */
  readonly seconds: number;
}

/** For sources without history: early enough for every board's clock. */
const NO_COMMIT = Date.UTC(2026, 0, 1) / 1000;

export function stamp(): Stamp {
  // our own file
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  const commit = git("rev-parse", "HEAD");
  const named = process.env["SOURCE_DATE_EPOCH"] ?? git("log", "-1", "--format=%ct");
  const seconds = named === undefined || named === "" ? NO_COMMIT : Number(named);
  if (!Number.isSafeInteger(seconds) || seconds < 0 || seconds > 0o77777777777)
    throw new Error(`SOURCE_DATE_EPOCH must be whole seconds since 1970, not '${String(named)}'`);
  if (commit === undefined) return { version, seconds };
  const changed = git("status", "--porcelain", "--untracked-files=no") ?? "";
  return { version, commit: changed === "" ? commit : `${commit}-dirty`, seconds };
}

/** Undefined without git, and in a folder that merely lies inside somebody else's checkout. */
function git(...args: readonly string[]): string | undefined {
  const top = spawnSync("git", ["rev-parse", "--show-prefix"], { cwd: root, encoding: "utf8" });
  if (top.status !== 0 || top.stdout.trim() !== "") return undefined;
  const done = spawnSync("git", [...args], { cwd: root, encoding: "utf8" });
  return done.status === 0 ? done.stdout.trim() : undefined;
}
