/** A board in the virtual rig whose power goes in the middle of one update after another, on a disk with a volatile cache. */
import assert from "node:assert/strict";
import { chmodSync, copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { layDown, makeArtefact } from "./launched-board.ts";
import { start, temporaryFolder, until } from "./programs.ts";

const root = join(import.meta.dirname, "../..");

const CONFIG = `
device: { id: bench }
router: { url: "rs://127.0.0.1:9" }
board: { gpio: simulated }
drivers:
  - use: gpio
    pins: { relay: { pin: GPIO17, direction: out } }
`;

interface Fact {
  readonly boot: number;
  readonly fact: string;
  readonly value: string;
}

/** `cuts`: ms after each update has begun. Every start has to run a release that is whole: the one before, or the new one. */
export async function cutPowerDuringUpdates(t: TestContext, cuts: readonly number[], seed: number): Promise<void> {
  const folder = temporaryFolder(t);
  layDown(join(folder, "package"), "1.0.0");
  cuts.forEach((_, i) => makeArtefact(folder, `2.0.${String(i + 1)}`));
  writeFileSync(join(folder, "board.yaml"), CONFIG);
  writeFileSync(join(folder, "facts.jsonl"), "");
  copyFileSync(join(root, "test/system/virtual-board/updates-inside.sh"), join(folder, "inside.sh"));
  chmodSync(join(folder, "inside.sh"), 0o755);
  // the board has a /tmp of its own, and this checkout may lie in the machine's: Node goes where the board looks
  copyFileSync(process.execPath, join(folder, "node"));
  const limit = 90 * (cuts.length + 1);
  const options = ["--disk", "256", "--boots", String(cuts.length + 1), "--timeout", String(limit)];
  const board = start(join(root, "test/rig/gpio-vm"), [
    ...options,
    "--seed",
    String(seed),
    "--env",
    `CUTS=${cuts.join(" ")}`,
    folder,
    "--",
    join(folder, "inside.sh"),
    folder,
  ]);
  t.after(() => board.stop());
  const facts = (): readonly Fact[] => factsIn(join(folder, "facts.jsonl"));
  const told = (): string =>
    `cuts ${cuts.join(" ")}, seed ${String(seed)}\n${board.output()}\n${facts()
      .map((one) => JSON.stringify(one))
      .join("\n")}`;
  await until("the end of the board", () => board.process.exitCode !== null, (limit + 60) * 1_000, told);
  assert.equal(board.process.exitCode, 0, told());
  let before = "";
  for (let boot = 1; boot <= cuts.length + 1; boot += 1) {
    const of = (fact: string): string | undefined =>
      facts().find((one) => one.boot === boot && one.fact === fact)?.value;
    const ran = of("runs");
    const told = (): string => `boot ${String(boot)}: ${JSON.stringify(facts())}`;
    assert.ok(ran !== undefined, told());
    const last = facts().find((one) => one.boot === boot - 1 && one.fact === "update ended")?.value;
    if (last === undefined) assert.ok(ran === before || ran === `2.0.${String(boot - 1)}`, told());
    else assert.equal(ran, `2.0.${String(boot - 1)}`, `an update that had ended well is there: ${told()}`);
    if (last !== undefined) assert.match(last, /^0 release/, told());
    before = ran;
  }
  assert.equal(facts().at(-1)?.fact, "done", told());
}

function factsIn(file: string): readonly Fact[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").trim().split("\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Fact); // of updates-inside.sh
}
