/** What is kept of an output when its driver is opened anew. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { gpio } from "../../drivers/gpio/gpio.ts";
import { DriverRig } from "../support/driver-rig.ts";

const anna = { id: "1", authid: "anna", role: "operator" };
const bert = { id: "2" };

test("keys and audit outlive a driver that is opened anew", async () => {
  const rig = new DriverRig();
  const config = { checkInterval: 0, pins: { pump: { pin: 17, direction: "out" } } };
  const before = await rig.open(gpio, config);
  const first = await before.invoke("toggle", "pump", [undefined, "k1"], anna);
  await before.close();
  const after = await rig.open(gpio, config);
  assert.deepEqual(await after.invoke("toggle", "pump", [undefined, "k1"], anna), { ...Object(first), repeated: true });
  assert.equal(rig.board.gpio.line(17).level, 0, "the output is where the new opening has put it");
  await after.invoke("toggle", "pump", [undefined, "k2"], bert);
  const entries = (await after.invoke("audit", undefined, [])) as readonly { why: string; caller: object | null }[]; // a list of entries
  assert.deepEqual(
    entries.map(({ why }) => why),
    ["call", "start", "stop", "call", "start"],
  );
  await after.close();
});
