import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { deviceProgram } from "../../packages/cli/device-program.ts";

const cli = join(import.meta.dirname, "../../packages/cli/bin.mjs");

test("pinion doctor gpio prints the plan of a configuration, for people and as JSON", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "pinion-doctor-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "board.yaml");
  writeFileSync(
    file,
    "board: { gpio: simulated }\ndrivers:\n  - use: gpio\n    pins:\n      relay: { pin: GPIO17, direction: out }\n",
  );
  const words = spawnSync(process.execPath, [cli, "doctor", "gpio", "--config", file], { encoding: "utf8" });
  assert.equal(words.status, 0, words.stderr);
  assert.match(words.stdout, /^ok +relay: GPIO17 = header 11 = pinctrl-bcm2711 line 17 = sysfs 529, free$/m);
  const json = spawnSync(process.execPath, [cli, "doctor", "gpio", "-c", file, "--json"], { encoding: "utf8" });
  const findings = JSON.parse(json.stdout) as { words: string }[]; // as described
  assert.ok(findings.some((one) => one.words.startsWith("relay: GPIO17")));
});

test("pinion doctor of something else is a usage error", () => {
  const { status, stderr } = spawnSync(process.execPath, [cli, "doctor", "weather"], { encoding: "utf8" });
  assert.equal(status, 2);
  assert.match(stderr, /gpio/);
});

test("the board's program is found beside the bundle", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "pinion-doctor-"));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const name of ["pinion", "pinion-device"]) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, `${name}.cjs`), "");
  }
  const own = join(folder, "pinion/pinion.cjs");
  assert.equal(deviceProgram(own), join(folder, "pinion-device/pinion-device.cjs"));
  assert.equal(deviceProgram(join(folder, "nowhere/else.cjs")), undefined);
  writeFileSync(join(folder, "pinion-device/run"), "");
  assert.equal(deviceProgram(own), join(folder, "pinion-device/run"), "which chooses the release");
});
