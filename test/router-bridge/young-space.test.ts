import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { test } from "node:test";
import { youngSpaceOptions } from "../../router-bridge/young-space.ts";

test("the young space stays small, unless its owner said otherwise", () => {
  const options = youngSpaceOptions([]);
  assert.ok(options.length > 0);
  assert.deepEqual(youngSpaceOptions(["--max-old-space-size=100"]), options);
  assert.deepEqual(youngSpaceOptions(["--max-semi-space-size=16"]), []);
});

test("this Node knows each option, and would say so if it did not", () => {
  const said = (option: string): string => {
    const script = `require("node:v8").setFlagsFromString(${JSON.stringify(option)})`;
    return spawnSync(process.execPath, ["-e", script], { encoding: "utf8" }).stderr;
  };
  for (const option of youngSpaceOptions([])) assert.equal(said(option), "");
  assert.notEqual(said("--no-option-of-this-name"), "");
});

/** Megabytes of young space after much that lives a little while. */
function youngSpaceAfterWork(prelude: string): number {
  const script = `${prelude}
    const { getHeapSpaceStatistics } = require("node:v8");
    const ring = [];
    for (let i = 0; i < 3e6; i++) ring[i % 50000] = { i, text: "x" + i };
    process.stdout.write(String(getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space").space_size / 1048576));`;
  return Number(execFileSync(process.execPath, ["-e", script], { encoding: "utf8" }));
}

test("what is switched off is what makes it grow", () => {
  const flags = youngSpaceOptions([]).map((option) => `require("node:v8").setFlagsFromString("${option}");`);
  const [left, kept] = [youngSpaceAfterWork(""), youngSpaceAfterWork(flags.join(""))];
  assert.ok(kept < left / 2, `${String(kept)} MiB of ${String(left)}`);
});
