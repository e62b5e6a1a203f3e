/** The dashboard reads what the device says about itself; both are built apart, so here they meet. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDescription } from "../../router-bridge/dashboard/state/parse-description.ts";
import { lastReadingOf } from "../../router-bridge/dashboard/state/reading.ts";
import { makeRig } from "./rig.ts";

for (const naming of ["single", "fleet"] as const) {
  test(`the dashboard finds every control, topic and newest value in a description (${naming})`, async () => {
    const rig = makeRig({ naming });
    await rig.start();
    const description = rig.runtime.describe();
    const wire: unknown = JSON.parse(JSON.stringify(description));
    assert.deepEqual(wire, description, "it is plain JSON");
    const model = parseDescription(wire);
    assert.ok(model);
    const prefix = naming === "single" ? "" : ".bench";
    assert.equal(model.id, "bench");
    assert.equal(model.title, "Bench");
    assert.equal(model.boot, "boot1");
    assert.equal(model.startedAt, description.startedAt);
    assert.equal(model.healthProcedure, `device${prefix}.health`);
    assert.equal(model.leftOut, 0);
    const relay = model.channels.find(({ name }) => name === "relay");
    assert.equal(relay?.role, "output");
    const set = relay.actions.find(({ name }) => name === "set");
    assert.equal(set?.procedure, `device${prefix}.gpio.set`);
    assert.equal(set.channel, "relay");
    assert.equal(relay.streams[0]?.topic, `sensor${prefix}.relay`);
    const last = model.lastReadings.map(lastReadingOf);
    assert.deepEqual(
      last.map((reading) => [reading?.topic, reading?.value, reading?.boot]),
      [
        [`sensor${prefix}.relay`, 0, "boot1"],
        [`sensor${prefix}.door`, 0, "boot1"],
      ],
    );
  });
}
