/** When V8 may optimize after all, which it may not since the start (late-optimizing.ts): once a board is busy, and from then on. */
import { setFlagsFromString } from "node:v8";
import type { Timers } from "../drivers/driver.ts";

/** Share of the time that the event loop works, ms that it is looked at, and how often in a row. */
const BUSY = 0.05;
const EVERY = 1_000;
const IN_A_ROW = 2;
/** Once is enough: somebody calls as fast as they can. */
const VERY_BUSY = 0.3;

/** Of V8; none where none were set at the start. */
export function busyOptions(nodeVersion: string): readonly string[] {
  return Number.parseInt(nodeVersion, 10) >= 24 ? ["--maglev", "--opt"] : [];
}

export function optimizeFromNow(): void {
  for (const option of busyOptions(process.versions.node)) setFlagsFromString(option);
}

/** To be called when the start is over. `share`: of the time since it was asked last that the event loop worked. */
export function optimizeWhenBusy(
  { after }: Pick<Timers, "after">,
  share: () => number = loopShare(),
  optimize: () => void = optimizeFromNow,
): void {
  let row = 0;
  const look = (): void => {
    const worked = share();
    row = worked >= VERY_BUSY ? IN_A_ROW : worked >= BUSY ? row + 1 : 0;
    if (row < IN_A_ROW) after(EVERY, look);
    else optimize();
  };
  // the drivers' and the session's beginning
  after(EVERY, () => {
    share();
    after(EVERY, look);
  });
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
