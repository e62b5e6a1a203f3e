/** Hardware PWM: the channel on the mock board, and the back-end on a directory that looks like /sys/class/pwm. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { DriverError } from "../../drivers/driver-error.ts";
import { gpio } from "../../drivers/gpio/gpio.ts";
import { LinuxPwm } from "../../drivers/hardware/linux-pwm.ts";
import { DriverRig } from "../support/driver-rig.ts";
import { settle } from "../support/virtual-clock.ts";

const FAN = { pins: {}, pwm: { fan: { channel: 0, frequency: 25_000, onLinkLost: "safe" } } };

async function opened(config: object = FAN) {
  const rig = new DriverRig();
  const driver = await rig.open(gpio, { checkInterval: "10s", ...config });
  const duties = (): number[] => (rig.board.pwm.history.get("0:0") ?? []).map(({ duty }) => duty);
  return { rig, driver, duties };
}

test("a channel of hardware PWM starts at its safe duty, is set and read back, and ends at its safe duty", async () => {
  const { rig, driver, duties } = await opened();
  const answer = (await driver.invoke("pwm", "fan", [0.25])) as Record<string, unknown>; // as described
  assert.deepEqual([answer["duty"], answer["frequency"], answer["mode"]], [0.25, 25_000, "hardware"]);
  await driver.invoke("pwm", "fan", [0.5, 1000]);
  assert.deepEqual(duties(), [0, 10_000, 500_000]);
  assert.deepEqual(rig.take("fan"), [0, 0.25, 0.5]);
  await driver.close();
  assert.deepEqual([duties().at(-1), rig.board.pwm.openChannels, rig.clock.pending], [0, 0, 0]);
});

test("a lease on hardware PWM ends by its time, with its caller, and with the link where that is configured", async () => {
  const { rig, driver, duties } = await opened();
  const anna = { id: "1" };
  await driver.invoke("pwm", "fan", [0.5, 1000, "5s"], anna);
  await rig.clock.advance(5000);
  assert.equal(duties().at(-1), 0);
  await driver.invoke("pwm", "fan", [0.5, 1000, "1h"], anna);
  await driver.invoke("renew", "fan", ["2h"], anna);
  driver.callerLeft?.("1");
  await settle();
  assert.equal(duties().at(-1), 0);
  await driver.invoke("pwm", "fan", [0.5]);
  driver.linkChanged?.(false);
  await settle();
  assert.equal(duties().at(-1), 0);
  await driver.close();
});

test("a channel that fails is told of, tried again, and starts at its safe duty", async () => {
  const { rig, driver, duties } = await opened();
  await driver.invoke("pwm", "fan", [0.5]);
  rig.board.pwm.fault(new DriverError("io", "the chip does not answer"));
  await rig.clock.advance(20_000);
  assert.equal(driver.health().state, "faulted");
  rig.board.pwm.fault(undefined);
  await rig.clock.advance(60_000);
  assert.deepEqual([driver.health().state, duties().at(-1)], ["ok", 0]);
  await driver.close();
});

test("unknown_action: a channel of hardware PWM has no levels to set", async () => {
  const { driver } = await opened();
  await assert.rejects(driver.invoke("set", "fan", [1]), { code: "unknown_action", message: /pwm, get, renew/ });
  await driver.close();
});

function sysfs(t: TestContext, chips: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), "pinion-pwm-"));
  t.after(() => rmSync(root, { recursive: true }));
  for (const [chip, device] of Object.entries(chips)) {
    mkdirSync(join(root, device));
    mkdirSync(join(root, chip, "pwm0"), { recursive: true });
    symlinkSync(join(root, device), join(root, chip, "device"));
    writeFileSync(join(root, chip, "npwm"), "2\n");
    const files = { period: "1000\n", duty_cycle: "900\n", enable: "0\n", polarity: "normal\n" };
    for (const [file, text] of Object.entries(files)) writeFileSync(join(root, chip, "pwm0", file), text);
  }
  return root;
}

test("the kernel's files are written in the order that it takes, and read back", async (t) => {
  const root = sysfs(t, { pwmchip2: "1f00098000.pwm" });
  const line = await new LinuxPwm(root).open({ channel: 0, consumer: "fan" });
  await line.set({ period: 500, duty: 250, enabled: true });
  const files = ["period", "duty_cycle", "enable"].map((file) =>
    readFileSync(join(root, "pwmchip2/pwm0", file), "utf8"),
  );
  assert.deepEqual(files, ["500", "250", "1"]);
  assert.deepEqual(await line.read(), { period: 500, duty: 250, enabled: true });
});

test("a chip is found by number, name or device; without one, several or a wrong channel the words say what there is", async (t) => {
  const pwm = new LinuxPwm(sysfs(t, { pwmchip0: "a.pwm", pwmchip1: "b.pwm" }));
  const fan = { channel: 0, consumer: "fan" };
  for (const chip of [1, "a.pwm"]) await pwm.open({ ...fan, chip });
  await assert.rejects(pwm.open({ ...fan, chip: "pwmchip1" }), { code: "busy", message: /in use by fan/ });
  await assert.rejects(pwm.open(fan), { code: "bad_config", message: /several.*pwmchip0 \(a\.pwm\), pwmchip1/ });
  await assert.rejects(pwm.open({ ...fan, chip: 7 }), { code: "bad_config", message: /pwmchip7/ });
  await assert.rejects(pwm.open({ ...fan, chip: 0, channel: 2 }), { code: "bad_config", message: /channels 0 to 1/ });
  await assert.rejects(new LinuxPwm("/nonexistent").open(fan), { code: "no_such_device", message: /dtoverlay=pwm/ });
});

test("io: an idle channel that cannot be exported is named", async (t) => {
  const root = sysfs(t, { pwmchip0: "a.pwm" });
  rmSync(join(root, "pwmchip0/pwm0"), { recursive: true });
  const file = join(root, "pwmchip0/export");
  mkdirSync(file); // a write to it fails
  await assert.rejects(new LinuxPwm(root).open({ channel: 0, consumer: "fan" }), { code: "io", message: /exported/ });
});
