/** I2C through the kernel's i2c-dev. Owns which addresses this process has open; each open finds the bus anew. */
import { readdir, readFile, realpath } from "node:fs/promises";
import { basename, join } from "node:path";
import { DriverError, type DriverErrorCode, type I2cDevice, type I2cPort, type I2cRequest } from "../board.ts";
import { noPermission } from "./access-cure.ts";
import { loadI2cCalls, type I2cCalls } from "./i2c-calls.ts";
import { driverErrorOf, systemCode } from "./system-error.ts";

export interface LinuxI2cOptions {
  /** Left out: /dev. */
  readonly dev?: string;
  /** Left out: /sys. */
  readonly sys?: string;
  readonly loadCalls?: () => Promise<I2cCalls>;
}

const hex = (address: number): string => address.toString(16).padStart(2, "0");

export class LinuxI2c implements I2cPort {
  readonly #dev: string;
  readonly #sys: string;
  readonly #load: () => Promise<I2cCalls>;
  readonly #open = new Map<string, string>();

  constructor({ dev = "/dev", sys = "/sys", loadCalls = loadI2cCalls }: LinuxI2cOptions = {}) {
    this.#dev = dev;
    this.#sys = sys;
    this.#load = loadCalls;
  }

  async open({ bus: wanted, address, consumer }: I2cRequest): Promise<I2cDevice> {
    const calls = await this.#load();
    const bus = typeof wanted === "number" ? wanted : await this.#busNamed(wanted);
    const what = `Address 0x${hex(address)} of I2C bus ${String(bus)}`;
    const key = `${String(bus)}:${String(address)}`;
    const holder = this.#open.get(key);
    if (holder !== undefined) throw new DriverError("busy", `${what} is in use by ${holder} of this process`);
    const fd = await this.#descriptor(calls, bus);
    try {
      calls.choose(fd, address);
    } catch (error) {
      calls.close(fd);
      throw await this.#notChosen(error, { bus, address, what });
    }
    this.#open.set(key, consumer);
    return device(calls, { fd, address, what }, () => this.#open.delete(key));
  }

  async #busNamed(text: string): Promise<number> {
    const found = (await this.#adapters()).filter(({ name }) => name.includes(text));
    const [bus, second] = found;
    if (bus !== undefined && second === undefined) return bus.number;
    const words = bus === undefined ? "No I2C adapter's name has" : "More than one I2C adapter's name has";
    throw new DriverError("no_such_device", `${words} ${JSON.stringify(text)} in it`, { cure: await this.#cure() });
  }

  async #descriptor(calls: I2cCalls, bus: number): Promise<number> {
    const path = join(this.#dev, `i2c-${String(bus)}`);
    try {
      return calls.open(path);
    } catch (error) {
      const code = systemCode(error);
      if (code === "ENOENT" || code === "ENODEV" || code === "ENXIO") {
        throw new DriverError("no_such_device", `There is no ${path}`, { cure: await this.#cure(), cause: error });
      }
      if (code !== "EACCES" && code !== "EPERM") throw driverErrorOf(error, `${path} cannot be opened`);
      throw await noPermission(path, path, error);
    }
  }

  async #notChosen(
    thrown: unknown,
    { bus, address, what }: { readonly bus: number; readonly address: number; readonly what: string },
  ): Promise<DriverError> {
    if (systemCode(thrown) !== "EBUSY") return driverErrorOf(thrown, `${what} cannot be used`);
    const name = `${String(bus)}-${address.toString(16).padStart(4, "0")}`;
    const driver = await realpath(join(this.#sys, "bus/i2c/devices", name, "driver")).then(
      (path) => basename(path),
      () => undefined,
    );
    return new DriverError(
      "busy",
      `${what} is in use by the kernel's driver${driver === undefined ? "" : ` ${driver}`}`,
      {
        cure: `Read it by that driver (use: hwmon, iio or w1), or take it away from it: echo ${name} | sudo tee /sys/bus/i2c/drivers/${driver ?? "<driver>"}/unbind`,
        cause: thrown,
      },
    );
  }

  async #adapters(): Promise<readonly { readonly number: number; readonly name: string }[]> {
    const dir = join(this.#sys, "class/i2c-dev");
    const names = await readdir(dir).catch((): string[] => []);
    return Promise.all(
      names
        .filter((one) => /^i2c-\d+$/.test(one))
        .toSorted()
        .map(async (one) => ({
          number: Number(one.slice(4)),
          name: await readFile(join(dir, one, "name"), "utf8").then(
            (text) => text.trim(),
            () => "", // it went away this moment
          ),
        })),
    );
  }

  async #cure(): Promise<string> {
    const known = (await this.#adapters()).map(({ number, name }) => `${String(number)} (${name})`).join(", ");
    if (known !== "") return `Buses here: ${known}.`;
    return "This machine shows no I2C bus: set dtparam=i2c_arm=on in /boot/firmware/config.txt and reboot, and load i2c-dev (`sudo modprobe i2c-dev`; for good: a line i2c-dev in /etc/modules).";
  }
}

/** What adapters say when nobody acknowledges, and when the bus hangs. */
const FAILURES: Readonly<Record<string, readonly [DriverErrorCode, string, string]>> = {
  ENXIO: [
    "no_such_device",
    "does not answer",
    "Check its supply, wiring and address (`i2cdetect -y <bus>` lists who answers).",
  ],
  EREMOTEIO: [
    "no_such_device",
    "does not answer",
    "Check its supply, wiring and address (`i2cdetect -y <bus>` lists who answers).",
  ],
  ETIMEDOUT: [
    "timeout",
    "takes too long: the bus hangs",
    "Check that SDA and SCL have pull-ups and that no device holds one of them low; then cycle its supply.",
  ],
  EOPNOTSUPP: ["unavailable", "cannot be used: the adapter does only SMBus", "Use another adapter."],
};

function device(
  calls: I2cCalls,
  { fd, address, what }: { readonly fd: number; readonly address: number; readonly what: string },
  closed: () => void,
): I2cDevice {
  let open = true;
  let busy: Promise<unknown> = Promise.resolve();
  return {
    transfer: async (write, length) => {
      if (!open) throw new DriverError("not_open", `${what} is closed`);
      const read = new Uint8Array(length);
      const messages = [
        ...(write.length > 0 ? [{ read: false, octets: write }] : []),
        ...(length > 0 ? [{ read: true, octets: read }] : []),
      ];
      const done = calls.transfer(fd, address, messages);
      busy = done.catch(() => undefined);
      try {
        await done;
        return read;
      } catch (error) {
        const [code, words, cure] = FAILURES[systemCode(error) ?? ""] ?? [];
        if (code === undefined) throw driverErrorOf(error, `${what} cannot be reached`);
        throw new DriverError(code, `${what} ${words ?? ""}`, {
          ...(cure === undefined ? {} : { cure }),
          cause: error,
        });
      }
    },
    close: async () => {
      if (!open) return;
      open = false;
      // a descriptor that is closed may be somebody else's before the other thread has done with it
      await busy;
      closed();
      calls.close(fd);
    },
  };
}
