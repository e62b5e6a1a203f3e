/**
 * On a board with an arm64 kernel, Node and addons, as a Raspberry Pi has: GPIO over the character device, in short over sysfs,
 * and the drivers that go other ways to the kernel. test/long has all of it.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { arm64Bundle, whyNoArm64 } from "../support/arm64-bundle.ts";
import { assertDrivers, driversProgram } from "../support/drivers-on-board.ts";
import { assertDriven, assertGpioRun } from "../support/gpio-board-facts.ts";
import { runGpio, whyNoBoard } from "../support/virtual-board.ts";

const DRIVERS = ["i2c", "hwmon: lm75", "iio: bmp280"];

test(
  "the arm64 bundle drives an arm64 kernel's lines both ways, and its drivers keep their contract",
  { skip: whyNoBoard() || whyNoArm64(), timeout: 450_000 },
  async (t) => {
    const told = await runGpio(t, {
      arch: "arm64",
      bundle: await arm64Bundle(),
      backends: ["chardev", "sysfs:short"],
      limit: 420,
      andThen: async (folder) => driversProgram(folder, "arm64", DRIVERS),
    });
    assert.equal(told.facts.get("done"), true, told.text);
    assertGpioRun("chardev", told);
    assertDriven("sysfs", told);
    await assertDrivers(t, told, DRIVERS);
  },
);
