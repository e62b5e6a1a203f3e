/** From a file to a checked board, with no more drivers loaded than the file names: what is not used takes no memory. */
import { readFileSync } from "node:fs";
import { driverKinds, loadDrivers } from "../drivers/index.ts";
import type { ReadBoardConfig } from "./board-config.ts";
import type { UsedDriver } from "./guest/used-drivers.ts";

/**
 * All problems of the file at once. The names are first looked for in its text; where that was not enough, and for the words of
 * the problems, which tell what else there is, every driver is loaded and the file is read again.
 */
export async function readBoard(file: string, hostname: string): Promise<ReadBoardConfig> {
  const text = textOf(file);
  const kinds = driverKinds.filter((kind) => new RegExp(`${USE}${kind}\\b`).test(text));
  const used = new RegExp(`${USE}[^"'\\s]*[./]`).test(text) ? await driversOfOthers(file) : [];
  const { readBoardConfig } = await import("./board-config.ts");
  const read = readBoardConfig(file, await loadDrivers(kinds), hostname, used);
  return read.ok ? read : readBoardConfig(file, await loadDrivers(), hostname, used);
}

const USE = String.raw`\buse["']?\s*:\s*["']?`;

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return ""; // why it cannot be read is told by who reads it for good
  }
}

/** Asked in processes of their own what they make of the file. */
async function driversOfOthers(file: string): Promise<readonly UsedDriver[]> {
  const { guestScript, usedDrivers } = await import("./guest/used-drivers.ts");
  const quiet = (): void => undefined;
  return await usedDrivers(file, guestScript(), {
    timers: {
      after: (ms, run) => {
        const timer = setTimeout(run, ms);
        return () => clearTimeout(timer);
      },
    },
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  });
}
