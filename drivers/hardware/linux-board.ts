import type { Board } from "../board.ts";
import { linuxFiles } from "./linux-files.ts";
import { LinuxGpio, type LinuxGpioOptions } from "./linux-gpio.ts";
import { LinuxSerial, type LinuxSerialOptions } from "./linux-serial.ts";

export interface LinuxBoardOptions {
  readonly gpio?: LinuxGpioOptions;
  readonly serial?: LinuxSerialOptions;
}

/** The machine this runs on. Native libraries are loaded when a line or port is first opened, not before. */
export function createLinuxBoard({ gpio, serial }: LinuxBoardOptions = {}): Board {
  return { gpio: new LinuxGpio(gpio), serial: new LinuxSerial(serial), files: linuxFiles };
}
