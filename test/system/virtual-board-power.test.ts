/** Power cuts while the bundled device writes, on a disk that loses what was not flushed: 3 here, dozens in test/long. */
import { test } from "node:test";
import { programFolder } from "../../deploy/build.ts";
import { assertNothingLost, runPowerCuts } from "../support/power-cuts.ts";
import { programScript } from "../support/programs.ts";
import { whyNoBoard } from "../support/virtual-board.ts";

test(
  "whenever the power goes, a consumer has every number or was told that it is lost, and what was written is delivered",
  { skip: whyNoBoard(), timeout: 560_000 },
  async (t) => {
    programScript("pinion-device");
    const bundle = programFolder("pinion-device");
    const outcome = await runPowerCuts(t, { arch: "amd64", bundle, plan: ["cable", "router", "replay"], limit: 520 });
    assertNothingLost(outcome, 3);
  },
);
