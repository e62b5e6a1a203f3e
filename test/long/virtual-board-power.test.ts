/** Power cuts by the dozen, on both processors, and what the same test says of a disk whose flushes do nothing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { programFolder } from "../../deploy/build.ts";
import { arm64Bundle, whyNoArm64 } from "../support/arm64-bundle.ts";
import { assertNothingLost, runPowerCuts, type Trouble } from "../support/power-cuts.ts";
import { programScript } from "../support/programs.ts";
import { whyNoBoard } from "../support/virtual-board.ts";

const CUTS = 21;
const TROUBLES: readonly Trouble[] = ["cable", "router", "replay"];

function plan(cuts: number): readonly Trouble[] {
  return Array.from({ length: cuts }, (_, index) => TROUBLES[index % TROUBLES.length] ?? "replay");
}

test(
  `over ${String(CUTS)} power cuts a consumer has every number or was told that it is lost`,
  { skip: whyNoBoard(), timeout: 3_000_000 },
  async (t) => {
    programScript("pinion-device");
    const bundle = programFolder("pinion-device");
    assertNothingLost(await runPowerCuts(t, { arch: "amd64", bundle, plan: plan(CUTS), limit: 2_800 }), CUTS);
  },
);

test("and on an arm64 board", { skip: whyNoBoard() || whyNoArm64(), timeout: 1_000_000 }, async (t) => {
  const bundle = await arm64Bundle();
  assertNothingLost(await runPowerCuts(t, { arch: "arm64", bundle, plan: plan(6), limit: 900 }), 6);
});

test(
  "what a disk did not take when it failed is not taken for written, whatever it says afterwards",
  { skip: whyNoBoard(), timeout: 700_000 },
  async (t) => {
    programScript("pinion-device");
    const bundle = programFolder("pinion-device");
    const errors = ["errors", "errors", "errors"] as const;
    assertNothingLost(await runPowerCuts(t, { arch: "amd64", bundle, plan: errors, limit: 600 }), 3);
  },
);

test(
  "a disk whose flushes do nothing is found out: readings that were long written are lost",
  { skip: whyNoBoard(), timeout: 700_000 },
  async (t) => {
    programScript("pinion-device");
    const bundle = programFolder("pinion-device");
    const without = {
      arch: "amd64",
      bundle,
      plan: ["cable", "cable", "cable"],
      withoutBarriers: true,
      limit: 600,
    } as const;
    const outcome = await runPowerCuts(t, without);
    assert.ok(outcome.cuts.length > 0, outcome.text);
    assert.throws(() => assertNothingLost(outcome, 3));
  },
);
