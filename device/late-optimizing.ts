/**
 * Makes V8 optimize only what runs really often. A start makes a few functions hot for a moment, and optimizing those brings
 * the optimizing compiler's own code into memory: 4 of the 64 MB of an idle board. A busy board gets there within seconds.
 */
import { setFlagsFromString } from "node:v8";

/** Calls of one function before each compiler; V8's own are 400 and 3,000. */
const OPTIONS = ["--invocation-count-for-maglev=2000", "--invocation-count-for-turbofan=10000"];
/** Older ones have no such options, and would say so on each start. */
const SINCE_NODE = 24;

export function lateOptions(nodeVersion: string): readonly string[] {
  return Number.parseInt(nodeVersion, 10) >= SINCE_NODE ? OPTIONS : [];
}

/** To be called first of all. */
export function optimizeLate(): void {
  for (const option of lateOptions(process.versions.node)) setFlagsFromString(option);
}
