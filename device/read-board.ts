/** From a file to a checked board, with no more drivers loaded than the file names: what is not used takes no memory. */
import { driverKinds, loadDrivers } from "../drivers/index.ts";
import type { ReadBoardConfig } from "./board-config.ts";
import { sourceOf, textOf, type ConfigSource } from "./config-source.ts";
import type { UsedDriver } from "./guest/used-drivers.ts";

/**
 * All problems of the file at once. The names are first looked for in its text; where that was not enough, and for the words of
 * the problems, which tell what else there is, every driver is loaded and the file is read again.
 */
export async function readBoard(given: string | ConfigSource, hostname: string): Promise<ReadBoardConfig> {
  const source = sourceOf(given);
  const text = textOf(source);
  const kinds = driverKinds.filter((kind) => new RegExp(`${USE}${kind}\\b`).test(text));
  const used = new RegExp(`${USE}[^"'\\s]*[./]`).test(text) ? await driversOfOthers({ ...source, text }) : [];
  const { readBoardConfig } = await import("./board-config.ts");
  const read = readBoardConfig(source, await loadDrivers(kinds), hostname, used);
  return read.ok ? read : readBoardConfig(source, await loadDrivers(), hostname, used);
}

const USE = String.raw`\buse["']?\s*:\s*["']?`;

/** Asked in processes of their own what they make of the file. */
async function driversOfOthers(source: ConfigSource): Promise<readonly UsedDriver[]> {
  const { guestScript, usedDrivers } = await import("./guest/used-drivers.ts");
  const quiet = (): void => undefined;
  return await usedDrivers(source, guestScript(), {
    timers: {
      after: (ms, run) => {
        const timer = setTimeout(run, ms);
        return () => clearTimeout(timer);
      },
    },
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  });
}
