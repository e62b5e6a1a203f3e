import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { stateStore } from "../../device/state-store.ts";

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "pinion-state-"));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

test("what was saved is loaded again, by a store made anew, in a folder that is made when it is needed", async (t) => {
  const path = join(folder(t), "not", "yet");
  assert.equal(await stateStore(path).load("gpio.meter.count"), undefined);
  await stateStore(path).save("gpio.meter.count", "12");
  await stateStore(path).save("gpio.meter.count", "13");
  assert.equal(await stateStore(path).load("gpio.meter.count"), "13");
  assert.deepEqual(readdirSync(path), ["gpio.meter.count"]);
});

test("io: a folder that cannot be one is named, with what to check", async (t) => {
  const file = join(folder(t), "file");
  writeFileSync(file, "");
  await assert.rejects(stateStore(file).save("a", "1"), { code: "io", message: /file.*board\.stateDir/ });
  await assert.rejects(stateStore(file).load("a"), { code: "io" });
});

test("invalid_argument: a key cannot lead out of the folder", async (t) => {
  for (const key of ["../etc/passwd", "", ".hidden", "a/b", "A"]) {
    await assert.rejects(stateStore(folder(t)).load(key), { code: "invalid_argument" });
  }
});
