/**
 * Inside the virtual board, bundled: the drivers' contract on a real kernel's chips and ports. What is plugged in and out are
 * the rig's own devices; each is looked at by the drivers that a person would choose for it.
 */
import { execFileSync } from "node:child_process";
import { closeSync, existsSync, openSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import assert from "node:assert/strict";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DriverError } from "../../../drivers/driver-error.ts";
import { gpio } from "../../../drivers/gpio/gpio.ts";
import { createLinuxBoard } from "../../../drivers/hardware/linux-board.ts";
import { i2c } from "../../../drivers/i2c/i2c.ts";
import { hwmon } from "../../../drivers/sensors/hwmon.ts";
import { iio } from "../../../drivers/sensors/iio.ts";
import { led } from "../../../drivers/sensors/led.ts";
import { system } from "../../../drivers/sensors/system.ts";
import { w1 } from "../../../drivers/sensors/w1.ts";
import { serial } from "../../../drivers/serial/serial.ts";
import {
  hardwareContract,
  opened,
  until,
  type HardwareScenario,
  type Opened,
} from "../../contract/hardware-contract.ts";

const tell = (name: string, value: unknown): void => {
  process.stdout.write(`FACT ${JSON.stringify([name, value])}\n`);
};
const rig = (...words: string[]): string => execFileSync("rigctl", words, { encoding: "utf8" }).trim();
const modules = (...names: string[]): void => void execFileSync("modprobe", ["-a", ...names]);
const board = createLinuxBoard();

const SIM = "/sys/kernel/config/gpio-sim/chip0";

/** The simulated chip's other side; a chip that comes back may have another number. */
function pull(line: number, level: 0 | 1): void {
  const name = (file: string): string => readFileSync(join(SIM, file), "utf8").trim();
  const place = join("/sys/devices/platform", name("dev_name"), name("bank0/chip_name"));
  writeFileSync(join(place, `sim_gpio${String(line)}/pull`), level === 1 ? "pull-up" : "pull-down");
}

function gpioScenario(backend: "sysfs" | "chardev"): HardwareScenario {
  const more = backend === "chardev" ? { pull: "down" } : {};
  return {
    name: `gpio over ${backend}`,
    definition: gpio,
    board: createLinuxBoard({ gpio: { backend } }),
    config: {
      checkInterval: "500ms",
      pins: {
        relay: { pin: 17, direction: "out" },
        valve: { pin: "pin 16", direction: "out", safe: 1, activeLow: true },
        contact: { pin: "GPIO27", direction: "in", button: {}, counter: { interval: "200ms" }, ...more },
      },
    },
    args: { set: [1], pulse: ["50ms"], blink: ["50ms"], pwm: [0.5, 2, "1min"], renew: ["1s"] },
    stimulate: async () => {
      pull(27, 1);
      await sleep(200);
      pull(27, 0);
      await sleep(200);
    },
    unplug: () => writeFileSync(join(SIM, "live"), "0"),
    replug: () => writeFileSync(join(SIM, "live"), "1"),
  };
}

const port = (name: string, device: object, more: Partial<HardwareScenario>): HardwareScenario => ({
  name,
  definition: serial,
  board,
  config: { ports: { line: { ...device, baudRate: 115_200, raw: true, requestTimeout: "20s" } } },
  args: { write: ["hello\n"], request: ["hello?\n"], baud: [19_200], set_modem: [true, false], break: ["20ms"] },
  stimulate: async (driver) => {
    await driver.invoke("write", "line", ["hello\n"]).catch(() => undefined); // it has just been taken away
    await sleep(200);
  },
  ...more,
});

async function plug(name: string): Promise<void> {
  rig("plug", name);
  await sleep(500);
}

