/**
 * Keeps the part of the heap small in which things begin their life. Left alone it grows to tens of megabytes under load and
 * never shrinks: on a board with little memory that is what a router weighs for ever after one busy minute.
 */
import { totalmem } from "node:os";
import { setFlagsFromString } from "node:v8";

/** Octets of memory below which it matters more than the last per cent of throughput. */
const LITTLE = 2 * 1024 ** 3;

/** Whether this process should, given the machine's memory and the options that Node was started with. */
export function shouldStaySmall(memory: number, options: readonly string[]): boolean {
  return memory < LITTLE && !options.some((option) => option.includes("semi-space"));
}

/** To be called first of all: what has grown already stays. */
export function keepYoungSpaceSmall(): void {
  const options = [...process.execArgv, process.env["NODE_OPTIONS"] ?? ""];
  // the greatest size cannot be changed in a running process, whether it grows can
  if (shouldStaySmall(totalmem(), options)) setFlagsFromString("--semi-space-growth-factor=1");
}
