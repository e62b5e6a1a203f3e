import assert from "node:assert/strict";
import { test } from "node:test";
import { LoopLag } from "../../device/loop-lag.ts";

/** A loop whose timers come as late as the test says. */
function loop() {
  let now = 0;
  let next: (() => void) | undefined;
  const lag = new LoopLag({ now: () => now, after: (_ms, run) => (next = run) });
  const tick = (ms: number): void => {
    now += ms;
    const run = next;
    next = undefined;
    run?.();
  };
  return { lag, tick, stand: (ms: number) => void (now += ms) };
}

test("a loop that is on time has no lag", () => {
  const { lag, tick } = loop();
  const read = lag.reader();
  assert.deepEqual(read(), { mean: 0, max: 0 });
  for (let i = 0; i < 10; i += 1) tick(100);
  assert.deepEqual(read(), { mean: 0, max: 0 });
});

test("mean and worst are told since this reader asked last, whoever else asks", () => {
  const { lag, tick } = loop();
  const [one, other] = [lag.reader(), lag.reader()];
  tick(100);
  tick(130);
  assert.deepEqual(one(), { mean: 15, max: 30 });
  tick(110);
  assert.deepEqual(one(), { mean: 10, max: 10 });
  const { mean, max } = other();
  assert.equal(max, 30);
  assert.ok(Math.abs(mean - 40 / 3) < 1e-9);
});

test("a stand-still is seen by who asks before the late timer comes", () => {
  const { lag, tick, stand } = loop();
  const read = lag.reader();
  tick(100);
  stand(2_600);
  assert.equal(read().max, 2_500);
});
