/**
 * Hardware PWM through /sys/class/pwm. Owns which channels this process has open. A channel that is let go stays exported
 * and goes on as it was last set: giving it back would stop it at whatever level the chip likes.
 */
import { readFile, readdir, realpath, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DriverError, type PwmLine, type PwmPort, type PwmRequest } from "../board.ts";
import { driverErrorOf, systemCode } from "./system-error.ts";

/** ms that udev may take to give the group access to the files of a fresh channel. */
const ACCESS_PATIENCE = 3000;

interface Chip {
  readonly dir: string;
  readonly name: string;
  /** The device behind it: the same at each boot, which the number is not. */
  readonly device: string;
  readonly channels: number;
}

export class LinuxPwm implements PwmPort {
  readonly #root: string;
  readonly #open = new Map<string, string>();

  constructor(root = "/sys/class/pwm") {
    this.#root = root;
  }

  async open({ chip: wanted, channel, consumer }: PwmRequest): Promise<PwmLine> {
    const chip = await this.#choose(wanted);
    const what = `PWM ${chip.name} channel ${String(channel)} (${chip.device})`;
    if (channel >= chip.channels) {
      const cure = `It has channels 0 to ${String(chip.channels - 1)}.`;
      throw new DriverError("bad_config", `${chip.name} has no channel ${String(channel)}`, { cure });
    }
    const dir = join(chip.dir, `pwm${String(channel)}`);
    const holder = this.#open.get(dir);
    if (holder !== undefined) throw new DriverError("busy", `${what} is in use by ${holder} of this process`);
    await exported(chip.dir, channel, what);
    this.#open.set(dir, consumer);
    return this.#line(dir, what);
  }

  #line(dir: string, what: string): PwmLine {
    const number = async (file: string): Promise<number> => Number(await readFile(join(dir, file), "utf8"));
    const write = async (file: string, value: number): Promise<void> => writeFile(join(dir, file), String(value));
    return {
      set: async ({ period, duty, enabled }) => {
        try {
          // Neither may ever be longer on than a period lasts: a duty that is too long goes down first.
          if ((await number("duty_cycle")) > period) await write("duty_cycle", 0);
          await write("period", period);
          await write("duty_cycle", duty);
          await write("enable", enabled ? 1 : 0);
        } catch (error) {
          throw driverErrorOf(error, `${what} cannot be set to ${String(duty)} of ${String(period)} ns`);
        }
      },
      read: async () => {
        try {
          const [period, duty, enable] = await Promise.all(["period", "duty_cycle", "enable"].map(number));
          return { period: period ?? 0, duty: duty ?? 0, enabled: enable === 1 };
        } catch (error) {
          throw driverErrorOf(error, `${what} cannot be read`);
        }
      },
      close: async () => void this.#open.delete(dir),
    };
  }

  async #choose(wanted: string | number | undefined): Promise<Chip> {
    const chips = await this.#chips();
    const known = chips.map(({ name, device }) => `${name} (${device})`).join(", ");
    const name = typeof wanted === "number" ? `pwmchip${String(wanted)}` : wanted;
    const [chip, second] = name === undefined ? chips : chips.filter((one) => one.name === name || one.device === name);
    if (chip !== undefined && second === undefined) return chip;
    if (chips.length === 0) {
      throw new DriverError("no_such_device", `There is no PWM chip in ${this.#root}`, {
        cure: "Switch it on in /boot/firmware/config.txt (dtoverlay=pwm or pwm-2chan) and reboot, or use software PWM on a pin.",
      });
    }
    const words = name === undefined ? "There are several PWM chips" : `There is no PWM chip ${name}`;
    throw new DriverError("bad_config", words, { cure: `Set chip to one of: ${known}.` });
  }

  async #chips(): Promise<readonly Chip[]> {
    const names = await readdir(this.#root).catch((): string[] => []);
    return Promise.all(
      names
        .filter((name) => /^pwmchip\d+$/.test(name))
        .toSorted()
        .map(async (name) => {
          const dir = join(this.#root, name);
          const device = await realpath(join(dir, "device")).then(basename, () => name);
          return { dir, name, device, channels: Number(await readFile(join(dir, "npwm"), "utf8")) };
        }),
    );
  }
}

async function exported(chip: string, channel: number, what: string): Promise<void> {
  const deadline = performance.now() + ACCESS_PATIENCE;
  const files = join(chip, `pwm${String(channel)}`, "period");
  try {
    await readFile(files);
  } catch {
    try {
      await writeFile(join(chip, "export"), String(channel));
    } catch (error) {
      if (systemCode(error) === "EBUSY") {
        throw new DriverError("busy", `${what} is in use by a driver of the kernel`, { cause: error });
      }
      throw driverErrorOf(error, `${what} cannot be exported`);
    }
  }
  for (;;) {
    try {
      await writeFile(files, (await readFile(files, "utf8")).trim(), { flag: "r+" });
      return;
    } catch (error) {
      // A fresh channel has the period 0, which may not be written: then the files may be.
      if (systemCode(error) === "EINVAL") return;
      if (performance.now() > deadline) throw driverErrorOf(error, `${what} cannot be used`);
      await sleep(20);
    }
  }
}
