/**
 * Has V8 optimize only once a board is busy, and then only what runs really often. A start makes a few functions hot for a moment, and
 * so does each minute of an idle board in the end; optimizing those brings the optimizing compilers' own code into memory: 2 to 7 of
 * the 60 MB of an idle board, for nothing.
 */
import { setFlagsFromString } from "node:v8";
import type { Timers } from "../drivers/driver.ts";

/** Calls of one function before each compiler; V8's own are 400 and 3,000. */
const RARELY = ["--invocation-count-for-maglev=2000", "--invocation-count-for-turbofan=10000"];
const OFF = ["--no-maglev", "--no-opt"];
const ON = ["--maglev", "--opt"];
/** Older ones have no such options, and would say so on each start. */
const SINCE_NODE = 24;

/** Share of the time that the event loop works, ms that it is looked at, and how often in a row. */
const BUSY = 0.05;
const EVERY = 1_000;
const IN_A_ROW = 2;

export function lateOptions(nodeVersion: string): {
  readonly first: readonly string[];
  readonly busy: readonly string[];
} {
  const has = Number.parseInt(nodeVersion, 10) >= SINCE_NODE;
  return has ? { first: [...RARELY, ...OFF], busy: ON } : { first: [], busy: [] };
}

const { first, busy } = lateOptions(process.versions.node);

/** To be called first of all. */
export function optimizeLate(): void {
  for (const option of first) setFlagsFromString(option);
}

export function optimizeFromNow(): void {
  for (const option of busy) setFlagsFromString(option);
}

/** To be called when the start is over. `share`: of the time since it was asked last that the event loop worked. */
export function optimizeWhenBusy(
  { after }: Pick<Timers, "after">,
  share: () => number = loopShare(),
  optimize: () => void = optimizeFromNow,
): void {
  let row = 0;
  const look = (): void => {
    row = share() >= BUSY ? row + 1 : 0;
    if (row < IN_A_ROW) after(EVERY, look);
    else optimize();
  };
  share();
  after(EVERY, look);
}

function loopShare(): () => number {
  let last = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    return utilization;
  };
}
