import { mkdir, open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { DriverError } from "../drivers/driver-error.ts";
import type { Store } from "../drivers/driver.ts";

const KEY = /^[a-z0-9_][a-z0-9_.]{0,150}$/;

/**
 * A folder with one small file per key. A save writes a new file beside the old one, flushes it, and puts it in its place: a
 * power cut leaves the one or the other, never half of either.
 */
export function stateStore(folder: string): Store {
  const fileOf = (key: string): string => {
    if (KEY.test(key)) return join(folder, key);
    throw new DriverError("invalid_argument", `${JSON.stringify(key)} cannot be the key of something to keep`);
  };
  return {
    async load(key) {
      const file = fileOf(key);
      try {
        return await readFile(file, "utf8");
      } catch (error) {
        if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
        throw failure(`${file} cannot be read`, error);
      }
    },
    async save(key, text) {
      const file = fileOf(key);
      try {
        await mkdir(folder, { recursive: true, mode: 0o750 });
        await writeSafely(`${file}.new`, text);
        await rename(`${file}.new`, file);
        const dir = await open(folder, "r");
        try {
          await dir.sync();
        } finally {
          await dir.close();
        }
      } catch (error) {
        throw failure(`${file} cannot be written`, error);
      }
    },
  };
}

async function writeSafely(file: string, text: string): Promise<void> {
  const handle = await open(file, "w", 0o640);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function failure(what: string, cause: unknown): DriverError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const cure = "Check that board.stateDir is a folder this user may write to, and that the disk is not full.";
  return new DriverError("io", `${what}: ${reason}`, { cure, cause });
}
