import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { youngSpaceFor } from "../../router-bridge/young-space.ts";

const GIB = 1024 ** 3;

test("a board with little memory keeps its young space as it begins, and nobody's own choice is touched", () => {
  assert.equal(youngSpaceFor(GIB, []), "as it begins");
  assert.equal(youngSpaceFor(4 * GIB, ["--max-old-space-size=100"]), "roomy");
  assert.equal(youngSpaceFor(4 * GIB, ["--max-semi-space-size=16"]), "as told");
});

/** Megabytes of young space after `prelude`, and after much that lives a little while. */
function youngSpaces(prelude: string, options: readonly string[] = []): readonly [number, number] {
  const script = `${prelude}
    const { getHeapSpaceStatistics } = require("node:v8");
    const size = () => getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space").space_size / 1048576;
    const before = size();
    const ring = [];
    for (let i = 0; i < 3e6; i++) ring[i % 50000] = { i, text: "x" + i };
    process.stdout.write(JSON.stringify([before, size()]));`;
  const written = execFileSync(process.execPath, [...options, "-e", script], { encoding: "utf8" });
  return JSON.parse(written) as [number, number]; // what the script writes
}

const settle = `require(${JSON.stringify(join(import.meta.dirname, "../../router-bridge/young-space.ts"))}).settleYoungSpace();`;
const withMemory = (octets: number): string => `require("node:os").totalmem = () => ${String(octets)};`;

test("settled, it is as large after much work as before; left alone it grows", () => {
  const [, grown] = youngSpaces("");
  assert.ok(grown >= 16, String(grown));
  assert.deepEqual(youngSpaces(withMemory(4 * GIB) + settle), [8, 8]);
  const [before, after] = youngSpaces(withMemory(GIB) + settle);
  assert.ok(before <= 2 && after <= 2, `${String(before)} ${String(after)}`);
});

test("settled again after a collection that gave it back, it is as large as before", () => {
  const collect =
    'require("node:v8").setFlagsFromString("--expose-gc"); const gc = require("node:vm").runInNewContext("gc");';
  const again = `${collect} gc({ type: "major", execution: "sync", flavor: "last-resort" });`;
  assert.deepEqual(youngSpaces(withMemory(4 * GIB) + settle + again + settle), [8, 8]);
});
