/** Who logs in at the router outside a virtual board: the board, an operator and a maintainer, each by a key of its own. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { programScript } from "./programs.ts";

export const BOARD = "greenhouse";
export const OPERATOR = "olga";
export const MAINTAINER = "mara";

/** Writes accounts.json, bridge.yaml that names it, and <authid>.key of each. */
export function makeAccounts(folder: string): void {
  const accounts = join(folder, "accounts.json");
  for (const [who, role] of [
    [BOARD, "device"],
    [OPERATOR, "operator"],
    [MAINTAINER, "maintainer"],
  ] as const) {
    pinion("auth", "add", who, "--role", role, "--new-key", join(folder, `${who}.key`), "--accounts", accounts);
  }
  writeFileSync(join(folder, "bridge.yaml"), `auth: { file: ${accounts} }\n`);
}

/** The built command line; answers what it printed. */
export function pinion(...args: readonly string[]): string {
  const done = spawnSync(process.execPath, [programScript("pinion"), ...args], { encoding: "utf8" });
  assert.equal(done.status, 0, `pinion ${args.join(" ")}\n${done.stdout}${done.stderr}`);
  return done.stdout;
}
