import type { Board, I2cPort } from "../board.ts";
import { linuxFiles } from "./linux-files.ts";
import { choosingGpio, type ChoosingGpioOptions } from "./choosing-gpio.ts";
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
    i2c: linuxI2c(),
    files: linuxFiles,
  };
}

/** Few boards have something on I2C: the others do not load the code. */
function linuxI2c(): I2cPort {
  let port: Promise<I2cPort> | undefined;
  const load = async (): Promise<I2cPort> => new (await import("./linux-i2c.ts")).LinuxI2c();
  return {
    open: async (request) => {
      port ??= load();
      return (await port).open(request);
    },
  };
}
