import { UsageError } from "../errors.ts";
import type { Timers } from "./client-options.ts";

/** The longest time that timers of JavaScript platforms keep; beyond it they fire at once. */
export const LONGEST = 2 ** 31 - 1;

/** Runs `ring` once after `ms`, unless the returned function is called before. */
export function after(timers: Timers, ms: number, ring: () => void): () => void {
  const timer = timers.setTimeout(ring, ms);
  return () => timers.clearTimeout(timer);
}

/** @throws UsageError `invalid_option` unless `ms` is a time that a timer can keep, in words with `name`. */
export function checkMs(name: string, ms: number, least = 0): number {
  if (Number.isFinite(ms) && ms >= least && ms <= LONGEST) return ms;
  throw new UsageError("invalid_option", `${name} is a time of ${least} to ${LONGEST} ms, not ${String(ms)}`);
}
