import type { Board } from "../board.ts";
import { MockFiles } from "./mock-files.ts";
import { MockGpio, type MockBackend, type MockChip, type MockTime } from "./mock-gpio.ts";
import { MockI2c } from "./mock-i2c.ts";
import { MockPwm } from "./mock-pwm.ts";
import { MockSerial } from "./mock-serial.ts";

export interface MockBoardOptions {
  /** For the time stamps of the lines' histories; left out: the machine's clock. */
  readonly time?: MockTime;
  /** The first is the header's chip; left out: one like a Raspberry Pi 4's. */
  readonly chips?: readonly MockChip[];
  /** Which way to the lines is played; left out: the one that can do all there is. */
  readonly backend?: MockBackend;
}

/** A board in memory, with a script's handles beside the port interface. Loads nothing native. */
export interface MockBoard extends Board {
  readonly gpio: MockGpio;
  readonly pwm: MockPwm;
  readonly serial: MockSerial;
  readonly i2c: MockI2c;
  readonly files: MockFiles;
}

export function createMockBoard({ time = machineTime, chips, backend }: MockBoardOptions = {}): MockBoard {
  return {
    gpio: new MockGpio(time, chips, backend),
    pwm: new MockPwm(),
    serial: new MockSerial(),
    i2c: new MockI2c(),
    files: new MockFiles(),
  };
}

const machineTime: MockTime = {
  wall: () => Date.now(),
  mono: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
