import { buildSync } from "esbuild";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { configFor, findHardware } from "../../packages/cli/init-config.ts";
import { writeConfigSchema } from "../../deploy/config-schema.ts";
import { temporaryFolder } from "../support/programs.ts";

const root = join(import.meta.dirname, "../..");

function run(program: string, args: readonly string[], cwd: string): { status: number | null; text: string } {
  const done = spawnSync(process.execPath, [join(root, program), ...args], { cwd, encoding: "utf8" });
  return { status: done.status, text: `${done.stdout}${done.stderr}` };
}

test("what is found on a board is in its first configuration, which the board's program takes", (t) => {
  const board = temporaryFolder(t);
  const files = {
    "sys/class/gpio/gpiochip512/label": "pinctrl-bcm2711\n",
    "sys/class/gpio/gpiochip512/ngpio": "58\n",
    "sys/bus/w1/devices/28-0316a2797f21/temperature": "21000\n",
    "sys/bus/iio/devices/iio:device0/name": "bme280\n",
    "sys/bus/iio/devices/iio:device0/in_temp_input": "21000\n",
    "sys/bus/iio/devices/iio:device0/in_temp_raw": "2100\n",
    "sys/class/hwmon/hwmon0/name": "cpu_thermal\nuse: evil\n",
    "sys/class/hwmon/hwmon0/temp1_input": "48000\n",
    "dev/i2c-1": "",
    "dev/serial/by-id/usb-FTDI_FT232R-if00-port0": "",
  };
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(dirname(join(board, file)), { recursive: true });
    writeFileSync(join(board, file), content);
  }
  const text = configFor(findHardware(board), "board.schema.json");
  assert.match(text, /^# yaml-language-server: \$schema=\.\/board\.schema\.json\n/);
  assert.deepEqual((parse(text) as { drivers: unknown }).drivers, [
    { use: "system" },
    { use: "w1", sensors: { thermometer_1: { id: "28-0316a2797f21" } } },
    { use: "iio", sensors: { iio_1: { device: "bme280", channel: "temp" } } },
    { use: "hwmon", sensors: { hwmon_1: { chip: "hwmon0", input: "temp1" } } },
  ]);
  for (const part of [
    "pinctrl-bcm2711: 58 lines",
    "/dev/serial/by-id/usb-FTDI_FT232R-if00-port0",
    "I2C buses found: 1",
  ])
    assert.ok(text.includes(part), text);
  writeFileSync(join(board, "board.yaml"), text);
  const checked = run("device/main.ts", ["--check", "--config", "board.yaml"], board);
  assert.equal(checked.status, 0, checked.text);
});

test("pinion init writes a file and its schema, and never over one", (t) => {
  const folder = temporaryFolder(t);
  const first = run("packages/cli/bin.mjs", ["init"], folder);
  assert.equal(first.status, 0, first.text);
  const schema = JSON.parse(readFileSync(join(folder, "board.schema.json"), "utf8")) as { properties: object }; // by the device
  assert.ok("drivers" in schema.properties);
  writeFileSync(join(folder, "board.yaml"), "mine");
  const second = run("packages/cli/bin.mjs", ["init"], folder);
  assert.equal(second.status, 2);
  assert.match(second.text, /board\.yaml is there already/);
  assert.equal(readFileSync(join(folder, "board.yaml"), "utf8"), "mine");
});

test("with nothing but the built command line at hand, pinion init writes the schema that came with it", (t) => {
  const folder = temporaryFolder(t);
  const alone = join(folder, "pinion");
  mkdirSync(alone);
  writeConfigSchema(alone);
  const bundle = join(alone, "pinion.cjs");
  buildSync({
    entryPoints: [join(root, "packages/cli/main.ts")],
    outfile: bundle,
    bundle: true,
    platform: "node",
    format: "cjs",
  });
  const done = spawnSync(process.execPath, [bundle, "init"], { cwd: folder, encoding: "utf8", env: { PATH: folder } });
  assert.equal(done.status, 0, done.stderr);
  const schema = JSON.parse(readFileSync(join(folder, "board.schema.json"), "utf8")) as { properties: object }; // by the device
  assert.ok("drivers" in schema.properties);
});
