import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { lateOptions } from "../../device/late-optimizing.ts";

/** What Node says of functions that it optimizes, when one is called so often. */
function optimizing(options: readonly string[], calls: number): { told: string; warned: string } {
  const script = `
    for (const option of ${JSON.stringify(options)}) require("node:v8").setFlagsFromString(option);
    function hot(n) { return ((n * 7) % 13) + ((n * n) % 11); }
    Array.from({ length: ${String(calls)} }).forEach((_, n) => hot(n));`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--trace-opt", "-e", script], { encoding: "utf8" });
  return { told: stdout, warned: stderr };
}

const OF_HOT = /marking .*<JSFunction hot .* for optimization/;

test("a function is optimized once it is really hot, and not for a moment's work", () => {
  const options = lateOptions(process.versions.node);
  assert.ok(options.length > 0);
  assert.match(optimizing([], 1000).told, OF_HOT);
  const moment = optimizing(options, 1000);
  assert.doesNotMatch(moment.told, OF_HOT);
  assert.equal(moment.warned, "");
  assert.match(optimizing(options, 200_000).told, OF_HOT);
});

test("Nodes that have no such options are left alone", () => {
  for (const version of ["20.19.0", "22.12.0"]) assert.deepEqual(lateOptions(version), []);
});
