/** A machine that a test makes up: a folder that stands for the root, and facts that are put in the place of the real ones. */
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { machineAt, type Machine, type Owned } from "../../../device/doctor/machine.ts";
import { temporaryFolder } from "../../support/programs.ts";

export interface MadeUp {
  readonly files?: Readonly<Record<string, string>>;
  readonly links?: Readonly<Record<string, string>>;
  /** In the place of what the file system says. */
  readonly owners?: Readonly<Record<string, Owned>>;
  readonly facts?: Partial<Pick<Machine, "user" | "now" | "nodeVersion" | "kernel" | "space" | "mayWrite">>;
}

export const NOW = Date.UTC(2026, 10, 29);

export function madeUpMachine(
  t: TestContext,
  { files = {}, links = {}, owners = {}, facts = {} }: MadeUp = {},
): Machine {
  const root = temporaryFolder(t);
  const place = (path: string): string => {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    return file;
  };
  for (const [path, text] of Object.entries(files)) writeFileSync(place(path), text);
  for (const [path, target] of Object.entries(links))
    symlinkSync(target.startsWith("/dev/serial-none") ? target : target, place(path));
  chmodSync(root, 0o755);
  const machine = machineAt(root);
  return {
    ...machine,
    user: { uid: 1000, groups: [1000] },
    now: NOW,
    ...facts,
    owned: (path) => owners[path] ?? machine.owned(path),
  };
}
