/**
 * Finds chips and lines through /dev/gpiochipN without taking any: by label, by the kernel's names of lines, and who holds
 * them. Owns nothing: each look opens the chip's file and closes it again.
 */
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { DriverError, type GpioChip, type LineAddress, type LineExplanation } from "../board.ts";
import { nearNames } from "@pinion/config/near-names";
import { noPermission } from "./access-cure.ts";
import { chooseGpioChip, isHeaderChip, listGpioChips } from "./gpio-chips.ts";
import { GPIO, newChipInfo, newLineInfo, readChipInfo, readLineInfo, type LineInfo } from "./gpio-uapi.ts";
import type { KernelCalls } from "./kernel-calls.ts";
import { driverErrorOf, systemCode } from "./system-error.ts";

export interface CharDevicePaths {
  /** Where the device files are: /dev. */
  readonly devices: string;
  /** Where sysfs has its chips: only for the numbers that people know from there. */
  readonly sysfs: string;
}

export interface FoundLine {
  readonly chip: GpioChip;
  readonly offset: number;
  readonly info: LineInfo;
  /** For messages. */
  readonly what: string;
  readonly global: number | undefined;
}

/** @throws DriverError `no_such_device` where there is none, `no_permission` where none may be opened. */
export async function listCharDevices(calls: KernelCalls, { devices }: CharDevicePaths): Promise<readonly GpioChip[]> {
  const names = (await readdir(devices)).filter((name) => /^gpiochip\d+$/.test(name));
  const chips: GpioChip[] = [];
  let refused: { readonly error: unknown; readonly dir: string } | undefined;
  for (const name of names.toSorted((a, b) => Number(a.slice(8)) - Number(b.slice(8)))) {
    const dir = join(devices, name);
    try {
      // On a Pi 5 a second name leads to the header's chip, for programs that count.
      if ((await lstat(dir)).isSymbolicLink()) continue;
      const { label, lines } = onChip(calls, dir, (fd) => {
        const octets = newChipInfo();
        calls.ioctl(fd, GPIO.chipInfo, octets);
        return readChipInfo(octets);
      });
      chips.push({ label, ngpio: lines, dir });
    } catch (error) {
      if (systemCode(error) === "EACCES" || systemCode(error) === "EPERM") refused = { error, dir };
      else if (!["ENOENT", "ENODEV", "ENXIO"].includes(systemCode(error) ?? "")) throw driverErrorOf(error, dir);
    }
  }
  if (chips.length === 0 && refused !== undefined) {
    throw await noPermission("The GPIO lines", refused.dir, refused.error);
  }
  if (chips.length > 0) return chips;
  throw new DriverError("no_such_device", `There is no ${devices}/gpiochip*`, {
    cure: "This machine has no GPIO, or its kernel does not show it: use the simulated board (board.gpio: simulated).",
  });
}

export function onChip<Result>(calls: KernelCalls, path: string, use: (fd: number) => Result): Result {
  const fd = calls.open(path);
  try {
    return use(fd);
  } finally {
    calls.close(fd);
  }
}

export function lineInfo(calls: KernelCalls, path: string, offset: number): LineInfo {
  return onChip(calls, path, (fd) => lineInfoOn(calls, fd, offset));
}

function lineInfoOn(calls: KernelCalls, fd: number, offset: number): LineInfo {
  const octets = newLineInfo(offset);
  calls.ioctl(fd, GPIO.lineInfo, octets);
  return readLineInfo(octets);
}

/** @throws DriverError `bad_config` for a line or chip that is not there, naming what is. */
export async function findLine(calls: KernelCalls, paths: CharDevicePaths, address: LineAddress): Promise<FoundLine> {
  const chips = await listCharDevices(calls, paths);
  const { chip, offset, info } =
    typeof address.line === "string" ? byName(calls, chips, address) : byOffset(calls, chips, address);
  const global = await globalOf(paths, chip, offset);
  const numbered = global === undefined ? "" : `, sysfs ${String(global)}`;
  const unnamed = isHeaderChip(chip) ? `GPIO${String(offset)}` : `line ${String(offset)}`;
  const called = info.name === "" ? unnamed : info.name;
  return { chip, offset, info, global, what: `${called} (${chip.label} line ${String(offset)}${numbered})` };
}

function byOffset(calls: KernelCalls, chips: readonly GpioChip[], { chip: label, line }: LineAddress) {
  const chip = chooseGpioChip(chips, label);
  const offset = Number(line);
  if (offset >= chip.ngpio) {
    throw new DriverError("bad_config", `${chip.label} has no line ${String(offset)}`, {
      cure: `It has lines 0 to ${String(chip.ngpio - 1)}.`,
    });
  }
  return { chip, offset, info: lineInfo(calls, chip.dir, offset) };
}

function byName(calls: KernelCalls, chips: readonly GpioChip[], { chip: label, line: wanted }: LineAddress) {
  const among = label === undefined ? chips : [chooseGpioChip(chips, label)];
  const all = among.flatMap((chip) =>
    onChip(calls, chip.dir, (fd) =>
      Array.from({ length: chip.ngpio }, (_, offset) => ({ chip, offset, info: lineInfoOn(calls, fd, offset) })),
    ),
  );
  const [found, second] = all.filter(({ info }) => info.name === wanted);
  if (found !== undefined && second === undefined) return found;
  if (found !== undefined && second !== undefined) {
    const choice = [found, second].map(({ chip, offset }) => `${chip.label}:${String(offset)}`).join(" or ");
    throw new DriverError("bad_config", `Two lines are named ${String(wanted)}`, { cure: `Write ${choice} instead.` });
  }
  throw new DriverError("bad_config", `No line of the kernel is named ${String(wanted)}`, {
    cure: otherNames(String(wanted), all),
  });
}

function otherNames(wanted: string, all: readonly Pick<FoundLine, "chip" | "offset" | "info">[]): string {
  const names = all.map(({ info }) => info.name).filter((name) => name !== "");
  const numbers = all.filter(({ chip }) => isHeaderChip(chip)).map(({ offset }) => `GPIO${String(offset)}`);
  const near = nearNames(wanted, [...names, ...numbers]);
  const meant = near.length === 0 ? "" : `Did you mean ${near.join(" or ")}? `;
  const known = names.length === 0 ? "No line here has a name" : `Names here: ${names.slice(0, 64).join(", ")}`;
  return `${meant}${known}. Write a pin such as GPIO17 or pin 11, or a chip's label and a line such as pinctrl-rp1:17.`;
}

async function globalOf({ sysfs }: CharDevicePaths, { label }: GpioChip, offset: number): Promise<number | undefined> {
  try {
    const [chip, second] = (await listGpioChips(sysfs)).filter((one) => one.label === label);
    return chip === undefined || second !== undefined ? undefined : chip.base + offset;
  } catch {
    return undefined; // no sysfs: then nobody needs its numbers
  }
}

export function explanationOf({ chip, offset, info, global }: FoundLine): LineExplanation {
  return {
    backend: "chardev",
    chip: chip.label,
    line: offset,
    ...(info.name === "" ? {} : { name: info.name }),
    ...(global === undefined ? {} : { global }),
    device: chip.dir,
    direction: info.output ? "out" : "in",
    state: info.used ? "held" : "free",
    ...(info.consumer === "" ? {} : { holder: info.consumer }),
  };
}
