import type { Board } from "../board.ts";
import { linuxFiles } from "./linux-files.ts";
import { choosingGpio, type ChoosingGpioOptions } from "./choosing-gpio.ts";
import { LinuxI2c } from "./linux-i2c.ts";
import { LinuxPwm } from "./linux-pwm.ts";
import { LinuxSerial, type LinuxSerialOptions } from "./linux-serial.ts";

export interface LinuxBoardOptions {
  readonly gpio?: ChoosingGpioOptions;
  readonly serial?: LinuxSerialOptions;
  /** Left out: /sys/class/pwm. */
  readonly pwm?: string;
}

/** The machine this runs on. Native libraries are loaded when a line or port is first opened, not before. */
export function createLinuxBoard({ gpio, serial, pwm }: LinuxBoardOptions = {}): Board {
  return {
    gpio: choosingGpio(gpio),
    pwm: new LinuxPwm(pwm),
    serial: new LinuxSerial(serial),
    i2c: new LinuxI2c(),
    files: linuxFiles,
  };
}
