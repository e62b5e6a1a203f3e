/** The journal's disk: one directory, its files appended to. A file's name is synced with its directory before it counts. */
import { mkdir, open, readdir, readFile, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { Disk } from "./disk.ts";

/** Makes the directory when it is missing, for nobody else to read. */
export function nodeDisk(directory: string): Disk {
  const at = (name: string): string => join(directory, name);
  return {
    async list() {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      return readdir(directory);
    },
    read: (name) => readFile(at(name)),
    async create(name) {
      const file = await open(at(name), "ax", 0o600);
      try {
        await syncDirectory(directory);
      } catch (error) {
        await file.close();
        await unlink(at(name)).catch(() => undefined);
        throw error;
      }
      return {
        append: (octets) => file.appendFile(octets),
        sync: () => file.datasync(),
        close: () => file.close(),
      };
    },
    async remove(name) {
      await unlink(at(name)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOENT") throw error;
      });
    },
  };
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
