/** The card that `pinion flash` has prepared, at a board's first start under systemd, wherever power goes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { arm64Package, whyNoArm64 } from "../support/arm64-bundle.ts";
import { whyNoMtools } from "../support/card-image.ts";
import { firstBootOnBoard } from "../support/first-boot-on-board.ts";
import { assertFacts } from "../support/installed-board-facts.ts";
import { whyNoBoard } from "../support/virtual-board.ts";

const skip = whyNoBoard() || whyNoArm64() || whyNoMtools();

const OUTCOME = {
  "the first start ends": 0,
  "the board joins, and a caller outside switches the pump on": 0,
  installed: "install ok installed",
  files: "board.yaml root:pinion 640 greenhouse.key root:pinion 640",
  user: "pinion",
  enabled: "enabled",
  left: "/boot/firmware/pinion-first-boot.log",
  host: "greenhouse-1 1",
  failed: "",
  done: true,
};

/** When power goes, ms from the begin of each start: while its services come up, while it installs, and after. */
const CUTS = {
  firstrun: [38_000, 52_000, 70_000, 95_000],
  "cloud-init": [74_000, 80_000, 95_000],
} as const;
const SPREAD = 14_000;

for (const flavour of ["firstrun", "cloud-init"] as const) {
  for (const times of [[], CUTS[flavour]]) {
    const how = times.length === 0 ? "in one go" : `although power goes ${String(times.length)} times`;
    test(
      `started by ${flavour} under systemd, a board installs itself ${how}`,
      { skip, timeout: 1_800_000 },
      async (t) => {
        const cuts = times.map((time) => time + Math.floor(Math.random() * SPREAD));
        const seen = await firstBootOnBoard(t, { flavour, package: await arm64Package(), cuts, limit: 1_500 });
        for (const [line] of seen.rig.matchAll(/^.*(power cut|boot \d+).*$/gm)) t.diagnostic(line);
        for (const [line] of seen.text.matchAll(/^LOG .*$/gm)) t.diagnostic(line);
        assertFacts(OUTCOME, seen);
        assert.equal(seen.keysOnCard, 0, "the board's key is on the card still");
      },
    );
  }
}