/** Unplugged while calls are under way: each of them ends, by an answer or by an error that says why. */
async function unpluggedMidRead({ driver }: Opened, name: string, ask: () => Promise<unknown>): Promise<void> {
  await until("the hardware", () => driver.health().state === "ok");
  const outcomes: string[] = [];
  const codeOf = (error: unknown): string => (error instanceof DriverError ? error.code : String(error));
  const asked = (async () => {
    while (outcomes.at(-1) === undefined || outcomes.at(-1) === "answer") {
      outcomes.push(await ask().then(() => "answer", codeOf));
      await sleep(5);
    }
  })();
  await until("an answer", () => outcomes.includes("answer"));
  rig("unplug", name);
  await asked;
  assert.ok(["not_open", "no_such_device", "io", "timeout"].includes(outcomes.at(-1) ?? ""), outcomes.join());
  await plug(name);
}

/** A replugged adapter is found under whatever name it has then: the old one is kept taken by somebody else. */
async function anotherName(
  { driver, readings }: Opened,
  path: string,
  { unplug, replug }: Partial<HardwareScenario>,
): Promise<void> {
  const names = (): string[] =>
    readdirSync("/dev")
      .map((name) => `/dev/${name}`)
      .filter((name) => name.startsWith(path));
  const [old = ""] = names();
  const taken = openSync(old, "r+");
  readings.length = 0;
  await unplug?.();
  await until("its loss", () => driver.health().state === "faulted");
  await replug?.();
  await until("its return", () => driver.health().state === "ok");
  assert.ok(!names().includes(old), `it has its old name ${old} again`);
  await driver.invoke("request", "line", ["again\n"]);
  const states = readings.filter(({ stream }) => stream === "line_state").map(({ value }) => value);
  assert.deepEqual(states, ["lost", "open"]);
  closeSync(taken);
}

const BUS = "i2c-tiny-usb";

function busNumber(): string | undefined {
  const root = "/sys/class/i2c-dev";
  const names = existsSync(root) ? readdirSync(root) : [];
  return names.find((one) => readFileSync(join(root, one, "name"), "utf8").includes(BUS))?.slice(4);
}

/** Tells the kernel which chips are on the bus, as an overlay does on a board. */
async function attachChips(): Promise<void> {
  await until("the I2C bus", () => busNumber() !== undefined);
  const bus = `/sys/bus/i2c/devices/i2c-${busNumber() ?? ""}`;
  for (const [chip, address] of Object.entries({ lm75: "0x48", bmp280: "0x76", ds2482: "0x18" }))
    writeFileSync(join(bus, "new_device"), `${chip} ${address}`);
}

/** Until it is gone from the kernel too: a driver that is in the middle of a read keeps the old bus for a while, under its old name. */
const unplugBus = async (): Promise<void> => {
  rig("unplug", "i2c");
  await until("the old I2C bus to be gone", () => busNumber() === undefined);
};
const plugBus = async (): Promise<void> => {
  rig("plug", "i2c");
  await attachChips();
};

const i2cScenario: HardwareScenario = {
  name: "i2c",
  definition: i2c,
  board,
  config: {
    bus: BUS,
    devices: { memory: { address: 0x50, writable: true } },
    registers: { kept: { device: "memory", register: 0, type: "uint16", interval: "200ms", timeout: "20s" } },
  },
  args: { read_bytes: [2, 0], write_bytes: [[1, 2], 4] },
  unplug: unplugBus,
  replug: plugBus,
  also: async (one) => {
    const { driver } = one;
    await driver.invoke("write_bytes", "memory", [[0xde, 0xad, 0xbe, 0xef], 0x10]);
    const { data } = (await driver.invoke("read_bytes", "memory", [4, 0x10])) as { data: number[] }; // as described
    assert.deepEqual(data, [0xde, 0xad, 0xbe, 0xef]);
    rig("set", "i2c", "0x50", "absent");
    await assert.rejects(driver.invoke("read_bytes", "memory", [1]), { code: "no_such_device", message: /not answer/ });
    rig("set", "i2c", "0x50", "present");
    await unpluggedMidRead(one, "i2c", async () => driver.invoke("read_bytes", "memory", [32, 0]));
    await attachChips();
    const taken = await opened({ ...i2cScenario, config: { bus: BUS, devices: { chip: { address: 0x48 } } } });
    await assert.rejects(taken.driver.invoke("read_bytes", "chip", [1]), {
      code: "busy",
      message: /0x48 .*in use by the kernel's driver lm75.*use: hwmon/,
    });
    await taken.driver.close();
  },
};

