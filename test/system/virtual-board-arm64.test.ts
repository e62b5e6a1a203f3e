/** The same, short, on a board with an arm64 kernel, Node and addons, as a Raspberry Pi has: the character device. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { arm64Bundle, whyNoArm64 } from "../support/arm64-bundle.ts";
import { assertGpioRun } from "../support/gpio-board-facts.ts";
import { runGpio, whyNoBoard } from "../support/virtual-board.ts";

test(
  "the arm64 bundle drives an arm64 kernel's lines over the character device",
  { skip: whyNoBoard() || whyNoArm64(), timeout: 290_000 },
  async (t) => {
    const told = await runGpio(t, { arch: "arm64", bundle: await arm64Bundle(), backends: ["chardev"], limit: 240 });
    assert.equal(told.facts.get("done"), true, told.text);
    assertGpioRun("chardev", told);
  },
);
