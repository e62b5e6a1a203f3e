import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { driverText } from "../device/guest/guest-rig.ts";
import { temporaryFolder } from "../support/programs.ts";

const root = join(import.meta.dirname, "../..");
const cli = join(root, "packages/cli/bin.mjs");

function tryOut(...args: readonly string[]) {
  return spawnSync(process.execPath, [cli, "driver", "test", ...args], { encoding: "utf8" });
}

function write(t: TestContext, files: Record<string, string>): string {
  const folder = temporaryFolder(t);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return join(folder, "my.mjs");
}

test("pinion driver test: the example keeps the contract of drivers, by the scenario beside it", () => {
  const { status, stdout, stderr } = tryOut(join(root, "deploy/examples/drivers/mh-z19.mjs"));
  assert.equal(status, 0, stdout + stderr);
  assert.match(stdout, /^ok {6}hardware that goes away is told of, and used again when it comes back$/m);
  assert.match(stdout, /^\d+ checks, all kept$/m);
});

test("pinion driver test: what a driver breaks is named, each time with what it did, and the status is 1", (t) => {
  const open = `
    const timer = setInterval(() => {}, 1_000);
    return { ...usual, invoke: async () => () => {}, close: async () => {} };`;
  const { status, stdout } = tryOut(write(t, { "my.mjs": driverText({ open }) }), "--json");
  assert.equal(status, 1);
  const results = JSON.parse(stdout) as { name: string; ok: boolean; fault?: string }[]; // as printed
  const faultOf = (words: string): string => results.find(({ name }) => name.includes(words))?.fault ?? "";
  assert.match(faultOf("a hundred times opened"), /100 timers of its own are left: use ctx\.timers/);
  assert.match(
    faultOf("whatever is asked wrongly"),
    /the action no_such_action must be refused with a DriverError unknown_action/,
  );
  assert.match(
    faultOf("every reading is declared"),
    /stimulate makes every stream .*: found \[\], expected \[ 'one' \]/,
  );
  assert.ok(results.some(({ ok }) => ok));
});

test("pinion driver test: an endless loop and an end of the process are broken checks, and the others are tried all the same", (t) => {
  const open = `return { ...usual, invoke: async (action, channel) => { if (channel === "one") for (;;); return null; } };`;
  const { status, stdout } = tryOut(write(t, { "my.mjs": driverText({ open }) }), "--limit", "2");
  assert.equal(status, 1);
  assert.match(
    stdout,
    /^BROKEN {2}every declared action answers .*\n {8}it did not come to rest within 2 s: an endless loop/m,
  );
  assert.match(stdout, /^13 checks, /m);
  const ends = tryOut(write(t, { "my.mjs": driverText({ open: "process.exit(5);" }) }));
  assert.match(ends.stdout, /^BROKEN {2}a hundred times .*\n {8}it ended the process with status 5$/m);
});

test("pinion driver test: what is thrown in a timer, and a promise left rejected, break the check under way", (t) => {
  const open = `void Promise.reject(new Error("nobody's")); return usual;`;
  const { stdout } = tryOut(write(t, { "my.mjs": driverText({ open }) }));
  assert.match(stdout, /^BROKEN {2}a hundred times .*\n {8}it left a rejected promise to nobody: nobody's/m);
});

test("pinion driver test: a scenario says how a driver is opened; without a fitting one it cannot be tried", (t) => {
  const needs = driverText().replace("name: Type.Optional(Type.String())", "name: Type.String()");
  const without = tryOut(write(t, { "my.mjs": needs }));
  assert.equal(without.status, 2);
  assert.match(without.stderr, /config is refused at the top: name is missing.*Write a scenario/);
  const file = write(t, { "my.mjs": needs, "my.scenario.mjs": `export default { config: { name: "two" } };` });
  assert.match(tryOut(file).stdout, /^ok {6}unknown keys are refused by name$/m);
  const broken = tryOut(write(t, { "my.mjs": needs, "my.scenario.mjs": "export default { prepare: 1 };" }));
  assert.match(broken.stderr, /prepare of .*my\.scenario\.mjs is no function.*Write: export default/);
});

test("pinion driver test: what is wrong on the command line is told, and the status is 2", () => {
  for (const [args, words] of [
    [["./nowhere.mjs"], /There is no file .*nowhere\.mjs/],
    [[cli, "--scenario", "./nowhere.mjs"], /no file .*nowhere\.mjs/],
    [[cli, "--limit", "x"], /--limit is a number of seconds/],
    [[], /missing required argument 'file'/],
  ] as const) {
    const { status, stderr } = tryOut(...args);
    assert.equal(status, 2, stderr);
    assert.match(stderr, words);
  }
});
