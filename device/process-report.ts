import { monitorEventLoopDelay } from "node:perf_hooks";
import type { ProcessReport } from "./health.ts";

const RESOLUTION = 20;

/** Starts watching the event loop; each call reports on the time since the one before. */
export function processReporter(): () => ProcessReport {
  const lag = monitorEventLoopDelay({ resolution: RESOLUTION });
  lag.enable();
  return () => {
    const { rss, heapUsed } = process.memoryUsage();
    const report = { memory: { rss, heapUsed }, loopLag: { mean: late(lag.mean), max: late(lag.max) } };
    lag.reset();
    return report;
  };
}

/** The histogram counts nanoseconds between two ticks of its own timer: what is over its interval is the delay. */
function late(nanoseconds: number): number {
  const ms = nanoseconds / 1e6 - RESOLUTION;
  return Number.isFinite(ms) ? Math.max(0, Math.round(ms * 10) / 10) : 0;
}
