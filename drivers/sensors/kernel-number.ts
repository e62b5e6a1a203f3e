import type { Files } from "../board.ts";
import { DriverError } from "../driver-error.ts";
import { found } from "../words.ts";

const NUMBER = /^[+-]?\d{1,20}(?:\.\d{1,20})?$/;

/** The one number that a file of the kernel holds. @throws (rejects) DriverError. */
export async function kernelNumber(files: Files, path: string): Promise<number> {
  const text = (await files.readText(path)).trim();
  if (NUMBER.test(text)) return Number(text);
  throw new DriverError("io", `${path} holds ${found(text)}, no number`, {
    cure: "Most sensors mean by it that they were not ready; the next read follows.",
  });
}

/** The same, or undefined where there is no such file. */
export async function optionalNumber(files: Files, path: string): Promise<number | undefined> {
  try {
    return await kernelNumber(files, path);
  } catch (error) {
    if (error instanceof DriverError && error.code === "no_such_device") return undefined;
    throw error;
  }
}

/** A line of text, or undefined where there is no such file or it cannot be read. */
export async function optionalText(files: Files, path: string): Promise<string | undefined> {
  try {
    return (await files.readText(path)).trim();
  } catch (error) {
    if (error instanceof DriverError) return undefined;
    throw error;
  }
}
