/**
 * Keeps the part of the heap small in which things begin their life, and lets the main thread alone go through it. Left alone it
 * grows to tens of megabytes under load and never shrinks: that is what a router weighs for ever after one busy minute. Small, it
 * stays near the processor, and is gone through so often that the large messages whose octets lie outside of it are given back
 * before there are enough of them for the whole heap to be looked at (64 KB to ten subscribers: a fifth more of them a second).
 * What is so small needs no help from other threads: waking one and waiting for it costs more than the work, and while the
 * processors are busy it waits its turn for milliseconds, with everybody who is served by this process.
 */
import { setFlagsFromString } from "node:v8";

/** The greatest size cannot be changed in a running process, whether it grows can. */
const SMALL = "--semi-space-growth-factor=1";
/** Both are read anew at each collection. */
const ALONE = ["--no-parallel-scavenge", "--no-concurrent-array-buffer-sweeping"];

/** What V8 is told, given the options that Node was started with: who says how large it is has reasons. */
export function youngSpaceOptions(given: readonly string[]): readonly string[] {
  return given.some((option) => option.includes("semi-space")) ? [] : [SMALL, ...ALONE];
}

/** To be called first of all: what has grown already stays. */
export function keepYoungSpaceSmall(): void {
  for (const option of youngSpaceOptions([...process.execArgv, process.env["NODE_OPTIONS"] ?? ""]))
    setFlagsFromString(option);
}
