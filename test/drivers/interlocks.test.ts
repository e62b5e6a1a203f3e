/** Never both on: interlocks within one entry of the configuration, across several, and while one of them is opened anew. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { planDrivers } from "../../device/plan.ts";
import type { DriverInstance } from "../../drivers/driver.ts";
import { DriverError } from "../../drivers/driver-error.ts";
import { gpio } from "../../drivers/gpio/gpio.ts";
import { loadDrivers } from "../../drivers/index.ts";
import { DriverRig } from "../support/driver-rig.ts";
import { settle } from "../support/virtual-clock.ts";

const output = (name: string, pin: number, more: object = {}): object => ({
  checkInterval: 0,
  pins: { [name]: { pin, direction: "out", interlock: "shutter", ...more } },
});
const UP = output("up", 17);
const DOWN = output("down", 18);

const opened = async (rig: DriverRig, config: object): Promise<DriverInstance> => rig.open(gpio, config);
const levels = (rig: DriverRig): number[] => [17, 18].map((line) => rig.board.gpio.line(line).level);

test("an interlock holds across entries of the drivers list", async () => {
  const rig = new DriverRig();
  const [up, down] = [await opened(rig, UP), await opened(rig, DOWN)];
  await up.invoke("set", "up", [1]);
  await assert.rejects(down.invoke("set", "down", [1]), { code: "interlocked", message: /together with up/ });
  await up.invoke("set", "up", [0]);
  await down.invoke("set", "down", [1]);
  assert.deepEqual(levels(rig), [0, 1]);
  await Promise.all([up.close(), down.close()]);
});

test("an entry that ended without reaching its safe level keeps the others off until it is opened anew and known to be off", async () => {
  const rig = new DriverRig();
  const [up, down] = [await opened(rig, UP), await opened(rig, DOWN)];
  await up.invoke("set", "up", [1]);
  rig.board.gpio.line(17).fault("io");
  await assert.rejects(up.close(), { code: "io" });
  await assert.rejects(down.invoke("set", "down", [1]), { code: "interlocked" });
  await assert.rejects(opened(rig, UP), { code: "io" });
  await assert.rejects(down.invoke("set", "down", [1]), { code: "interlocked" });
  rig.board.gpio.line(17).fault(undefined);
  const again = await opened(rig, UP);
  await down.invoke("set", "down", [1]);
  assert.deepEqual(levels(rig), [0, 1]);
  await Promise.all([again.close(), down.close()]);
});

test("an output that was never reached keeps the others off, and says so", async () => {
  const rig = new DriverRig();
  rig.board.gpio.line(17).fault("io");
  const up = await opened(rig, { ...UP, pwm: { lamp: { channel: 0 } } });
  const down = await opened(rig, DOWN);
  await assert.rejects(down.invoke("set", "down", [1]), {
    code: "interlocked",
    message: /while up is not known to be off \(interlock shutter\)/,
  });
  rig.board.gpio.line(17).fault(undefined);
  await rig.clock.advance(2000);
  await down.invoke("set", "down", [1]);
  await Promise.all([up.close(), down.close()]);
});

test("an output that was left on stays on while the others are not open yet, and a second one does not", async () => {
  const rig = new DriverRig();
  rig.board.gpio.line(17).drive(1);
  rig.board.gpio.line(18).drive(1);
  const up = await opened(rig, output("up", 17, { initial: "keep" }));
  const down = await opened(rig, output("down", 18, { initial: "keep" }));
  assert.deepEqual(levels(rig), [1, 0]);
  assert.equal(rig.board.gpio.line(17).history.length, 1);
  await Promise.all([up.close(), down.close()]);
});

test("an output whose safe level is on is not opened while another one is on", async () => {
  const rig = new DriverRig();
  const up = await opened(rig, UP);
  await up.invoke("set", "up", [1]);
  await assert.rejects(opened(rig, output("down", 18, { safe: 1 })), { code: "interlocked" });
  assert.deepEqual(levels(rig), [1, 0]);
  await up.close();
});

test("an output that another program switches on is found, counted by its rules, and switched off where it must not be on", async () => {
  const rig = new DriverRig();
  const up = await opened(rig, { ...output("up", 17, { maxOn: "30s" }), checkInterval: "1s" });
  const down = await opened(rig, { ...DOWN, checkInterval: "1s" });
  rig.board.gpio.line(17).drive(1);
  await rig.clock.advance(1000);
  await assert.rejects(down.invoke("set", "down", [1]), { code: "interlocked" });
  rig.board.gpio.line(18).drive(1);
  await rig.clock.advance(1000);
  assert.deepEqual(levels(rig), [1, 0]);
  await rig.clock.advance(30_000);
  assert.deepEqual(levels(rig), [0, 0]);
  const audit = (await up.invoke("audit", undefined, [])) as { why: string }[]; // a list of entries
  assert.deepEqual(
    audit.map(({ why }) => why),
    ["maximum on time", "moved by another", "start"],
  );
  assert.ok(rig.logged.some((line) => line.includes("another program has moved it")));
  await Promise.all([up.close(), down.close()]);
});

test("channels of hardware PWM keep to an interlock, with pins too, and are listed in the audit", async () => {
  const rig = new DriverRig();
  const config = {
    checkInterval: 0,
    pins: { brake: { pin: 17, direction: "out", interlock: "motor" } },
    pwm: { forward: { channel: 0, interlock: "motor" }, back: { channel: 1, interlock: "motor" } },
  };
  const driver = await opened(rig, config);
  await driver.invoke("pwm", "forward", [0.5], { id: "7", authid: "anna" });
  await assert.rejects(driver.invoke("pwm", "back", [0.1]), { code: "interlocked", message: /together with forward/ });
  await assert.rejects(driver.invoke("set", "brake", [1]), { code: "interlocked" });
  assert.deepEqual(
    rig.board.pwm.history.get("0:1")?.map(({ duty }) => duty),
    [0],
  );
  await driver.invoke("pwm", "forward", [0]);
  await driver.invoke("pwm", "back", [0.1]);
  const audit = (await driver.invoke("audit", undefined, [])) as Readonly<Record<string, unknown>>[]; // a list of entries
  const { t, mono, ...entry } = audit[2] ?? {};
  assert.ok(typeof t === "number" && typeof mono === "number");
  assert.deepEqual(entry, {
    pin: "forward",
    action: "pwm",
    why: "call",
    requested: 0.5,
    readBack: 0.5,
    caller: { id: "7", authid: "anna", role: null },
  });
  rig.board.pwm.fault(new DriverError("io", "the chip does not answer"));
  await assert.rejects(driver.invoke("pwm", "back", [0]), { code: "io" });
  await settle();
  await assert.rejects(driver.invoke("set", "brake", [1]), { code: "interlocked" });
  await driver.close().catch(() => undefined);
});

test("two outputs of one interlock that are both on when safe are refused, within one entry and across two", async () => {
  const both = { a: { pin: 1, direction: "out", safe: 1, interlock: "x" } };
  const pwm = { b: { channel: 0, safe: 0.5, interlock: "x" } };
  assert.deepEqual(
    gpio.check({ pins: both, pwm }).map(({ path }) => path),
    ["/pwm/b/safe"],
  );
  const entries = [
    { use: "gpio", pins: both },
    { use: "gpio", pins: {}, pwm },
  ];
  const { findings } = planDrivers(entries, await loadDrivers());
  assert.deepEqual(
    findings.map(({ path }) => path),
    [["drivers", 1, "pwm", "b"]],
  );
  assert.match(
    findings[0]?.found ?? "",
    /'b', which would be on at its safe level together with 'a' of driver gpio \(interlock x\)/,
  );
});

test("a channel of hardware PWM that is tagged actuator must say what happens when the link is lost", () => {
  const config = { pins: {}, pwm: { fan: { channel: 0, tags: ["actuator"] } } };
  assert.deepEqual(
    gpio.check(config).map(({ path }) => path),
    ["/pwm/fan"],
  );
});
