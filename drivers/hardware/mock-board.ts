import type { Board } from "../board.ts";
import { MockFiles } from "./mock-files.ts";
import { MockGpio, type MockChip, type MockTime } from "./mock-gpio.ts";
import { MockSerial } from "./mock-serial.ts";

export interface MockBoardOptions {
  /** For the time stamps of the lines' histories; left out: the machine's clock. */
  readonly time?: MockTime;
  /** The first is the header's chip; left out: one like a Raspberry Pi 4's. */
  readonly chips?: readonly MockChip[];
}

/** A board in memory, with a script's handles beside the port interface. Loads nothing native. */
export interface MockBoard extends Board {
  readonly gpio: MockGpio;
  readonly serial: MockSerial;
  readonly files: MockFiles;
}

export function createMockBoard({ time = machineTime, chips }: MockBoardOptions = {}): MockBoard {
  return { gpio: new MockGpio(time, chips), serial: new MockSerial(), files: new MockFiles() };
}

const machineTime: MockTime = { wall: () => Date.now(), mono: () => performance.now() };
