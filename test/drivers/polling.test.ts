import assert from "node:assert/strict";
import { test } from "node:test";
import { startPolling } from "../../drivers/polling.ts";

/** A clock whose timers may fire a little early, as the platform's do when its two clocks are rounded differently. */
function hastyWorld(early: number) {
  let now = 1000;
  let pending: { at: number; run: () => void } | undefined;
  const timers = {
    after: (ms: number, run: () => void) => {
      pending = { at: now + ms, run };
      return () => (pending = undefined);
    },
  };
  const clock = { wall: () => now, mono: () => now };
  const step = async (): Promise<number> => {
    const due = pending;
    assert.ok(due, "nothing is planned");
    pending = undefined;
    now = Math.max(now, due.at - early);
    due.run();
    await new Promise(setImmediate);
    return now;
  };
  return { clock, timers, step, spend: (ms: number) => (now += ms) };
}

test("a timer that fires early does not make a reading twice", async () => {
  const world = hastyWorld(1.5);
  const times: number[] = [];
  const polling = startPolling(world, 2000, async () => void times.push(world.clock.mono()));
  await new Promise(setImmediate);
  for (let i = 0; i < 4; i += 1) await world.step();
  assert.deepEqual(times, [1000, 2998.5, 4998.5, 6998.5, 8998.5]);
  await polling.stop();
});

test("turns that a slow read has missed are left out, and the next keeps to the grid", async () => {
  const world = hastyWorld(0);
  const times: number[] = [];
  const polling = startPolling(world, 100, async () => {
    times.push(world.clock.mono());
    if (times.length === 2) world.spend(250);
  });
  await new Promise(setImmediate);
  for (let i = 0; i < 3; i += 1) await world.step();
  assert.deepEqual(times, [1000, 1100, 1400, 1500]);
  await polling.stop();
});
