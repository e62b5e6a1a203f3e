/** A card made by `pinion flash`, started in a virtual arm64 board under systemd (test/rig), with a router and a caller outside it. */
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { BOARD, makeAccounts, pinion } from "./board-accounts.ts";
import { bootFiles, type Flavour, makeImage } from "./card-image.ts";
import { start, temporaryFolder, until } from "./programs.ts";
import type { Told } from "./virtual-board.ts";

const root = join(import.meta.dirname, "../..");
const scripts = join(root, "test/system/virtual-board");

const CONFIG = `device: { id: ${BOARD}, naming: fleet }
router:
  url: rs://10.0.2.2:8080
  auth: { authid: ${BOARD}, keyFile: /etc/pinion/${BOARD}.key }
drivers:
  - use: gpio
    pins:
      pump: { pin: GPIO17, direction: out, safe: 0 }
`;

export interface FirstBoot {
  readonly flavour: Flavour;
  readonly package: string;
  /** When power goes, ms from the begin of each start; after them the board starts as often as it wants. */
  readonly cuts: readonly number[];
  /** s */
  readonly limit: number;
}

/** Answers what was told inside, what the rig has written down, and how often the board's own key is on the card still. */
export async function firstBootOnBoard(
  t: TestContext,
  { flavour, package: file, cuts, limit }: FirstBoot,
): Promise<Told & { readonly rig: string; readonly keysOnCard: number }> {
  const folder = temporaryFolder(t);
  const [shared, outside, out] = ["shared", "outside", "out"].map((name) => join(folder, name));
  assert.ok(shared !== undefined && outside !== undefined && out !== undefined);
  for (const one of [shared, outside]) mkdirSync(one);
  makeAccounts(outside);
  writeFileSync(join(outside, "board.yaml"), CONFIG);
  copyFileSync(join(scripts, "first-boot-inside.sh"), join(shared, "inside.sh"));
  const image = makeImage(t, bootFiles(flavour));
  const config = ["--config", join(outside, "board.yaml"), "--hostname", "greenhouse-1"];
  pinion("flash", "--image", image, ...config, "--package", file);
  const host = [process.execPath, join(scripts, "installed-outside.ts"), join(outside, "events"), outside];
  const userLand = flavour === "cloud-init" ? "--cloud-init" : "--systemd";
  const machine = ["--arch", "arm64", userLand, "--mem", "512", "--disk", "1024", "--card", image];
  const life = ["--boots", String(cuts.length + 3), "--cuts", cuts.join(" ") || "0", "--timeout", String(limit)];
  const board = start(join(root, "test/rig/gpio-vm"), [
    ...machine,
    ...life,
    "--out",
    out,
    "--host",
    host.join(" "),
    shared,
    "--",
    "bash",
    join(shared, "inside.sh"),
  ]);
  t.after(() => board.stop());
  await until("the end of the board", () => board.process.exitCode !== null, (limit + 60) * 1000, board.output);
  const rig = readFileSync(join(out, "ctl.log"), "utf8");
  const text = `${board.output()}\n${rig}`;
  // written by first-boot-inside.sh
  const lines = [...text.matchAll(/^FACT (.*)$/gm)].map(([, json = ""]) => JSON.parse(json) as [string, unknown]);
  const key = readFileSync(join(outside, `${BOARD}.key`));
  const card = readFileSync(join(out, "card.img"));
  return { facts: new Map(lines), text, rig, keysOnCard: card.includes(key) ? 1 : 0 };
}