/** A sensor of the kernel: what it reads now, and after the chip has changed. */
function sensor(
  one: Pick<HardwareScenario, "name" | "definition" | "config">,
  stream: string,
  seen: readonly Seen[],
): HardwareScenario {
  return {
    ...one,
    board,
    unplug: unplugBus,
    replug: plugBus,
    also: async ({ readings }) => {
      for (const { change, value } of seen) {
        rig("set", "i2c", ...change);
        await until(`${stream} to be ${String(value)}`, () => {
          const last = readings.findLast((reading) => reading.stream === stream);
          return value === "error" ? last?.quality === "error" : Math.abs(Number(last?.value) - value) < 0.02;
        });
      }
    },
  };
}

interface Seen {
  readonly change: readonly string[];
  readonly value: number | "error";
}

function ledScenario(): HardwareScenario {
  const name = readdirSync("/sys/class/leds").findLast((one) => one.endsWith("::compose")) ?? "no LED";
  const at = (file: string): string => readFileSync(join("/sys/class/leds", name, file), "utf8").trim();
  return {
    name: "led",
    definition: led,
    board,
    config: { leds: { lamp: { led: name } } },
    args: { set: [true], blink: ["100ms"] },
    also: async ({ driver }) => {
      await driver.invoke("set", "lamp", [true]);
      assert.equal(at("brightness"), "1");
      await driver.invoke("blink", "lamp", ["100ms"]);
      assert.match(at("trigger"), /\[timer\]/);
      assert.equal(at("delay_on"), "100");
      await driver.close();
      assert.doesNotMatch(at("trigger"), /\[timer\]/);
    },
    // it comes back as another input device, under another name
    unplug: () => void rig("unplug", "keyboard"),
  };
}

const ftdi: Partial<HardwareScenario> = {
  // each second time that it is opened, QEMU's adapter hands nothing on of what it receives
  prepare: async () => {
    rig("usb-unplug");
    rig("usb-plug");
    await until("the adapter", () => readdirSync("/dev").some((name) => name.startsWith("ttyUSB")));
  },
  unplug: () => void rig("usb-unplug"),
  replug: () => void rig("usb-plug"),
  also: async (one) => {
    await until("the port", () => one.driver.health().state === "ok");
    await anotherName(one, "/dev/ttyUSB", ftdi);
  },
};

/** An Arduino by its numbers, which tells what it is told. */
const acm: Partial<HardwareScenario> = {
  unplug: () => void rig("unplug", "acm"),
  replug: () => void rig("plug", "acm"),
  also: async (one) => {
    const { driver } = one;
    await until("the port", () => driver.health().state === "ok");
    await driver.invoke("baud", "line", [57_600]);
    await driver.invoke("set_modem", "line", [true, false]);
    await driver.invoke("break", "line", ["20ms"]);
    await until("what the device is told", () => {
      const { baud, lines = 0, breaks = 0 } = JSON.parse(rig("set", "acm", "told")) as Record<string, number>; // by usb-devices.mjs
      return baud === 57_600 && lines % 4 === 1 && breaks > 0;
    });
    await unpluggedMidRead(one, "acm", async () => driver.invoke("request", "line", ["ping\n"]));
    await until("the port", () => driver.health().state === "ok");
    await anotherName(one, "/dev/ttyACM", acm);
  },
};

/** A machine that emulates and does other things besides is slow. */
const every = { interval: "500ms", timeout: "20s" };

