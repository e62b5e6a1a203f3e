/**
 * One GPIO port over two back-ends. Owns the choice, made once, when hardware is first asked for: what is configured by
 * name, else the character device where a pin needs what sysfs cannot do or where there is no sysfs, else sysfs.
 */
import { access } from "node:fs/promises";
import { join } from "node:path";
import { DriverError, type GpioFeature, type GpioPort } from "../board.ts";
import { CharDeviceGpio, type CharDeviceOptions } from "./chardev-gpio.ts";
import { LinuxGpio, type LinuxGpioOptions } from "./linux-gpio.ts";

export type GpioBackend = "auto" | "sysfs" | "chardev";

export interface ChoosingGpioOptions {
  /** Left out: auto. */
  readonly backend?: GpioBackend;
  /** What the configured pins need, all together. */
  readonly needs?: readonly GpioFeature[];
  readonly sysfs?: LinuxGpioOptions;
  readonly chardev?: CharDeviceOptions;
}

export function choosingGpio({
  backend = "auto",
  needs = [],
  sysfs = {},
  chardev = {},
}: ChoosingGpioOptions = {}): GpioPort {
  let chosen: Promise<GpioPort> | undefined;
  const port = (): Promise<GpioPort> => {
    chosen ??= choose();
    return chosen;
  };
  const choose = async (): Promise<GpioPort> => {
    const devices = new CharDeviceGpio(chardev);
    const files = new LinuxGpio({ holderOf: async (line) => (await devices.explain(line)).holder, ...sysfs });
    if (backend === "sysfs") return files;
    if (backend === "chardev" || needs.some((one) => one !== "numbered-edges")) return devices;
    if (!(await exists(join(sysfs.root ?? "/sys/class/gpio", "export")))) return eitherOf(devices, files);
    // Counting without loss is worth the other back-end, where there is one.
    if (needs.includes("numbered-edges") && (await works(devices))) return devices;
    return files;
  };
  return {
    listChips: async () => (await port()).listChips(),
    explain: async (address) => (await port()).explain(address),
    openOutput: async (request) => (await port()).openOutput(request),
    openInput: async (request) => (await port()).openInput(request),
  };
}

/** Without sysfs the character device is the way; where that is missing too, the words of sysfs say what to do. */
async function eitherOf(devices: GpioPort, files: GpioPort): Promise<GpioPort> {
  try {
    await devices.listChips();
    return devices;
  } catch (error) {
    return error instanceof DriverError && error.code === "no_such_device" ? files : devices;
  }
}

async function works(port: GpioPort): Promise<boolean> {
  return port.listChips().then(
    () => true,
    () => false,
  );
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
