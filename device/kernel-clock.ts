import { readFileSync } from "node:fs";
import type { KernelClock } from "./journal/boot-clocks.ts";

const BOOT_ID = "/proc/sys/kernel/random/boot_id";

/** Undefined where the kernel does not name its run. */
export function kernelClock(): KernelClock | undefined {
  try {
    const id = readFileSync(BOOT_ID, "utf8").trim();
    const [seconds, nanoseconds] = process.hrtime();
    return { id, origin: Math.round(seconds * 1_000 + nanoseconds / 1e6 - performance.now()) };
  } catch {
    return undefined;
  }
}