const sensors: readonly HardwareScenario[] = [
  sensor(
    {
      name: "hwmon: lm75",
      definition: hwmon,
      config: { sensors: { box: { chip: "lm75", input: "temp1", ...every } } },
    },
    "box",
    [
      { change: ["0x48", "0", "d800"], value: -40 },
      { change: ["0x48", "absent"], value: "error" },
      { change: ["0x48", "present"], value: -40 },
      { change: ["0x48", "0", "1980"], value: 25.5 },
    ],
  ),
  sensor(
    {
      name: "iio: bmp280",
      definition: iio,
      config: { sensors: { air: { device: "bmp280", channel: "temp", ...every } } },
    },
    "air",
    [
      { change: ["0x76", "present"], value: 25.08 },
      { change: ["0x76", "absent"], value: "error" },
      { change: ["0x76", "present"], value: 25.08 },
    ],
  ),
  sensor(
    {
      name: "w1: DS18B20",
      definition: w1,
      config: { sensors: { tank: { id: "28-03ff4b79a216", interval: "1s", timeout: "20s" } } },
    },
    "tank",
    [
      { change: ["thermometer", "345"], value: 21.5625 },
      { change: ["thermometer", "noisy"], value: "error" },
      { change: ["thermometer", "clean"], value: 21.5625 },
      { change: ["thermometer", "1360"], value: "error" },
      { change: ["thermometer", "-20"], value: -1.25 },
    ],
  ),
];

/** What the kernel's driver of a Raspberry Pi's PWM was told is in sysfs; the registers behind it are memory. */
const pwmScenario: HardwareScenario = {
  name: "gpio: hardware PWM",
  definition: gpio,
  board,
  config: { checkInterval: "500ms", pins: {}, pwm: { lamp: { channel: 0, frequency: 1000 } } },
  args: { pwm: [0.5, 2000, "1min"], renew: ["1s"] },
  stimulate: async (driver) => {
    for (const duty of [0.25, 0]) await driver.invoke("pwm", "lamp", [duty]).catch(() => undefined); // it has just been taken away
  },
  also: async ({ driver }) => {
    const told = (): string[] =>
      ["period", "duty_cycle", "enable"].map((file) =>
        readFileSync(`/sys/class/pwm/pwmchip0/pwm0/${file}`, "utf8").trim(),
      );
    await driver.invoke("pwm", "lamp", [0.25, 2000]);
    assert.deepEqual(told(), ["500000", "125000", "1"]);
    await driver.invoke("pwm", "lamp", [0.75, 50]);
    assert.deepEqual(told(), ["20000000", "15000000", "1"]);
    await driver.close();
    assert.equal(told()[1], "0", "the safe duty is there at the end");
  },
};

/** Which scenarios are looked at: all, or those that are named, with _ for a space. */
const wanted = process.argv.slice(2);

async function look(scenario: HardwareScenario): Promise<void> {
  if (wanted.length === 0 || wanted.includes(scenario.name.replaceAll(" ", "_")))
    await hardwareContract(scenario, tell);
}

async function main(): Promise<void> {
  modules("i2c-tiny-usb", "i2c-dev", "lm75", "bmp280-i2c", "ds2482", "w1_therm", "cdc-acm", "usbhid", "hid-generic");
  modules("ledtrig-timer");
  for (const name of ["i2c", "acm", "keyboard"]) rig("plug", name);
  rig("usb-plug");
  rig("set", "i2c", "thermometer", "345");
  await attachChips();
  await until("the ports", () => ["/dev/ttyUSB0", "/dev/ttyACM0"].every((file) => existsSync(file)));

  await look(gpioScenario("sysfs"));
  await look(gpioScenario("chardev"));
  await look(port("serial on a UART", { path: process.env["RIG_UART"] ?? "/dev/ttyS1" }, {}));
  await look(port("serial on an FTDI adapter", { usb: "ftdi" }, ftdi));
  await look(port("serial on a CDC ACM device", { usb: "arduino" }, acm));
  await look(i2cScenario);
  for (const one of sensors) await look(one);
  await look(ledScenario());
  if (process.env["RIG_PWM"] === "1") {
    modules("pwm-bcm2835");
    await look(pwmScenario);
  }
  await look({ name: "system", definition: system, board, config: {} });
  tell("drivers done", true);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stdout.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  },
);
