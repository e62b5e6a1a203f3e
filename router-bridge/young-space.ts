/**
 * How large the part of the heap is in which things begin their life. Left alone it grows to tens of megabytes under load and
 * never shrinks: that is what a router weighs for ever after one busy minute. Held at a fixed size it stays near the processor,
 * and is gone through so often that large messages, whose octets lie outside of it, are given back before there are enough of
 * them for the whole heap to be looked at (64 KB to ten subscribers: a fifth more a second). Where there is memory for it, it
 * is not held at its first size: then one call in sixty would wait for a collection, which is what its p99 is made of.
 */
import { totalmem } from "node:os";
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";

/** Octets of memory below which each megabyte matters more than the slowest call of a hundred. */
const LITTLE = 2 * 1024 ** 3;
/** Octets of its two halves. */
const ROOMY = 8 * 1024 ** 2;
/** Pieces of 8 KB that live together: enough to survive in numbers, and less than the first size. */
const LIVING = 90;
const MOST_PIECES = 4000;

export type YoungSpace = "as told" | "as it begins" | "roomy";

/** What suits this process, given the machine's memory in octets and the options that Node was started with. */
export function youngSpaceFor(memory: number, options: readonly string[]): YoungSpace {
  if (options.some((option) => option.includes("semi-space"))) return "as told";
  return memory < LITTLE ? "as it begins" : "roomy";
}

/** To be called first of all, as what has grown already stays; and after a collection that may have made it small again. */
export function settleYoungSpace(): void {
  const wanted = youngSpaceFor(totalmem(), [...process.execArgv, process.env["NODE_OPTIONS"] ?? ""]);
  if (wanted === "as told") return;
  if (wanted === "roomy") grow();
  // the sizes cannot be changed in a running process, whether it grows can
  setFlagsFromString("--semi-space-growth-factor=1");
}

/** It grows by what survives in it. Some milliseconds. */
function grow(): void {
  setFlagsFromString("--semi-space-growth-factor=2");
  const living: unknown[] = [];
  for (let piece = 0; piece < MOST_PIECES && youngOctets() < ROOMY; piece += 1) {
    living[piece % LIVING] = Array.from({ length: 1000 }, () => 0.5);
  }
}

function youngOctets(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space")?.space_size ?? ROOMY;
}
