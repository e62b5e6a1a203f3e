import type { Board, GpioPort, I2cPort, PwmPort, SerialPorts } from "../board.ts";
import { linuxFiles } from "./linux-files.ts";
import type { ChoosingGpioOptions } from "./choosing-gpio.ts";
import type { LinuxSerialOptions } from "./linux-serial.ts";

export interface LinuxBoardOptions {
  readonly gpio?: ChoosingGpioOptions;
  readonly serial?: LinuxSerialOptions;
  /** Left out: /sys/class/pwm. */
  readonly pwm?: string;
}

/**
 * The machine this runs on. The code for a kind of hardware, and its native library, is loaded when something of that kind is first
 * asked for, not before: few boards have more than one or two kinds.
 */
export function createLinuxBoard({ gpio, serial, pwm }: LinuxBoardOptions = {}): Board {
  return {
    gpio: gpioOf(once(async () => (await import("./choosing-gpio.ts")).choosingGpio(gpio))),
    pwm: openerOf(once(async () => new (await import("./linux-pwm.ts")).LinuxPwm(pwm))),
    serial: serialOf(once(async () => new (await import("./linux-serial.ts")).LinuxSerial(serial))),
    i2c: openerOf(once(async () => new (await import("./linux-i2c.ts")).LinuxI2c())),
    files: linuxFiles,
  };
}

type Loading<Port> = () => Promise<Port>;

function once<Port>(load: Loading<Port>): Loading<Port> {
  let port: Promise<Port> | undefined;
  return () => (port ??= load());
}

function openerOf(port: Loading<PwmPort>): PwmPort;
function openerOf(port: Loading<I2cPort>): I2cPort;
function openerOf<Request, Opened>(
  port: Loading<{ open(request: Request): Promise<Opened> }>,
): {
  open(request: Request): Promise<Opened>;
} {
  return { open: async (request) => (await port()).open(request) };
}

function gpioOf(port: Loading<GpioPort>): GpioPort {
  return {
    listChips: async () => (await port()).listChips(),
    explain: async (address) => (await port()).explain(address),
    openOutput: async (request) => (await port()).openOutput(request),
    openInput: async (request) => (await port()).openInput(request),
  };
}

function serialOf(port: Loading<Required<SerialPorts>>): SerialPorts {
  return {
    list: async () => (await port()).list(),
    open: async (request) => (await port()).open(request),
    // whoever watches has tried to open before: the code is there
    watch(path, run) {
      let end: (() => void) | undefined;
      let ended = false;
      void port().then((loaded) => {
        if (!ended) end = loaded.watch(path, run);
      });
      return () => {
        ended = true;
        end?.();
      };
    },
  };
}
