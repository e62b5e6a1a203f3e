import type { ProcessReport } from "./health.ts";
import type { Lag } from "./loop-lag.ts";

/** Each call reports on the time since the one before. */
export function processReporter(lag: () => Lag): () => ProcessReport {
  return () => {
    const { rss, heapUsed } = process.memoryUsage();
    const { mean, max } = lag();
    return { memory: { rss, heapUsed }, loopLag: { mean: tenths(mean), max: tenths(max) } };
  };
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}
