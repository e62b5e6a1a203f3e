/** What is said when hardware cannot be had: the thing, the place, and a command that cures it. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { noPermission } from "../../drivers/hardware/access-cure.ts";
import { lineInUse } from "../../drivers/hardware/gpio-holder.ts";
import { linuxFiles } from "../../drivers/hardware/linux-files.ts";
import { LinuxSerial } from "../../drivers/hardware/linux-serial.ts";
import { portHolders, stopCure } from "../../drivers/hardware/serial-open-error.ts";
import { temporaryFolder } from "../support/programs.ts";

const PORT = {
  baudRate: 9600,
  dataBits: 8,
  parity: "none",
  stopBits: 1,
  onData: () => undefined,
  onClose: () => undefined,
} as const;

test("no_permission: the command names the group that owns the file and this very user", async (t) => {
  const file = join(temporaryFolder(t), "ttyUSB0");
  writeFileSync(file, "");
  if (process.getuid?.() === 0) chownSync(file, 0, 20);
  chmodSync(file, 0o660);
  const error = await noPermission(file, file, undefined);
  assert.equal(error.code, "no_permission");
  assert.match(error.message, /ttyUSB0 may not be used by \S+, because of the rights of .*`sudo usermod -aG \S+ \S+`/);
  chmodSync(file, 0o600);
  assert.match((await noPermission(file, file, undefined)).cure, /No group may use it: .*udev rules/);
});

test("busy: who holds a line says what to do about it", () => {
  const cure = (holder: string): string => lineInUse("GPIO17", { holder, global: 529 }).cure;
  assert.match(cure("pinion/pump"), /another pinion-device: .*systemctl stop/);
  assert.match(cure("sysfs"), /echo 529 \| sudo tee \/sys\/class\/gpio\/unexport/);
  assert.match(cure("spi0 CS0"), /overlay/);
  assert.match(lineInUse("GPIO17", {}).message, /in use by another program or a driver of the kernel\./);
});

test("no_such_device: a missing port, and a file that is none, are told with the ports there are", async (t) => {
  const dev = temporaryFolder(t);
  for (const name of ["ttyUSB0", "ttyAMA0", "passwd"]) writeFileSync(join(dev, name), "");
  const serial = new LinuxSerial({ dev });
  const others = /[Ss]et path to one of those there are: .*ttyAMA0, .*ttyUSB0\./;
  for (const [name, what] of [
    ["ttyUSB7", /^There is no .*ttyUSB7\./],
    ["passwd", /^\S*passwd is no serial port\./],
  ] as const) {
    await assert.rejects(serial.open({ path: join(dev, name), ...PORT }), (error: Error) => {
      assert.match(error.message, what);
      assert.match(error.message, others);
      return true;
    });
  }
  await assert.rejects(new LinuxSerial({ dev: temporaryFolder(t) }).open({ path: join(dev, "ttyUSB7"), ...PORT }), {
    code: "no_such_device",
    message: /there is no serial port at all/,
  });
});

test("another process that has a port open is found by its name", async (t) => {
  const folder = temporaryFolder(t);
  const port = join(folder, "port");
  writeFileSync(port, "");
  const link = join(folder, "by-id");
  symlinkSync(port, link);
  assert.deepEqual(await portHolders(link), []);
  const holder = spawn("sh", ["-c", `exec 3<"${port}"; echo; exec sleep 60`], { stdio: ["ignore", "pipe", "ignore"] });
  t.after(() => holder.kill());
  await once(holder.stdout, "data");
  const [found] = await portHolders(link);
  assert.equal(found?.pid, String(holder.pid));
  assert.match(stopCure({ pid: "4711", name: "minicom" }), /sudo kill 4711/);
  assert.match(stopCure({ pid: "4711", name: "agetty" }), /serial-getty/);
  assert.match(stopCure({ pid: "4711", name: "pinion-device" }), /systemctl stop pinion-device/);
});

test("no_such_device: a file of the kernel that is missing is told with what switches it on", async () => {
  const missing = "28-000000000000";
  await assert.rejects(linuxFiles.readText(`/sys/bus/w1/devices/${missing}`), {
    code: "no_such_device",
    message: /^There is no \/sys\/bus\/w1\/devices\/28.*dtoverlay=w1-gpio/,
  });
  await assert.rejects(linuxFiles.readText("/sys/class/leds/no_such_led/trigger"), {
    message: /^There is no .*ls \/sys\/class\/leds/,
  });
});
