import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { shouldStaySmall } from "../../router-bridge/young-space.ts";

test("the young space stays small, unless its owner said otherwise", () => {
  assert.equal(shouldStaySmall([]), true);
  assert.equal(shouldStaySmall(["--max-old-space-size=100"]), true);
  assert.equal(shouldStaySmall(["--max-semi-space-size=16"]), false);
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
  const flag = `require("node:v8").setFlagsFromString("--semi-space-growth-factor=1");`;
  const [left, kept] = [youngSpaceAfterWork(""), youngSpaceAfterWork(flag)];
  assert.ok(kept < left / 2, `${String(kept)} MiB of ${String(left)}`);
});
