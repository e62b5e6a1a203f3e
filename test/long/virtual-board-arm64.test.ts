/** Both ways to an arm64 kernel's GPIO, through the arm64 bundle. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { arm64Bundle, whyNoArm64 } from "../support/arm64-bundle.ts";
import { assertDrivers, LOOKED_AT_ON_ARM64, runDrivers } from "../support/drivers-on-board.ts";
import { assertGpioRun } from "../support/gpio-board-facts.ts";
import { assertNewcomer, runNewcomer } from "../support/newcomer-facts.ts";
import { runGpio, whyNoBoard } from "../support/virtual-board.ts";

test(
  "on arm64 no line moves unasked over sysfs or the character device, and every output ends as configured",
  { skip: whyNoBoard() || whyNoArm64(), timeout: 600_000 },
  async (t) => {
    const bundle = await arm64Bundle();
    const told = await runGpio(t, { arch: "arm64", bundle, backends: ["sysfs", "chardev"], limit: 500 });
    assert.equal(told.facts.get("done"), true, told.text);
    for (const backend of ["sysfs", "chardev"] as const) assertGpioRun(backend, told);
  },
);

test(
  "on arm64 every driver that has hardware on the virtual board keeps its contract there",
  { skip: whyNoBoard() || whyNoArm64(), timeout: 600_000 },
  async (t) => assertDrivers(t, await runDrivers(t, "arm64", 500), LOOKED_AT_ON_ARM64),
);

test(
  "on arm64 whatever a newcomer gets wrong, the message names it, its place and the cure; so does the doctor",
  { skip: whyNoBoard() || whyNoArm64(), timeout: 600_000 },
  async (t) => {
    const bundle = await arm64Bundle();
    await assertNewcomer(t, await runNewcomer(t, { arch: "arm64", bundle, length: "long", limit: 500 }), "long");
  },
);
