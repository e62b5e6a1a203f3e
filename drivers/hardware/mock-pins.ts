import { MockGpio, type MockBackend, type MockChip, type MockTime } from "./mock-gpio.ts";
import { MockPwm } from "./mock-pwm.ts";

export interface MockPinsOptions {
  /** For the time stamps of the lines' histories; left out: the machine's clock. */
  readonly time?: MockTime;
  /** The first is the header's chip; left out: one like a Raspberry Pi 4's. */
  readonly chips?: readonly MockChip[];
  /** Which way to the lines is played; left out: the one that can do all there is. */
  readonly backend?: MockBackend;
}

/** Lines in memory, with a script's handles beside the port interface: what a simulated board has of the mock board. */
export interface MockPins {
  readonly gpio: MockGpio;
  readonly pwm: MockPwm;
}

export function createMockPins({ time = machineTime, chips, backend }: MockPinsOptions = {}): MockPins {
  return { gpio: new MockGpio(time, chips, backend), pwm: new MockPwm() };
}

const machineTime: MockTime = {
  wall: () => Date.now(),
  mono: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
