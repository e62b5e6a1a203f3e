import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { Series } from "../../router-bridge/dashboard/state/series.ts";

test("points come back in the order of time with their values", () => {
  const series = new Series(1_000, 10);
  for (const [t, value] of [
    [0, 1],
    [150, 2],
    [300, 3],
  ] as const) {
    series.push(t, value);
  }
  assert.deepEqual(series.points(300), { times: [0, 150, 300], values: [1, 2, 3] });
});

test("points older than the span are gone", () => {
  const series = new Series(1_000, 10);
  series.push(0, 1);
  series.push(900, 2);
  series.push(1_500, 3);
  assert.deepEqual(series.points(1_500).values, [2, 3]);
  assert.deepEqual(series.points(2_450).values, [3]);
  assert.deepEqual(series.points(9_000).values, []);
});

test("a peak within a slot stays, and so does its dip", () => {
  const series = new Series(10_000, 10);
  for (const [index, value] of [5, 6, 99, 6, -40, 5, 6].entries()) series.push(index * 100, value);
  const { values } = series.points(700);
  assert.ok(values.includes(99) && values.includes(-40), String(values));
  assert.ok(values.length <= 2);
});

test("a break keeps what follows from being connected, and is not doubled", () => {
  const series = new Series(10_000, 10);
  series.break(0);
  series.push(10, 1);
  series.break(20);
  series.break(30);
  series.push(40, 2);
  assert.deepEqual(series.points(50).values, [1, null, 2]);
});

test("a clock that goes back starts the series again; a little jitter does not", () => {
  const series = new Series(10_000, 10);
  series.push(5_000, 1);
  series.push(4_900, 2);
  assert.deepEqual(series.points(5_000).times, [5_000, 5_000]);
  series.push(100, 3);
  assert.deepEqual(series.points(100), { times: [100], values: [3] });
});

test("the extent spans what is held and ignores breaks", () => {
  const series = new Series(10_000, 10);
  assert.equal(series.extent, undefined);
  series.push(0, 4);
  series.break(1);
  series.push(1_500, -2);
  assert.deepEqual(series.extent, { low: -2, high: 4 });
});

test("whatever comes, times are sorted, memory is bounded and the extremes of a run within the span are kept", () => {
  const step = fc.record({
    dt: fc.integer({ min: 0, max: 400 }),
    value: fc.integer({ min: -50, max: 50 }),
    gap: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const series = new Series(10_000, 20);
      const pushed: { t: number; value: number }[] = [];
      let t = 0;
      for (const { dt, value, gap } of steps) {
        t += dt;
        if (gap) series.break(t);
        series.push(t, value);
        pushed.push({ t, value });
      }
      const { times, values } = series.points(t);
      assert.equal(times.length, values.length);
      assert.ok(times.length <= 60);
      assert.ok(times.every((time, index) => index === 0 || time >= (times[index - 1] ?? 0)));
      // Folding may drop a point only for one of its own slot that is higher; 500 ms is a slot.
      const recent = pushed.filter((one) => one.t >= t - 5_000).map(({ value }) => value);
      if (recent.length > 0 && pushed.length < 40) {
        const held = values.filter((value) => value !== null);
        assert.ok(Math.max(...held) >= Math.max(...recent));
        assert.ok(Math.min(...held) <= Math.min(...recent));
      }
    }),
    { numRuns: 200 },
  );
});
