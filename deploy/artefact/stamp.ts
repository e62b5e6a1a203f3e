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

/** As boards compare them, and as a Debian package may be called. */
const VERSION = /^\d{1,6}\.\d{1,6}\.\d{1,6}(-[0-9A-Za-z.]{1,40})?$/;

/** `named`: the version, instead of package.json's. @throws for one that boards would not take */
export function stamp(named?: string): Stamp {
  const version = named ?? ownVersion();
  if (!VERSION.test(version))
    throw new Error(`a version is three numbers, as in 0.2.0, or 0.2.0-rc.1 before it; not '${version}'`);
  const commit = git("rev-parse", "HEAD");
  const moment = process.env["SOURCE_DATE_EPOCH"] ?? git("log", "-1", "--format=%ct");
  const seconds = moment === undefined || moment === "" ? NO_COMMIT : Number(moment);
  if (!Number.isSafeInteger(seconds) || seconds < 0 || seconds > 0o77777777777)
    throw new Error(`SOURCE_DATE_EPOCH must be whole seconds since 1970, not '${String(moment)}'`);
  if (commit === undefined) return { version, seconds };
  const changed = git("status", "--porcelain", "--untracked-files=no") ?? "";
  return { version, commit: changed === "" ? commit : `${commit}-dirty`, seconds };
}

function ownVersion(): string {
  // our own file
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  return version;
}

/** Undefined without git, and in a folder that merely lies inside somebody else's checkout. */
function git(...args: readonly string[]): string | undefined {
  const top = spawnSync("git", ["rev-parse", "--show-prefix"], { cwd: root, encoding: "utf8" });
  if (top.status !== 0 || top.stdout.trim() !== "") return undefined;
  const done = spawnSync("git", [...args], { cwd: root, encoding: "utf8" });
  return done.status === 0 ? done.stdout.trim() : undefined;
}
