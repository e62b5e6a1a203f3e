/** The contract suite for every driver of the registration table; one without a scenario fails. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { drivers } from "../../drivers/index.ts";
import { DriverError } from "../../drivers/driver-error.ts";
import { driverContract, type DriverScenario } from "./driver-contract.ts";

const ZONE = "/sys/class/thermal/thermal_zone0";

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
        console: { path: "/dev/ttyACM0", framing: { idle: "10ms" } },
      },
    },
    prepare: (rig) => {
      rig.board.serial.addPort("/dev/ttyUSB0");
      rig.board.serial.addPort("/dev/ttyACM0");
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
    args: { write: ["hello"] },
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
  assert.deepEqual(Object.keys(scenarios).toSorted(), Object.keys(drivers).toSorted());
});

for (const [kind, definition] of Object.entries(drivers)) {
  const scenario = scenarios[kind];
  if (scenario) driverContract(definition, scenario);
}
