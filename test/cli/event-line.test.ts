/** What `pinion subscribe --from` prints for people where a number is no reading. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { gapLine } from "../../packages/cli/event-line.ts";

const gap = { device: "attic", topic: "sensor.tank", boot: "b1", from: 4, to: 4 };

for (const [more, words] of [
  [{ reason: "unclean_stop", to: Number.POSITIVE_INFINITY }, "gap: 4 and later of boot b1 will not come: unclean_stop"],
  [{ reason: "journal_full", to: 9 }, "gap: 4 to 9 of boot b1 will not come: journal_full"],
  [
    { reason: "driver_fault", cause: "gone\u001b[2J" },
    'gap: 4 of boot b1 is no reading, nothing is read: "gone\\u001b[2J"',
  ],
  [{ reason: "clock_step", offset: -5_000, mono: 1 }, "gap: 4 of boot b1 is no reading, the clock was set by -5000 ms"],
] as const) {
  test(`a gap of reason ${more.reason} is told in words that are true of it`, () => {
    assert.equal(gapLine({ ...gap, ...more }), `sensor.tank  ${words}  {"device":"attic"}`);
  });
}
