import { basename, join } from "node:path";
import { readFile, readdir } from "node:fs/promises";
import { DriverError, type GpioChip } from "../board.ts";
import { systemCode } from "./system-error.ts";

/** The chips that a Raspberry Pi's header hangs on, by the label their drivers give: Pi 5, Pi 4, Pi 0 to 3. */
const HEADER_LABELS = ["pinctrl-rp1", "pinctrl-bcm2711", "pinctrl-bcm2835"];

/** Whether offsets on it are the BCM numbers of a Raspberry Pi's header. */
export const isHeaderChip = ({ label }: GpioChip): boolean => HEADER_LABELS.includes(label);

export interface SysfsChip extends GpioChip {
  readonly base: number;
}

/**
 * The GPIO chips in sysfs. Directory numbers and their order mean nothing: bases of 0, 512, 569 and others are met with
 * the same board under different kernels, and chips of expanders stand beside the header's.
 * @throws DriverError `no_such_device` where the kernel has no GPIO in sysfs.
 */
export async function listGpioChips(root: string): Promise<readonly SysfsChip[]> {
  const names = await gpioNames(root);
  const chips: SysfsChip[] = [];
  for (const name of names.filter((one) => /^gpiochip\d+$/.test(one))) {
    const dir = join(root, name);
    try {
      const [label, base, ngpio] = await Promise.all(
        ["label", "base", "ngpio"].map(async (file) => (await readFile(join(dir, file), "utf8")).trim()),
      );
      chips.push({ label: label ?? "", base: Number(base), ngpio: Number(ngpio), dir });
    } catch (error) {
      // It went away between listing and reading: then it is not there.
      if (systemCode(error) !== "ENOENT" && systemCode(error) !== "ENODEV") throw error;
    }
  }
  return chips.toSorted((a, b) => a.base - b.base);
}

async function gpioNames(root: string): Promise<readonly string[]> {
  try {
    return await readdir(root);
  } catch (error) {
    throw new DriverError("no_such_device", `There is no ${root}`, {
      cure: "This kernel has no GPIO in sysfs (CONFIG_GPIO_SYSFS), or this machine has no GPIO: use the simulated board.",
      cause: error,
    });
  }
}

/**
 * The chip with this label (or, by hand, of this directory or device file: gpiochip512), or the Raspberry Pi's header chip
 * where no label is asked for.
 * @throws DriverError `bad_config`, which names the chips there are.
 */
export function chooseGpioChip<Chip extends GpioChip>(chips: readonly Chip[], label: string | undefined): Chip {
  if (label !== undefined) return onlyOne(chips, label);
  for (const known of HEADER_LABELS) {
    if (chips.some((chip) => chip.label === known)) return onlyOne(chips, known);
  }
  throw new DriverError("bad_config", "No GPIO chip here is known to be a Raspberry Pi's header", {
    cure: `Set chip in the configuration to one of: ${chipNames(chips)}.`,
  });
}

function onlyOne<Chip extends GpioChip>(chips: readonly Chip[], label: string): Chip {
  const labelled = chips.filter((one) => one.label === label);
  const byHand = chips.filter(({ dir }) => dir === label || basename(dir) === label);
  const [chip, second] = labelled.length > 0 ? labelled : byHand;
  if (chip === undefined) {
    throw new DriverError("bad_config", `There is no GPIO chip ${label}`, {
      cure: `Set chip in the configuration to one of: ${chipNames(chips)}.`,
    });
  }
  if (second === undefined) return chip;
  throw new DriverError("bad_config", `Two GPIO chips are called ${label} (${chip.dir} and ${second.dir})`, {
    cure: `Set chip to ${basename(chip.dir)} or ${basename(second.dir)}; these names may change at the next boot.`,
  });
}

function chipNames(chips: readonly GpioChip[]): string {
  if (chips.length === 0) return "none found";
  const from = (base: number | undefined): string => (base === undefined ? "" : ` from ${String(base)}`);
  return chips.map(({ label, base, ngpio }) => `${label} (${String(ngpio)} lines${from(base)})`).join(", ");
}
