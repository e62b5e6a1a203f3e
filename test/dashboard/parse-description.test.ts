import assert from "node:assert/strict";
import * as fc from "fast-check";
import { test } from "node:test";
import { gpio } from "../../drivers/gpio/gpio.ts";
import { limits } from "../../router-bridge/dashboard/state/limits.ts";
import { parseDescription, titleFrom } from "../../router-bridge/dashboard/state/parse-description.ts";

const pins = { relay: { pin: "GPIO17", direction: "out", title: "Relay" }, door: { pin: "GPIO27", direction: "in" } };

test("a board's description names every procedure and topic, as it says itself or by the naming it uses", () => {
  const drivers = [gpio.describe({ pins })];
  const names = (more: object): unknown => {
    const model = parseDescription({ id: "shed", drivers, ...more });
    const [relay] = model?.channels ?? [];
    return {
      channels: model?.channels.map(({ name, title, role }) => `${name} ${title} ${role}`),
      set: relay?.actions.find(({ name }) => name === "set")?.procedure,
      topic: relay?.streams[0]?.topic,
      own: [model?.describeProcedure, model?.healthProcedure],
    };
  };
  const channels = ["relay Relay output", "door Door input"];
  const single = { channels, set: "device.gpio.set", topic: "sensor.relay", own: ["device.describe", "device.health"] };
  assert.deepEqual(names({ naming: "single" }), single);
  assert.deepEqual(names({ procedures: { describe: "a.b", health: "a.c" } }), { ...single, own: ["a.b", "a.c"] });
  assert.deepEqual(names({ naming: "fleet" }), {
    channels,
    set: "device.shed.gpio.set",
    topic: "sensor.shed.relay",
    own: ["device.shed.describe", "device.shed.health"],
  });
});

test("what is no description is none", () => {
  for (const value of [undefined, null, 1, "board", [], {}, { id: "x" }, { drivers: [] }, { id: 7, drivers: [] }]) {
    assert.equal(parseDescription(value), undefined, JSON.stringify(value));
  }
});

test("an action that does not say how safe it is must be confirmed", () => {
  const channels = [{ name: "gate", role: "output", actions: { open: { args: [] } } }];
  const model = parseDescription({ id: "x", drivers: [{ kind: "gate", channels }] });
  assert.equal(model?.channels[0]?.actions[0]?.safety, "hazardous");
});

test("a description over the limits is cut, and what was left out is counted", () => {
  const channels = Array.from({ length: 500 }, (_, index) => ({ name: `c${String(index)}`, title: "x".repeat(5_000) }));
  const model = parseDescription({ id: "x", drivers: [{ kind: "many", channels }] });
  assert.equal(model?.channels.length, limits.channelsPerBoard);
  assert.equal(model?.leftOut, 500 - limits.channelsPerBoard);
  assert.equal(model?.channels[0]?.title.length, limits.text);
});

test("names become titles that people read", () => {
  assert.equal(titleFrom("tank_level"), "Tank level");
  assert.equal(titleFrom("activeLow"), "Active low");
  assert.equal(titleFrom("_"), "_");
});

test("anything at all gives a model or nothing, and never an exception", () => {
  const anything = fc.anything({ withBigInt: true, withMap: true, withTypedArray: true });
  const channel = fc.record({
    name: fc.string(),
    role: anything,
    aliases: anything,
    details: anything,
    actions: anything,
    streams: anything,
  });
  const driver = fc.record({ kind: anything, actions: anything, channels: fc.oneof(anything, fc.array(channel)) });
  const board = fc.record({
    id: fc.string(),
    title: anything,
    naming: anything,
    startedAt: anything,
    procedures: anything,
    drivers: fc.array(driver),
    lastReadings: anything,
  });
  fc.assert(
    fc.property(fc.oneof(anything, board), (value) => {
      const model = parseDescription(value);
      if (model === undefined) return;
      assert.equal(typeof model.title, "string");
      for (const { actions, streams } of model.channels) {
        assert.ok(actions.every(({ procedure, args }) => typeof procedure === "string" && Array.isArray(args)));
        assert.ok(streams.every(({ topic, unit }) => typeof topic === "string" && typeof unit === "string"));
      }
    }),
    { numRuns: 500 },
  );
});
