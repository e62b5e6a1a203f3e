import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { ReconnectSchedule } from "../../packages/wamp/client/reconnect-schedule.ts";

const middle = (): number => 0.5;

test("delays grow from 1 s by 1.6 to 60 s and stay there for ever", () => {
  const schedule = new ReconnectSchedule({}, middle);
  const delays = Array.from({ length: 200 }, () => schedule.down(0));
  assert.deepEqual(delays.slice(0, 5), [1000, 1600, 2560, 4096, 6554]);
  assert.ok(delays.slice(10).every((delay) => delay === 60_000));
});

test("every delay is within 20 % of its base, whatever the entropy says", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { maxLength: 40 }),
      (numbers) => {
        const queue = [...numbers];
        const schedule = new ReconnectSchedule({}, () => queue.shift() ?? 0.5);
        let base = 1000;
        for (const _ of numbers) {
          const delay = schedule.down(0);
          assert.ok(delay >= Math.floor(base * 0.8) && delay <= Math.ceil(base * 1.2), `${delay} from ${base}`);
          base = Math.min(60_000, base * 1.6);
        }
      },
    ),
  );
});

test("the jitter uses its whole range", () => {
  assert.equal(new ReconnectSchedule({}, () => 0).down(0), 800);
  assert.equal(new ReconnectSchedule({}, () => 0.999_999).down(0), 1200);
});

test("60 s of readiness start the row again, less do not", () => {
  const schedule = new ReconnectSchedule({}, middle);
  schedule.down(0);
  schedule.down(0);
  schedule.up(10_000);
  assert.equal(schedule.down(69_999), 2560);
  schedule.up(100_000);
  assert.equal(schedule.down(160_000), 1000);
});

test("time spent down does not count as readiness", () => {
  const schedule = new ReconnectSchedule({}, middle);
  schedule.down(0);
  assert.equal(schedule.down(1_000_000), 1600);
});

test("options out of range are refused with invalid_option", () => {
  const wrong = [
    { initial: 0 },
    { factor: 0.5 },
    { max: 10 },
    { jitter: 1 },
    { jitter: -0.1 },
    { initial: Number.NaN },
  ];
  for (const options of wrong) {
    assert.throws(() => new ReconnectSchedule(options, middle), { name: "UsageError", code: "invalid_option" });
  }
});
