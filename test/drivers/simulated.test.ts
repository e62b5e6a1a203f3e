import assert from "node:assert/strict";
import { test } from "node:test";
import { simulated } from "../../drivers/simulated.ts";
import { DriverRig } from "../support/driver-rig.ts";

async function run(sensor: object, ms: number): Promise<DriverRig> {
  const rig = new DriverRig();
  const driver = await rig.open(simulated, { sensors: { made_up: sensor } });
  await rig.clock.advance(ms);
  await driver.close();
  return rig;
}

test("a sine starts in the middle and reaches both ends a quarter period after", async () => {
  const rig = await run({ wave: "sine", min: -10, max: 10, period: "4s", interval: "1s" }, 4000);
  assert.deepEqual(rig.take("made_up").map(Number), [0, 10, 0, -10, 0]);
});

test("a sawtooth climbs from min to max and falls back", async () => {
  const rig = await run({ wave: "sawtooth", min: 0, max: 4, period: "4s", interval: "1s" }, 5000);
  assert.deepEqual(rig.take("made_up"), [0, 1, 2, 3, 0, 1]);
});

test("a constant stays at min, exactly", async () => {
  const rig = await run({ wave: "constant", min: 3.14159, decimals: 2 }, 20_000);
  assert.deepEqual(rig.take("made_up"), [3.14159, 3.14159, 3.14159]);
});

test("a random walk moves, keeps to its limits, and is the same for the same randomness", async () => {
  const sensor = { wave: "random-walk", min: 5, max: 6, period: "2s", interval: "1s" };
  const [first, second] = await Promise.all([run(sensor, 300_000), run(sensor, 300_000)]);
  const values = first.take("made_up").map(Number);
  assert.deepEqual(second.take("made_up"), values);
  assert.ok(values.every((value) => value >= 5 && value <= 6));
  assert.ok(new Set(values).size > 20);
});

test("every reading is marked as simulated", async () => {
  const rig = await run({ wave: "sine" }, 30_000);
  assert.equal(rig.readings.length, 4);
  assert.ok(rig.readings.every(({ quality }) => quality === "simulated"));
});

test("bad_config: a range that is empty", () => {
  const issues = simulated.check({ sensors: { a: { wave: "sine", min: 2, max: 1 }, b: { wave: "constant", min: 9 } } });
  assert.deepEqual(
    issues.map(({ path }) => path),
    ["/sensors/a"],
  );
});
