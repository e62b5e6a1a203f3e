/** From a file to a checked board, with no more drivers loaded than the file names: what is not used takes no memory. */
import { readFileSync } from "node:fs";
import { driverKinds, loadDrivers } from "../drivers/index.ts";
import type { ReadBoardConfig } from "./board-config.ts";

/**
 * All problems of the file at once. The names are first looked for in its text; where that was not enough, and for the words of
 * the problems, which tell what else there is, every driver is loaded and the file is read again.
 */
export async function readBoard(file: string, hostname: string): Promise<ReadBoardConfig> {
  const { readBoardConfig } = await import("./board-config.ts");
  const read = readBoardConfig(file, await loadDrivers(kindsNamedIn(file)), hostname);
  return read.ok ? read : readBoardConfig(file, await loadDrivers(), hostname);
}

function kindsNamedIn(file: string): readonly string[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return []; // why it cannot be read is told by who reads it for good
  }
  return driverKinds.filter((kind) => new RegExp(`\\buse["']?\\s*:\\s*["']?${kind}\\b`).test(text));
}
