import { test } from "node:test";
import { cutPowerDuringUpdates } from "../support/power-cut-updates.ts";
import { whyNoBoard } from "../support/virtual-board.ts";

test(
  "power goes twice in the middle of an update, on a disk that loses what was not flushed: the board starts each time",
  { skip: whyNoBoard(), timeout: 450_000 },
  async (t) => {
    const seed = Date.now() % 100_000;
    await cutPowerDuringUpdates(t, [1_500 + (seed % 8_000), 3_000 + (seed % 11_000)], seed);
  },
);
