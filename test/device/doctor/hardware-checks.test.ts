import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { findingLine } from "../../../device/doctor/finding.ts";
import { checkHardware } from "../../../device/doctor/hardware-checks.ts";
import { planDrivers } from "../../../device/plan.ts";
import { loadDrivers } from "../../../drivers/index.ts";
import { madeUpMachine, type MadeUp } from "./made-up-machine.ts";

const definitions = await loadDrivers();
const GROUPS = "root:x:0:\ngpio:x:997:pi\ndialout:x:20:\n";
const PASSWD = "root:x:0:0::/root:/bin/sh\npi:x:1000:1000::/home/pi:/bin/sh\n";
const accounts = { "/etc/group": GROUPS, "/etc/passwd": PASSWD };

function lines(t: TestContext, entries: Parameters<typeof planDrivers>[0], made: MadeUp): string {
  const { drivers, findings } = planDrivers(entries, definitions);
  assert.deepEqual(findings, []);
  const machine = madeUpMachine(t, { ...made, files: { ...accounts, ...made.files } });
  return checkHardware(machine, drivers).map(findingLine).join("\n");
}

const gpio = { use: "gpio", pins: { relay: { pin: 17, direction: "out" } } };
const serial = (path: string) => ({ use: "serial", ports: { meter: { path } } });

test("pins: no GPIO at all, and a device file that belongs to another group, are errors with the command", (t) => {
  assert.match(
    lines(t, [gpio], {}),
    /^error {3}there is neither \/dev\/gpiochip\* nor \/sys\/class\/gpio\n.*board\.gpio: simulated/,
  );
  const files = { "/dev/gpiochip0": "" };
  const owned = (gid: number, mode = 0o660) => ({ "/dev/gpiochip0": { uid: 0, gid, mode } });
  assert.match(
    lines(t, [gpio], { files, owners: owned(20) }),
    /error {3}GPIO lines: pi may not use \/dev\/gpiochip0: it is not in the group dialout\n.*`sudo usermod -aG dialout pi`/,
  );
  assert.match(
    lines(t, [gpio], { files, owners: owned(997) }),
    /became a member of gpio after this session began\n.*Log out and in again/,
  );
  assert.match(lines(t, [gpio], { files, owners: owned(0, 0o600) }), /neither may a group\n.*udev rules/);
  const facts = { user: { uid: 1000, groups: [1000, 997] } };
  assert.match(lines(t, [gpio], { files, owners: owned(997), facts }), /^ok {6}pi may use \/dev\/gpiochip0$/);
});

