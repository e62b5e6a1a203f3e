/** Both ways to a real kernel's GPIO, through the bundled device: what outputs do when callers, cables, chips and processes go. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { programFolder } from "../../deploy/build.ts";
import { programScript } from "../support/programs.ts";
import { assertGpioRun } from "../support/gpio-board-facts.ts";
import { runGpio, whyNoBoard } from "../support/virtual-board.ts";

test(
  "over sysfs and over the character device no line moves unasked, and every output ends as configured",
  { skip: whyNoBoard(), timeout: 450_000 },
  async (t) => {
    programScript("pinion-device");
    const bundle = programFolder("pinion-device");
    const told = await runGpio(t, { arch: "amd64", bundle, backends: ["sysfs", "chardev"], limit: 420 });
    assert.equal(told.facts.get("done"), true, told.text);
    for (const backend of ["sysfs", "chardev"] as const) assertGpioRun(backend, told);
  },
);
