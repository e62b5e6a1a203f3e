/**
 * Has V8 optimize only once a board is busy. A start makes a few functions hot for a moment, and
 * so does each minute of an idle board in the end; optimizing those brings the optimizing compilers' own code into memory: 2 to 7 of
 * the 60 MB of an idle board, for nothing. Said by the entry itself (device/program.ts): finding the first part is enough to make
 * functions of Node hot. `optimizing-when-busy.ts` takes it back.
 */
import { setFlagsFromString } from "node:v8";

const OFF = ["--no-maglev", "--no-opt"];
/** Older ones have no such options, and would say so on each start. */
const SINCE_NODE = 24;

/** Of V8, to be set before anything else. */
export function lateOptions(nodeVersion: string): readonly string[] {
  return Number.parseInt(nodeVersion, 10) >= SINCE_NODE ? OFF : [];
}

/** To be called first of all. */
export function optimizeLate(): void {
  for (const option of lateOptions(process.versions.node)) setFlagsFromString(option);
}
