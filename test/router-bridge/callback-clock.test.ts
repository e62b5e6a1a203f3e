import assert from "node:assert/strict";
import { test } from "node:test";
import { callbackClock } from "../../router-bridge/callback-clock.ts";

const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

test("the clock is read once in a callback, however often the time is asked for, and anew in the next one", async () => {
  let reads = 0;
  const clock = callbackClock(() => ++reads);
  await nextTurn();
  assert.deepEqual([clock(), clock(), clock()], [1, 1, 1]);
  await nextTurn();
  assert.deepEqual([clock(), clock()], [2, 2]);
  assert.equal(reads, 2);
});

test("nobody is told an old time after a pause, whether a timer, an immediate or input woke the process", async () => {
  const clock = callbackClock(() => performance.now());
  const wakes: readonly ((run: () => void) => unknown)[] = [
    (run) => setImmediate(run),
    (run) => setTimeout(run, 5),
    (run) => process.nextTick(run),
  ];
  for (const wake of wakes) {
    clock();
    const before = performance.now();
    await new Promise<void>((resolve) => void wake(resolve));
    assert.ok(clock() >= before);
  }
});

test("a process that nothing else keeps alive is not kept alive by the clock", () => {
  const clock = callbackClock(() => performance.now());
  const before = process.getActiveResourcesInfo();
  clock();
  assert.deepEqual(process.getActiveResourcesInfo(), before);
});
