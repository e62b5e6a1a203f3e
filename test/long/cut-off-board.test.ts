/** Power that goes while dpkg upgrades an arm64 board under systemd, and while a release comes to it over the router. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { arm64Package, whyNoArm64 } from "../support/arm64-bundle.ts";
import { arm64Release } from "../support/arm64-release.ts";
import { updatedBoard } from "../support/updated-board.ts";
import { whyNoBoard, type Told } from "../support/virtual-board.ts";

/** ms that each takes there, about. */
const DPKG = 30_000;
const UPDATE = 45_000;

function asText(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function assertEachStart(t: { diagnostic(words: string): void }, cuts: readonly string[], told: Told): void {
  const { facts, text } = told;
  let before = "";
  for (let boot = 1; boot <= cuts.length + 1; boot += 1) {
    const of = (name: string): unknown => facts.get(`start ${String(boot)} ${name}`);
    const sent = asText(facts.get(`update in start ${String(boot - 1)} says`));
    const runs = asText(of("runs"));
    const wasCut = boot === 1 ? "" : `cut ${String(boot - 1)} at ${cuts[boot - 2] ?? ""} ms: `;
    t.diagnostic(`${wasCut}start ${String(boot)} runs ${runs || "the package"} ${asText(of("finds the package"))}`);
    assert.equal(of("joins"), 0, `start ${String(boot)}\n${text}`);
    const next = `1.0.${String(boot - 1)}`;
    assert.ok(runs === before || runs === next, `start ${String(boot)} runs ${runs} after ${before}\n${text}`);
    if (/is in place/.test(sent)) assert.equal(runs, next, `what was in place is there\n${text}`);
    before = runs;
    if (!cuts[boot - 2]?.startsWith("d")) continue;
    assert.equal(of("installs it again"), 0, text);
    assert.equal(of("has the package"), "install ok installed", text);
    assert.equal(of("joins again"), 0, text);
  }
}

test(
  "power goes three times in dpkg and seven times in an update over the router: the board comes back each time, and takes the next",
  { skip: whyNoBoard() || whyNoArm64(), timeout: 3_500_000 },
  async (t) => {
    const board = updatedBoard(t);
    const upTo = (ms: number): number => Math.floor(Math.random() * ms) + 500;
    const cuts = [1, 2, 3].map(() => `d${String(upTo(DPKG))}`);
    cuts.push(...[4, 5, 6, 7, 8, 9, 10].map(() => String(upTo(UPDATE))));
    const later = await arm64Package("0.9.0");
    for (let boot = 4; boot <= cuts.length + 1; boot += 1)
      await arm64Release({
        folder: board.folder,
        key: board.releaseKey,
        version: `1.0.${String(boot)}`,
        ballast: randomBytes(1_048_576),
      });
    const told = await board.run({
      inside: "cut-off",
      outside: "cut-off",
      boots: cuts.length + 1,
      limit: 3_300,
      cuts,
      files: new Map([["later.deb", later]]),
    });
    assertEachStart(t, cuts, told);
    assert.equal(told.facts.get("the last update"), 0, told.text);
    assert.match(String(told.facts.get("the last update says")), /has proved itself/, told.text);
    assert.equal(told.facts.get("done"), true, told.text);
  },
);
