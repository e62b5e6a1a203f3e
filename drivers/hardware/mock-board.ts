import type { Board } from "../board.ts";
import { MockFiles } from "./mock-files.ts";
import { MockI2c } from "./mock-i2c.ts";
import { createMockPins, type MockPins, type MockPinsOptions } from "./mock-pins.ts";
import { MockSerial } from "./mock-serial.ts";

export type MockBoardOptions = MockPinsOptions;

/** A board in memory, with a script's handles beside the port interface. Loads nothing native. */
export interface MockBoard extends Board, MockPins {
  readonly gpio: MockPins["gpio"];
  readonly pwm: MockPins["pwm"];
  readonly serial: MockSerial;
  readonly i2c: MockI2c;
  readonly files: MockFiles;
}

export function createMockBoard(options: MockPinsOptions = {}): MockBoard {
  return {
    ...createMockPins(options),
    serial: new MockSerial(),
    i2c: new MockI2c(),
    files: new MockFiles(),
  };
}
