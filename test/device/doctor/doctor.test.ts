/** `pinion doctor` as a whole, and what it does where a check itself fails. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { checkAddons } from "../../../device/doctor/addon-checks.ts";
import { examine } from "../../../device/doctor/doctor.ts";
import { planDrivers } from "../../../device/plan.ts";
import { loadDrivers } from "../../../drivers/index.ts";
import { temporaryFolder } from "../../support/programs.ts";
import { startBridge } from "../../support/router-bridge-fixture.ts";
import { madeUpMachine } from "./made-up-machine.ts";

const cli = join(import.meta.dirname, "../../../packages/cli/bin.mjs");

function doctor(t: TestContext, config: string | undefined, ...more: readonly string[]) {
  const folder = temporaryFolder(t);
  const file = join(folder, "board.yaml");
  if (config !== undefined) writeFileSync(file, config);
  const named = config === undefined ? [] : ["--config", file];
  return spawnSync(process.execPath, [cli, "doctor", ...named, ...more], { encoding: "utf8", cwd: folder });
}

test("pinion doctor: a sound board is looked at from Node to its rights at the router, and the status is 0", async (t) => {
  const { at } = await startBridge(t);
  const config = `router: { url: "rs://${at}" }\nboard: { gpio: simulated }\ndrivers: [{ use: gpio, pins: { relay: { pin: 17, direction: out } } }]\n`;
  const folder = temporaryFolder(t);
  const file = join(folder, "board.yaml");
  writeFileSync(file, config);
  const { spawn } = await import("node:child_process");
  // not spawnSync: the router lives in this process
  const child = spawn(process.execPath, [cli, "doctor", "--json", "--config", file], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (more: string) => (text += more));
  const status = await new Promise((resolve) => child.once("close", resolve));
  const findings = JSON.parse(text) as { check: string; level: string; words: string; cure?: string }[]; // as printed
  const errors = findings.filter(({ level, check }) => level === "error" && check !== "clock");
  assert.deepEqual(errors, []);
  assert.equal(status, findings.some(({ level }) => level === "error") ? 1 : 0);
  for (const check of ["node", "kernel", "config", "addons", "gpio", "power", "clock", "disk", "router", "permissions"])
    assert.ok(
      findings.some((one) => one.check === check),
      check,
    );
  for (const { level, cure } of findings) assert.equal(level === "ok", cure === undefined);
});

test("pinion doctor: a configuration that is wrong is an error each, the machine is looked at all the same, and the status is 1", (t) => {
  const { status, stdout } = doctor(
    t,
    "drivers: [{ use: gpio, pins: { relay: { pin: header 1, direction: out } } }]\nfrob: 1\n",
  );
  assert.equal(status, 1);
  assert.match(stdout, /^error {3}.*board\.yaml:1: drivers\[0\]\.pins\.relay.*\n {8}Allowed:/m);
  assert.match(stdout, /^error {3}.*board\.yaml:2: frob/m);
  assert.match(stdout, /^ok {6}Node /m);
});

test("pinion doctor: without a configuration the machine alone is looked at, and says so", (t) => {
  const { status, stdout, stderr } = doctor(t, undefined);
  assert.match(stdout, /^warning no configuration: .*\n {8}Write one/m, stderr);
  assert.match(stdout, /^ok {6}Node /m);
  assert.ok(status === 0 || status === 1);
});

test("pinion doctor: a router that is not there is told with its cure, and the status is 1", (t) => {
  const { status, stdout } = doctor(t, 'router: { url: "rs://127.0.0.1:1" }\n');
  assert.equal(status, 1);
  assert.match(
    stdout,
    /^error {3}cannot connect to rs:\/\/127\.0\.0\.1:1: nothing listens there\n {8}Is the router running/m,
  );
});

test("addons: one that does not load is an error where a driver needs it, else a warning", async () => {
  const { drivers } = planDrivers(
    [{ use: "serial", ports: { meter: { path: "/dev/ttyUSB0" } } }],
    await loadDrivers(["serial"]),
  );
  const broken = { load: async () => Promise.reject(new Error("wrong ELF class\nmore")), use: "serial ports" };
  const table = [
    { name: "epoll", use: "edges", load: async () => 1, claims: ["gpio-line"] },
    { name: "serialport", claims: ["serial-port"], ...broken },
    { name: "koffi", claims: ["gpio-line"], ...broken },
  ];
  const findings = await checkAddons(drivers, table);
  assert.deepEqual(
    findings.map(({ level, words }) => `${level}: ${words}`),
    [
      "ok: epoll load",
      "error: serialport does not load, which is for serial ports: wrong ELF class",
      "warning: koffi does not load, which is for serial ports: wrong ELF class",
    ],
  );
});

test("a check that fails by itself is an error of its own, and no other is left out", async (t) => {
  const machine = {
    ...madeUpMachine(t),
    list: () => {
      throw new Error("made up");
    },
  };
  const findings = await examine({ none: "no configuration" }, { machine, folders: [], isSynced: async () => true });
  assert.ok(findings.some(({ level, words }) => level === "error" && /the check of power failed: made up/.test(words)));
  assert.ok(findings.some(({ check, level }) => check === "clock" && level === "ok"));
});
