import * as Type from "typebox";
import type { TSchemaOptions } from "typebox";

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000, h: 3_600_000 };
const PATTERN = /^(\d{1,12}(?:\.\d{1,6})?) ?(ms|s|min|h)$/;

/** Timers of the platform count in 31 bits of milliseconds: 24 days are the most they take. */
export const LONGEST_DURATION = 24 * 24 * 3_600_000;

/** Milliseconds, or text with a unit: 20, "20ms", "1.5 s", "5min", "1h". */
export type Duration = number | string;

/** In ms; undefined for anything that is no duration. */
export function parseDuration(value: Duration): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) && value >= 0 ? value : undefined;
  const match = PATTERN.exec(value);
  const unit = UNITS[match?.[2] ?? ""];
  return unit === undefined ? undefined : Number(match?.[1]) * unit;
}

/** In ms. For what a duration schema has already accepted. @throws RangeError for anything else. */
export function milliseconds(value: Duration): number {
  const ms = parseDuration(value);
  if (ms === undefined) throw new RangeError(`${JSON.stringify(value)} is no duration`);
  return ms;
}

/** Exact in the largest unit that gives a whole number: 90000 is "90s". */
export function durationText(ms: number): string {
  const [unit, size] = Object.entries(UNITS)
    .toReversed()
    .find(([, one]) => ms >= one && ms % one === 0) ?? ["ms", 1];
  return `${String(ms / size)}${unit}`;
}

export interface DurationLimits {
  readonly description?: string;
  readonly default?: Duration;
  /** ms, inclusive; left out: 0. */
  readonly min?: number;
  /** ms, inclusive; left out: 24 days. */
  readonly max?: number;
}

/** A schema for a duration between two limits, in either notation. */
export function durationSchema({ min = 0, max = LONGEST_DURATION, ...rest }: DurationLimits = {}) {
  const within = (value: string): boolean => {
    const ms = parseDuration(value);
    return ms !== undefined && ms >= min && ms <= max;
  };
  const options: TSchemaOptions = {
    ...rest,
    unit: "ms",
    allowed: `a duration from ${durationText(min)} to ${durationText(max)} (milliseconds, or text such as "20ms", "1.5s", "5min")`,
  };
  return Type.Union(
    [Type.Number({ minimum: min, maximum: max }), Type.Refine(Type.String({ pattern: PATTERN.source }), within)],
    options,
  );
}
