/** The contract suite for every driver of the registration table; one without a scenario fails. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { driverKinds, loadDrivers } from "../../drivers/index.ts";
import { DriverError } from "../../drivers/driver-error.ts";
import { SimulatedSlave } from "../support/simulated-slave.ts";
import { driverContract, type DriverScenario } from "../../drivers/authoring/driver-contract.ts";

const ZONE = "/sys/class/thermal/thermal_zone0";
const W1 = "/sys/bus/w1/devices";
const W1_SUM = "59 01 55 05 7f a5 a5 66 c0 : crc=c0 YES\n59 01 55 05 7f a5 a5 66 c0 ";
const IIO = "/sys/bus/iio/devices/iio:device1";
const HWMON = "/sys/class/hwmon/hwmon2";
const THROTTLED = "/sys/devices/platform/soc/soc:firmware/get_throttled";

const scenarios: Readonly<Record<string, DriverScenario>> = {
  gpio: {
    config: {
      pins: {
        relay: { pin: 17, direction: "out" },
        valve: { pin: "pin 16", direction: "out", safe: 1, activeLow: true },
        contact: { pin: "GPIO27", direction: "in", button: {}, counter: {} },
      },
      pwm: { fan: { channel: 0, frequency: 25_000 } },
    },
    prepare: () => undefined,
    stimulate: async (rig) => {
      rig.board.gpio.line(27).pull(1);
      await rig.clock.advance(100);
      rig.board.gpio.line(27).pull(0);
      await rig.clock.advance(10_000);
    },
    unplug: (rig) => {
      rig.board.gpio.removeChip();
      rig.board.pwm.fault(new DriverError("io", "the chip does not answer"));
    },
    replug: (rig) => {
      rig.board.gpio.restoreChip();
      rig.board.pwm.fault(undefined);
    },
    // pwm leaves the lease behind that renew needs
    args: { set: [1], pulse: ["50ms"], blink: ["50ms"], pwm: [0.5, 2, "1min"], renew: ["1s"] },
  },
  serial: {
    config: {
      ports: {
        meter: {
          path: "/dev/ttyUSB0",
          readings: [
            { stream: "temperature", match: "^T=(\\S+)$", unit: "°C" },
            { stream: "level", pointer: "/level", unit: "%" },
            { stream: "state", pointer: "/state", as: "text" },
          ],
        },
        console: { path: "/dev/ttyACM0", framing: { length: 5 }, raw: true },
      },
    },
    prepare: (rig) => {
      for (const path of ["/dev/ttyUSB0", "/dev/ttyACM0"]) {
        rig.board.serial.addPort(path).answers = () => "T=20\nready\n";
      }
    },
    stimulate: async (rig) => {
      rig.board.serial.port("/dev/ttyUSB0").feed('T=21.5\r\n{"level": 40, "state": "ok"}\nT=warm\n?\n');
      rig.board.serial.port("/dev/ttyACM0").feed("ready");
      await rig.clock.advance(100);
    },
    unplug: (rig) => {
      rig.board.serial.port("/dev/ttyUSB0").unplug();
      rig.board.serial.port("/dev/ttyACM0").unplug();
    },
    replug: (rig) => {
      rig.board.serial.port("/dev/ttyUSB0").replug();
      rig.board.serial.port("/dev/ttyACM0").replug();
    },
    args: { write: ["hello"], request: ["hello?"], baud: [19_200], set_modem: [true, false] },
  },
  thermal: {
    config: {},
    prepare: (rig) => {
      rig.board.files.set(`${ZONE}/type`, "cpu-thermal\n");
      rig.board.files.set(`${ZONE}/temp`, "48312\n");
    },
    stimulate: async (rig) => rig.clock.advance(30_000),
    unplug: (rig) => rig.board.files.set(`${ZONE}/temp`, new DriverError("io", "the sensor does not answer")),
    replug: (rig) => rig.board.files.set(`${ZONE}/temp`, "50000\n"),
    args: {},
  },
  modbus: {
    config: {
      path: "/dev/ttyUSB0",
      registers: {
        heat: { slave: 1, address: 0, type: "int16", factor: 0.1, unit: "°C", writable: true },
        pump: { slave: 1, table: "coil", address: 3 },
      },
      silence: 0,
    },
    prepare: (rig) => {
      rig.board.serial.addPort("/dev/ttyUSB0").answers = new SimulatedSlave(1, [[0, 215]]).answers;
    },
    stimulate: async (rig) => rig.clock.advance(10_000),
    unplug: (rig) => rig.board.serial.port("/dev/ttyUSB0").unplug(),
    replug: (rig) => rig.board.serial.port("/dev/ttyUSB0").replug(),
    args: { write: [1] },
  },
  i2c: {
    config: {
      devices: { expander: { address: 0x20, writable: true }, eeprom: { address: 0x50, registerSize: 2 } },
      registers: {
        board: { device: "expander", register: 0, type: "int16", factor: 1 / 256, unit: "°C" },
        kept: { device: "eeprom", register: 0x100, type: "uint16", endian: "little" },
      },
    },
    prepare: (rig) => {
      rig.board.i2c.add(0x20, [[0, 25]]);
      rig.board.i2c.add(0x50, [[0x100, 7]], 2);
    },
    stimulate: async (rig) => rig.clock.advance(10_000),
    unplug: (rig) => {
      for (const address of [0x20, 0x50]) rig.board.i2c.remove(address);
    },
    replug: (rig) => {
      for (const address of [0x20, 0x50]) rig.board.i2c.add(address, [], address === 0x20 ? 1 : 2);
    },
    args: { read_bytes: [2, 0], write_bytes: [[1, 2], 4] },
  },
  w1: {
    config: { sensors: { tank: { id: "28-0316a2794bff" }, room: { id: "28-0316a2794c00", window: { over: "1min" } } } },
    prepare: (rig) => {
      rig.board.files.set(`${W1}/28-0316a2794bff/w1_slave`, `${W1_SUM}t=21562\n`);
      rig.board.files.set(`${W1}/28-0316a2794c00/w1_slave`, `${W1_SUM}t=-1250\n`);
    },
    stimulate: async (rig) => rig.clock.advance(90_000),
    unplug: (rig) => {
      rig.board.files.remove(`${W1}/28-0316a2794bff/w1_slave`);
      rig.board.files.remove(`${W1}/28-0316a2794c00/w1_slave`);
    },
    replug: (rig) => {
      rig.board.files.set(`${W1}/28-0316a2794bff/w1_slave`, `${W1_SUM}t=21562\n`);
      rig.board.files.set(`${W1}/28-0316a2794c00/w1_slave`, `${W1_SUM}t=-1250\n`);
    },
    args: {},
  },
  iio: {
    config: {
      sensors: { air: { device: "bmp280", channel: "temp" }, tank: { channel: "voltage0", device: "bmp280" } },
    },
    prepare: (rig) => {
      rig.board.files.set(`${IIO}/name`, "bmp280\n");
      rig.board.files.set(`${IIO}/in_temp_input`, "21340\n");
      rig.board.files.set(`${IIO}/in_voltage0_raw`, "100\n");
      rig.board.files.set(`${IIO}/in_voltage_scale`, "0.5\n");
    },
    stimulate: async (rig) => rig.clock.advance(10_000),
    unplug: (rig) => {
      rig.board.files.remove(`${IIO}/in_temp_input`);
      rig.board.files.remove(`${IIO}/in_voltage0_raw`);
    },
    replug: (rig) => {
      rig.board.files.set(`${IIO}/in_temp_input`, "20000\n");
      rig.board.files.set(`${IIO}/in_voltage0_raw`, "90\n");
    },
    args: {},
  },
  hwmon: {
    config: { sensors: { board: { chip: "lm75", input: "temp1" } } },
    prepare: (rig) => {
      rig.board.files.set(`${HWMON}/name`, "lm75\n");
      rig.board.files.set(`${HWMON}/temp1_input`, "36500\n");
    },
    stimulate: async (rig) => rig.clock.advance(10_000),
    unplug: (rig) => rig.board.files.set(`${HWMON}/temp1_input`, new DriverError("io", "EIO")),
    replug: (rig) => rig.board.files.set(`${HWMON}/temp1_input`, "36000\n"),
    args: {},
  },
  power: {
    config: {},
    prepare: (rig) => rig.board.files.set(THROTTLED, "0\n"),
    stimulate: async (rig) => rig.clock.advance(400_000),
    unplug: (rig) => rig.board.files.set(THROTTLED, "what?\n"),
    replug: (rig) => rig.board.files.set(THROTTLED, "50005\n"),
    args: {},
  },
  led: {
    config: { leds: { activity: { led: "ACT" } } },
    prepare: (rig) => {
      rig.board.files.set("/sys/class/leds/ACT/trigger", "none timer [mmc0]\n");
      rig.board.files.set("/sys/class/leds/ACT/brightness", "0\n");
      rig.board.files.set("/sys/class/leds/ACT/max_brightness", "255\n");
      rig.board.files.set("/sys/class/leds/ACT/delay_on", "500\n");
      rig.board.files.set("/sys/class/leds/ACT/delay_off", "500\n");
    },
    stimulate: async (rig) => {
      rig.board.files.set("/sys/class/leds/ACT/brightness", `${String(rig.clock.now() % 255)}\n`);
      await rig.clock.advance(60_000);
    },
    unplug: (rig) =>
      rig.board.files.set("/sys/class/leds/ACT/max_brightness", new DriverError("no_such_device", "gone")),
    replug: (rig) => rig.board.files.set("/sys/class/leds/ACT/max_brightness", "255\n"),
    args: { set: [true], blink: ["100ms"] },
  },
  system: {
    config: {},
    prepare: (rig) => {
      rig.board.files.set("/proc/loadavg", "0.52 0.58 0.59 1/389 12345\n");
      rig.board.files.set("/proc/meminfo", "MemTotal:        1000000 kB\nMemAvailable:     250000 kB\n");
    },
    stimulate: async (rig) => rig.clock.advance(30_000),
    unplug: (rig) => {
      rig.board.files.set("/proc/loadavg", "?\n");
      rig.board.files.set("/proc/meminfo", "?\n");
      rig.board.files.disk = undefined;
    },
    replug: (rig) => {
      rig.board.files.set("/proc/loadavg", "0.1 0.2 0.3 1/389 12345\n");
      rig.board.files.set("/proc/meminfo", "MemTotal:        1000000 kB\nMemAvailable:     250000 kB\n");
      rig.board.files.disk = { total: 100, free: 50, available: 40 };
    },
    args: {},
  },
  simulated: {
    config: {
      sensors: {
        sine: { wave: "sine", min: -5, max: 5 },
        walk: { wave: "random-walk" },
        saw: { wave: "sawtooth", max: 10, unit: "V" },
        fixed: { wave: "constant", min: 3.14159 },
      },
    },
    prepare: () => undefined,
    stimulate: async (rig) => rig.clock.advance(60_000),
    args: {},
  },
};

test("every driver of the table has a scenario", () => {
  assert.deepEqual(Object.keys(scenarios).toSorted(), driverKinds.toSorted());
});

for (const definition of await loadDrivers()) {
  const { kind } = definition;
  const scenario = scenarios[kind];
  for (const { name, run } of scenario ? driverContract(definition, scenario) : []) test(`${kind}: ${name}`, run);
}
