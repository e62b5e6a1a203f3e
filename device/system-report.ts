/**
 * How the machine is, as far as its kernel tells: temperature, under-voltage and throttling of a Raspberry Pi, room on the disk. Read
 * in the background, so that asking for health never waits for a slow file.
 */
import { readdir, readFile, statfs } from "node:fs/promises";
import { join } from "node:path";
import type { SystemReport } from "./health.ts";

const EVERY = 30_000;
const THERMAL = "/sys/class/thermal/thermal_zone0/temp";
const THROTTLED = "/sys/devices/platform/soc/soc:firmware/get_throttled";
const HWMON = "/sys/class/hwmon";
/** Bits of get_throttled: now, and since the start. */
const UNDER_VOLTAGE = [1, 1 << 16] as const;
const THROTTLING = [1 << 2, 1 << 18] as const;

/** Starts reading; what it gives is at most half a minute old, and empty where the kernel tells nothing. */
export function systemReporter(folder: string | undefined): () => SystemReport {
  let report: SystemReport = {};
  const refresh = async (): Promise<void> => {
    report = { ...(await temperature()), ...(await power()), ...(await disk(folder ?? "/")) };
    setTimeout(() => void refresh(), EVERY).unref();
  };
  void refresh();
  return () => report;
}

async function temperature(): Promise<SystemReport> {
  const millidegrees = Number(await text(THERMAL));
  return Number.isFinite(millidegrees) && millidegrees !== 0 ? { cpuTemperature: millidegrees / 1_000 } : {};
}

async function power(): Promise<SystemReport> {
  const bits = Number.parseInt((await text(THROTTLED)) ?? "", 16);
  if (Number.isInteger(bits)) {
    const [low, lowBefore] = UNDER_VOLTAGE.map((bit) => (bits & bit) !== 0);
    const [slow, slowBefore] = THROTTLING.map((bit) => (bits & bit) !== 0);
    return {
      underVoltage: { now: low === true, since: lowBefore === true },
      throttled: { now: slow === true, since: slowBefore === true },
    };
  }
  for (const chip of await readdir(HWMON).catch(() => [])) {
    if ((await text(join(HWMON, chip, "name"))) !== "rpi_volt") continue;
    const now = (await text(join(HWMON, chip, "in0_lcrit_alarm"))) === "1";
    return { underVoltage: { now, since: now } };
  }
  return {};
}

async function disk(folder: string): Promise<SystemReport> {
  try {
    const { bavail, blocks, bsize } = await statfs(folder);
    return { disk: { free: bavail * bsize, size: blocks * bsize } };
  } catch {
    return {}; // not there yet: the journal says what is wrong with it
  }
}

async function text(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, "utf8")).trim();
  } catch {
    return undefined; // another kernel, another board
  }
}
