import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { lateOptions } from "../../device/late-optimizing.ts";
import { busyOptions, optimizeWhenBusy } from "../../device/optimizing-when-busy.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const device = join(import.meta.dirname, "../../device");

/** What Node says of functions that it optimizes, when after `first` one is called so often. */
function optimizing(first: string, calls: number): { told: string; warned: string } {
  const script = `
    import { optimizeLate } from ${JSON.stringify(join(device, "late-optimizing.ts"))};
    import { optimizeFromNow } from ${JSON.stringify(join(device, "optimizing-when-busy.ts"))};
    ${first}
    function hot(n) { return ((n * 7) % 13) + ((n * n) % 11); }
    Array.from({ length: ${String(calls)} }).forEach((_, n) => hot(n));`;
  const args = ["--trace-opt", "--input-type=module", "-e", script];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  return { told: stdout, warned: stderr };
}

const OF_HOT = /marking .*<JSFunction hot .* for optimization/;

test("a function is optimized once the board is busy, as without us, and not before", () => {
  assert.match(optimizing("", 1000).told, OF_HOT);
  const idle = optimizing("optimizeLate();", 200_000);
  assert.doesNotMatch(idle.told, OF_HOT);
  assert.equal(idle.warned, "");
  assert.match(optimizing("optimizeLate(); optimizeFromNow();", 1000).told, OF_HOT);
});

test("a board is busy when its loop works a twentieth of each of two seconds in a row; it is then looked at no more", async () => {
  const clock = new VirtualClock();
  let share = 1; // the start
  let optimized = 0;
  optimizeWhenBusy(
    {
      after: (ms, run) => {
        const id = clock.setTimeout(run, ms);
        return () => clock.clearTimeout(id);
      },
    },
    () => share,
    () => void (optimized += 1),
  );
  for (const next of [1, 0.01, 0.29, 0.049, 0.05]) {
    share = next;
    await clock.advance(1_000);
    assert.equal(optimized, 0, String(next));
  }
  await clock.advance(1_000);
  assert.equal(optimized, 1);
  await clock.advance(60_000);
  assert.deepEqual([optimized, clock.pending], [1, 0]);
});

test("one second of a third of its work is busy enough", async () => {
  const clock = new VirtualClock();
  let optimized = 0;
  optimizeWhenBusy(
    { after: (ms, run) => (clock.setTimeout(run, ms), () => undefined) },
    () => 0.33,
    () => void (optimized += 1),
  );
  await clock.advance(1_999);
  assert.equal(optimized, 0);
  await clock.advance(1);
  assert.equal(optimized, 1);
});

test("Nodes that have no such options are left alone", () => {
  for (const version of ["20.19.0", "22.12.0"])
    assert.deepEqual([...lateOptions(version), ...busyOptions(version)], []);
});
