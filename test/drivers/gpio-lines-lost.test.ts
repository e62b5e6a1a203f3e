/** Lines that are taken away in use, that cannot be brought to safety, and inputs that only tell of one edge. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DriverError } from "../../drivers/driver-error.ts";
import { gpio } from "../../drivers/gpio/gpio.ts";
import { DriverRig } from "../support/driver-rig.ts";
import { settle } from "../support/virtual-clock.ts";

const relay = { relay: { pin: 17, direction: "out" } } as const;
const contact = { contact: { pin: 27, direction: "in" } } as const;

test("one edge only is an event: it says nothing of the level after it, so no state is told", () => {
  const kinds = gpio
    .describe({
      pins: {
        both: { pin: 5, direction: "in" },
        up: { pin: 6, direction: "in", edge: "rising" },
        relay: { pin: 17, direction: "out" },
      },
    })
    .channels.map(({ name, streams }) => streams[name]?.kind);
  assert.deepEqual(kinds, ["state", "event", "state"]);
});

test("an input whose edges have ended is said to be faulted at once, and watched again", async () => {
  const rig = new DriverRig();
  const board = rig.board.gpio;
  const openInput = board.openInput.bind(board);
  const ends: ((cause: DriverError) => void)[] = [];
  board.openInput = async (request) => {
    if (request.onGone) ends.push(request.onGone);
    return openInput(request);
  };
  const driver = await rig.open(gpio, { pins: contact, checkInterval: 0 });
  rig.take("contact");
  ends[0]?.(new DriverError("no_such_device", "GPIO27 can no longer be watched"));
  await settle();
  assert.deepEqual([driver.health().state, rig.take("contact")], ["faulted", ["error"]]);
  await rig.clock.advance(1000);
  assert.deepEqual([driver.health().state, rig.take("contact"), ends.length], ["ok", [0], 2]);
  await driver.close();
});

test("close rejects when an output could not be brought to its safe level, and still reaches the others", async () => {
  const rig = new DriverRig();
  const driver = await rig.open(gpio, { pins: { ...relay, pump: { pin: 5, direction: "out" }, ...contact } });
  for (const pin of ["relay", "pump"]) await driver.invoke("set", pin, [1]);
  rig.board.gpio.line(17).fault("io", "write");
  await assert.rejects(driver.close(), { code: "io" });
  assert.deepEqual([rig.board.gpio.line(17).level, rig.board.gpio.line(5).level], [1, 0]);
  assert.deepEqual([rig.board.gpio.line(5).holder, rig.board.gpio.line(27).holder], [undefined, undefined]);
});
