import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { test } from "node:test";
import { collectorOptions } from "../../router-bridge/collector.ts";

test("what Node was started with is not overridden, and all else is said", () => {
  const options = collectorOptions([]);
  assert.ok(options.length > 1);
  assert.equal(new Set(options).size, options.length);
  assert.deepEqual(collectorOptions(["--max-old-space-size=100"]), options);
  for (const [given, untold] of [
    ["--max-semi-space-size=16", "--semi-space-growth-factor=1"],
    ["--parallel-scavenge", "--no-parallel-scavenge"],
    ["--no_concurrent_sweeping", "--no-concurrent-sweeping"],
    ["--no-concurrent-marking", "--concurrent-marking-max-worker-num=1"],
  ] as const) {
    assert.ok(options.includes(untold));
    assert.deepEqual(
      collectorOptions(["--inspect", given]),
      options.filter((option) => option !== untold),
    );
  }
});

test("this Node knows each option, and would say so if it did not", () => {
  const said = (option: string): string => {
    const script = `require("node:v8").setFlagsFromString(${JSON.stringify(option)})`;
    return spawnSync(process.execPath, ["-e", script], { encoding: "utf8" }).stderr;
  };
  for (const option of collectorOptions([])) assert.equal(said(option), "");
  assert.notEqual(said("--no-option-of-this-name"), "");
});

test("they may be said in the middle of a collection", () => {
  // V8 checks itself, and ends the process where its parts do not agree
  const script = `
    const { setFlagsFromString } = require("node:v8");
    const said = ${JSON.stringify(collectorOptions([]))};
    const unsaid = said.map((option) => option.replace("--no-", "--").replace("num=1", "num=0"));
    const kept = [];
    let made = 0;
    let turns = 0;
    (function turn() {
      for (let i = 0; i < 2000; i++) {
        kept[made++ % 60000] = { made, in: [made], out: new Uint8Array(made % 100 === 0 ? 65536 : 16), weak: new WeakRef({}) };
      }
      turns += 1;
      if (turns % 7 === 0) for (const option of turns % 2 === 0 ? said : unsaid) setFlagsFromString(option);
      if (turns < 1000) setImmediate(turn);
      else process.stdout.write(String(made));
    })();`;
  assert.equal(execFileSync(process.execPath, ["-e", script], { encoding: "utf8" }), "2000000");
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
  const flags = collectorOptions([]).map((option) => `require("node:v8").setFlagsFromString("${option}");`);
  const [left, kept] = [youngSpaceAfterWork(""), youngSpaceAfterWork(flags.join(""))];
  assert.ok(kept < left / 2, `${String(kept)} MiB of ${String(left)}`);
});
