// @ts-check
/** How mh-z19.mjs is tried by `pinion driver test`: the sensor is played on a serial port in memory. */
/** @import { DriverScenario } from "@pinion/driver" */

const PATH = "/dev/serial0";
/** 1,234 ppm, with its check sum. */
const ANSWER = Uint8Array.of(0xff, 0x86, 0x04, 0xd2, 0, 0, 0, 0, 0xa4);

/** @type {DriverScenario} */
const scenario = {
  config: { path: PATH },
  prepare: (rig) => {
    rig.board.serial.addPort(PATH).answers = () => ANSWER;
  },
  stimulate: async (rig) => rig.clock.advance(10_000),
  unplug: (rig) => rig.board.serial.port(PATH).unplug(),
  replug: (rig) => rig.board.serial.port(PATH).replug(),
  args: {},
};

export default scenario;
