import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../router-bridge/dashboard/state/limits.ts";
import { readingOf } from "../../router-bridge/dashboard/state/reading.ts";
import { StreamState } from "../../router-bridge/dashboard/state/stream-state.ts";

function fed(values: readonly unknown[], every = 1_000): StreamState {
  const stream = new StreamState("sensor.x");
  for (const [index, value] of values.entries()) {
    stream.receive(readingOf("sensor.x", value, { seq: index + 1, boot: "b" }), index * every);
  }
  return stream;
}

test("a measurement is stale after three of its usual intervals, and not before five seconds", () => {
  const quick = fed([1, 2, 3, 4]);
  assert.equal(quick.stale(undefined, 3_000 + 5_000), undefined);
  assert.match(quick.stale(undefined, 3_000 + 5_001) ?? "", /longer than usual/);
  const slow = fed([1, 2, 3, 4], 10_000);
  assert.equal(slow.stale(undefined, 30_000 + 30_000), undefined);
  assert.notEqual(slow.stale(undefined, 30_000 + 30_001), undefined);
});

test("the interval that a board declares counts from the first reading on", () => {
  const model = { topic: "sensor.x", title: "", unit: "", kind: "measurement", text: false, interval: 2_000 } as const;
  const stream = fed([1]);
  assert.equal(stream.stale(model, 6_000), undefined);
  assert.notEqual(stream.stale(model, 6_001), undefined);
  assert.equal(stream.stale({ ...model, kind: "state" }, 1e9), undefined, "a state holds until the next one");
});

test("the time without a link is no interval, and no reading counts as missed over it", () => {
  const stream = fed([1, 2, 3]);
  stream.interrupt(2_500);
  stream.receive(readingOf("sensor.x", 4, { seq: 90, boot: "b" }), 100_000);
  stream.receive(readingOf("sensor.x", 5, { seq: 91, boot: "b" }), 101_000);
  assert.equal(stream.missed, 0);
  assert.notEqual(stream.stale(undefined, 107_000), undefined);
});

test("a hole in the numbering is counted, a new run of the board starts again", () => {
  const stream = fed([1, 2]);
  stream.receive(readingOf("sensor.x", 3, { seq: 6, boot: "b" }), 2_000);
  assert.equal(stream.missed, 3);
  stream.receive(readingOf("sensor.x", 3, { seq: 1, boot: "c" }), 3_000);
  assert.equal(stream.missed, 0);
});

test("an error keeps the last good value, says its cause and breaks the line", () => {
  const stream = fed([20, 21]);
  stream.receive(readingOf("sensor.x", null, { quality: "error", cause: "no answer", seq: 3, boot: "b" }), 2_000);
  assert.equal(stream.lastGood, 21);
  assert.equal(stream.stale(undefined, 2_000), "no answer");
  assert.deepEqual(stream.series.points(2_000).values, [20, 21, null]);
});

test("digits after the point are those that the values need, as many as make sense, and do not flicker", () => {
  assert.equal(fed([1, 2]).decimals, 0);
  assert.equal(fed([21.5, 22]).decimals, 1);
  assert.equal(fed([-2.46731, 0.123456]).decimals, 2);
  assert.equal(fed([1013.25]).decimals, 0);
  assert.equal(fed([0.1 + 0.2]).decimals, 1);
});

test("lines of text are kept up to their limit", () => {
  const stream = fed(Array.from({ length: 80 }, (_, index) => `line ${String(index)}\r\n`));
  assert.equal(stream.lines.length, limits.lines);
  assert.equal(stream.lines.at(-1), "line 79");
});

test("what a description recalls is not newer than what came live", () => {
  const stream = fed([1, 2]);
  stream.recall(readingOf("sensor.x", 9, {}), 500);
  assert.equal(stream.reading?.value, 2);
  stream.recall(readingOf("sensor.x", 9, {}), 5_000);
  assert.equal(stream.reading?.value, 9);
});

test("a publisher that knows nothing of Pinion is readable too", () => {
  const stream = new StreamState("sensor.wind");
  stream.receive(readingOf("sensor.wind", 3.5, {}), 0);
  assert.equal(stream.lastGood, 3.5);
  assert.equal(stream.reading?.quality, "good");
});
