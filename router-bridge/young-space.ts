/**
 * Keeps the part of the heap small in which things begin their life. Left alone it grows to tens of megabytes under load and
 * never shrinks: that is what a router weighs for ever after one busy minute. Small, it stays near the processor, and is gone
 * through so often that the large messages whose octets lie outside of it are given back before there are enough of them
 * for the whole heap to be looked at (64 KB to ten subscribers: a fifth more of them a second).
 */
import { setFlagsFromString } from "node:v8";

/** Whether this process should, given the options that Node was started with. */
export function shouldStaySmall(options: readonly string[]): boolean {
  return !options.some((option) => option.includes("semi-space"));
}

/** To be called first of all: what has grown already stays. */
export function keepYoungSpaceSmall(): void {
  const options = [...process.execArgv, process.env["NODE_OPTIONS"] ?? ""];
  // the greatest size cannot be changed in a running process, whether it grows can
  if (shouldStaySmall(options)) setFlagsFromString("--semi-space-growth-factor=1");
}