test("ports: one that is missing names those that there are", (t) => {
  const files = { "/dev/ttyUSB1": "" };
  assert.match(
    lines(t, [serial("/dev/ttyUSB0")], { files }),
    /error {3}meter: there is no \/dev\/ttyUSB0\n.*one of those there are: \/dev\/ttyUSB1/,
  );
  assert.match(lines(t, [serial("/dev/ttyUSB0")], {}), /none \(`dmesg \| tail`/);
});

test("pins: sysfs' export that a group may only write is a matter of that group", (t) => {
  const files = { "/sys/class/gpio/export": "" };
  const owners = { "/sys/class/gpio/export": { uid: 0, gid: 997, mode: 0o220 } };
  const facts = { user: { uid: 1000, groups: [1000] } };
  assert.match(lines(t, [gpio], { files, owners, facts }), /may not use .*export: it became a member of gpio/);
});

test("ports: an adapter that is named by its maker is there once, or not, or more than once", (t) => {
  const adapter = { use: "serial", ports: { meter: { usb: "ftdi" } } };
  const plugged = (name: string, vendor = "0403") => ({
    [`/sys/bus/usb/devices/${name}/idVendor`]: `${vendor}\n`,
    [`/sys/bus/usb/devices/${name}/idProduct`]: "6001\n",
  });
  const files = { "/dev/ttyACM0": "", ...plugged("1-1", "2341") };
  assert.match(
    lines(t, [adapter], { files }),
    /error {3}meter: no USB 0403:\* is plugged in\n.*ports there are: \/dev\/ttyACM0/,
  );
  assert.match(
    lines(t, [adapter], { files: { ...files, ...plugged("1-2") } }),
    /ok {6}meter: USB 0403:\* is plugged in/,
  );
  const two = { ...files, ...plugged("1-2"), ...plugged("1-3") };
  assert.match(lines(t, [adapter], { files: two }), /error {3}meter: 2 adapters are USB 0403:\*\n.*serialNumber/);
});

test("ports: a file that is no device is an error", (t) => {
  const files = { "/etc/issue": "", "/dev/ttyUSB1": "" };
  const facts = { user: { uid: 0, groups: [0] } };
  assert.match(
    lines(t, [serial("/etc/issue")], { files, facts }),
    /error {3}meter: \/etc\/issue is no serial port\n.*ttyUSB1/,
  );
});

test("hardware PWM without a chip is an error with the overlay", (t) => {
  const lamp = { use: "gpio", pins: {}, pwm: { lamp: { channel: 0 } } };
  assert.match(lines(t, [lamp], {}), /error {3}lamp: there is no PWM chip in \/sys\/class\/pwm\n.*dtoverlay=pwm/);
  const files = { "/sys/class/pwm/pwmchip2/npwm": "4\n" };
  assert.match(lines(t, [lamp], { files }), /ok {6}lamp: PWM chips there are: pwmchip2/);
});

test("ports: a holder, the kernel's console and a missing right are told; a running board is no fault", (t) => {
  const files = {
    "/dev/ttyAMA0": "",
    "/proc/4711/comm": "ModemManager\n",
    "/proc/4711/fd/none": "",
    "/proc/cmdline": "console=ttyAMA0,115200 root=/dev/mmcblk0p2\n",
  };
  const facts = { user: { uid: 1000, groups: [20] } };
  const owners = { "/dev/ttyAMA0": { uid: 0, gid: 20, mode: 0o660 } };
  const links = { "/proc/4711/fd/7": "/dev/ttyAMA0" };
  const held = lines(t, [serial("/dev/ttyAMA0")], { files, facts, owners, links });
  assert.match(held, /warning meter: the kernel writes its messages to \/dev\/ttyAMA0\n.*do_serial_cons 1/);
  assert.match(held, /error {3}meter: \/dev\/ttyAMA0 is in use by ModemManager \(process 4711\)\n.*sudo kill 4711/);
  const own = { ...files, "/proc/4711/cmdline": "node\0/opt/pinion/pinion-device.cjs\0", "/proc/cmdline": "" };
  assert.match(
    lines(t, [serial("/dev/ttyAMA0")], { files: own, facts, owners, links }),
    /^ok {6}meter: \/dev\/ttyAMA0, in use by this board$/,
  );
  assert.match(
    lines(t, [serial("/dev/ttyAMA0")], { files: own, owners }),
    /error {3}meter: pi may not use \/dev\/ttyAMA0: it is not in the group dialout/,
  );
});

test("overlays: what is configured and not switched on at boot is an error with the line to add", (t) => {
  const entries = [
    gpio,
    { use: "w1", sensors: { tank: { id: "28-0316a2794bff" } } },
    {
      use: "i2c",
      devices: { expander: { address: 0x20 } },
      registers: { one: { device: "expander", register: 0, type: "uint8" } },
    },
    serial("/dev/serial0"),
  ];
  const boot = (text: string) => ({
    files: { "/boot/firmware/config.txt": text, "/dev/gpiochip0": "", "/dev/serial0": "", "/dev/i2c-1": "" },
  });
  const missing = lines(t, entries, boot("# dtoverlay=w1-gpio\ndtparam=audio=on\n"));
  for (const line of ["dtoverlay=w1-gpio", "dtparam=i2c_arm=on", "enable_uart=1"])
    assert.match(missing, new RegExp(`Add \`${line}\` to /boot/firmware/config.txt, and reboot`));
  const there = lines(t, entries, boot("dtoverlay=w1-gpio\ndtparam=i2c_arm=on\nenable_uart=1\n"));
  assert.match(there, /^ok {6}\/boot\/firmware\/config\.txt: dtoverlay=w1-gpio, dtparam=i2c_arm=on, enable_uart=1$/m);
  assert.doesNotMatch(there, /Add `/);
});

test("files: a sensor of the kernel that is not there is an error that says what makes it appear", (t) => {
  const w1 = { use: "w1", sensors: { tank: { id: "28-0316a2794bff" } } };
  assert.match(lines(t, [w1], {}), /error {3}tank: there is no \/sys\/bus\/w1.*\n.*dtoverlay=w1-gpio.*pull-up/);
});
