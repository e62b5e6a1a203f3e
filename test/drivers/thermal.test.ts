import assert from "node:assert/strict";
import { test } from "node:test";
import { DriverError } from "../../drivers/driver-error.ts";
import { thermal } from "../../drivers/thermal.ts";
import { DriverRig } from "../support/driver-rig.ts";

const ROOT = "/sys/class/thermal";

function board(zones: Readonly<Record<string, readonly [type: string, temp: string]>>): DriverRig {
  const rig = new DriverRig();
  for (const [zone, [type, temp]] of Object.entries(zones)) {
    rig.board.files.set(`${ROOT}/${zone}/type`, `${type}\n`);
    rig.board.files.set(`${ROOT}/${zone}/temp`, `${temp}\n`);
  }
  rig.board.files.set(`${ROOT}/cooling_device0/type`, "gpio-fan\n");
  return rig;
}

test("the processor's zone is found by its type and read in °C at once and every 30 s", async () => {
  const rig = board({ thermal_zone0: ["nvme", "30000"], thermal_zone10: ["cpu-thermal", "48312"] });
  const driver = await rig.open(thermal, {});
  await rig.clock.advance(59_999);
  assert.deepEqual(
    rig.readings.map(({ at, value }) => [at, value]),
    [
      [0, 48.312],
      [30_000, 48.312],
    ],
  );
  assert.equal(thermal.describe({}).channels[0]?.streams["cpu_temperature"]?.unit, "°C");
  await driver.close();
});

test("without cpu-thermal the first zone by number is read", async () => {
  const rig = board({ thermal_zone10: ["b", "2000"], thermal_zone9: ["a", "-1500"] });
  const driver = await rig.open(thermal, {});
  assert.deepEqual(rig.take("cpu_temperature"), [-1.5]);
  await driver.close();
});

test("no_such_device: a zone asked for by type is not replaced by another, and the types there are named", async () => {
  const rig = board({ thermal_zone0: ["cpu-thermal", "40000"] });
  const driver = await rig.open(thermal, { zones: { gpu: { type: "gpu-thermal" } } });
  assert.match(rig.readings[0]?.cause ?? "", /gpu-thermal.*cpu-thermal/);
  await assert.rejects(driver.invoke("read", "gpu", []), { code: "no_such_device" });
  await driver.close();
});

test("a failing or senseless read is an error reading, and the next one is made all the same", async () => {
  const rig = board({ thermal_zone0: ["cpu-thermal", "40000"] });
  const driver = await rig.open(thermal, { zones: { cpu: { interval: "1s" } } });
  for (const content of [new DriverError("io", "EIO"), "", "hot", "4e4", "50000"]) {
    rig.board.files.set(`${ROOT}/thermal_zone0/temp`, content);
    await rig.clock.advance(1000);
  }
  assert.deepEqual(rig.take("cpu"), [40, "error", "error", "error", "error", 50]);
  assert.equal(driver.health().state, "ok");
  await driver.close();
});

test("a zone that is numbered anew is found again", async () => {
  const rig = board({ thermal_zone0: ["cpu-thermal", "40000"] });
  const driver = await rig.open(thermal, { zones: { cpu: { interval: "1s" } } });
  rig.board.files.remove(`${ROOT}/thermal_zone0/type`);
  rig.board.files.remove(`${ROOT}/thermal_zone0/temp`);
  rig.board.files.set(`${ROOT}/thermal_zone3/type`, "cpu-thermal");
  rig.board.files.set(`${ROOT}/thermal_zone3/temp`, "41000");
  await rig.clock.advance(2000);
  assert.deepEqual(rig.take("cpu"), [40, "error", 41]);
  await driver.close();
});
