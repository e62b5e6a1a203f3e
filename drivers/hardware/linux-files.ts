import { constants } from "node:fs";
import { open, readdir, realpath, statfs } from "node:fs/promises";
import { DriverError, type DiskSpace, type Files } from "../board.ts";
import { noPermission } from "./access-cure.ts";
import { kernelFileCure } from "./kernel-file-cure.ts";
import { driverErrorOf, systemCode } from "./system-error.ts";

const LARGEST = 65_536;

/** The kernel's small text files. Each read opens the file anew: a value of sysfs is made when it is read. */
export const linuxFiles: Files = Object.freeze({
  async readText(path: string): Promise<string> {
    try {
      const file = await open(path, "r");
      try {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(LARGEST), 0, LARGEST, 0);
        return buffer.toString("utf8", 0, bytesRead);
      } finally {
        await file.close();
      }
    } catch (error) {
      throw await fileError(error, path, "read");
    }
  },
  async writeText(path: string, text: string): Promise<void> {
    try {
      const file = await open(path, constants.O_WRONLY);
      try {
        await file.write(text, 0);
      } finally {
        await file.close();
      }
    } catch (error) {
      throw await fileError(error, path, "written");
    }
  },
  async space(path: string): Promise<DiskSpace> {
    try {
      const { bsize, blocks, bfree, bavail } = await statfs(path);
      return { total: blocks * bsize, free: bfree * bsize, available: bavail * bsize };
    } catch (error) {
      throw driverErrorOf(error, `The file system of ${path} cannot be asked`);
    }
  },
  async list(dir: string): Promise<readonly string[]> {
    try {
      return (await readdir(dir)).toSorted();
    } catch (error) {
      throw await fileError(error, dir, "listed");
    }
  },
  async realpath(path: string): Promise<string> {
    try {
      return await realpath(path);
    } catch (error) {
      throw await fileError(error, path, "found");
    }
  },
});

async function fileError(error: unknown, path: string, verb: string): Promise<DriverError> {
  const code = systemCode(error);
  if (code === "ENOENT")
    return new DriverError("no_such_device", `There is no ${path}`, { cure: kernelFileCure(path), cause: error });
  if (code === "EACCES" || code === "EPERM") return noPermission(path, path, error);
  return driverErrorOf(error, `${path} cannot be ${verb}`);
}
