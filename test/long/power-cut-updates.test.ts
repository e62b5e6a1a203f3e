import { test } from "node:test";
import { cutPowerDuringUpdates } from "../support/power-cut-updates.ts";
import { whyNoBoard } from "../support/virtual-board.ts";

test(
  "power goes twelve times anywhere in an update, its switch and its first start: the board starts each time",
  { skip: whyNoBoard(), timeout: 1_500_000 },
  async (t) => {
    const seed = Date.now() % 100_000;
    // the earliest while the first octets are written, the latest when the new release already runs on trial
    const cuts = Array.from({ length: 12 }, (_, i) => 1_000 + i * 2_200 + ((seed * (i + 7)) % 2_200));
    await cutPowerDuringUpdates(t, cuts, seed);
  },
);
