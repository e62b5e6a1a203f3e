import * as Type from "typebox";
import type { TSchemaOptions } from "typebox";

const UNITS: Readonly<Record<string, number>> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };
const PATTERN = /^(\d{1,12}(?:\.\d{1,6})?) ?(B|KiB|MiB|GiB)$/;

/** Octets, or text with a unit: 65536, "64 KiB", "1.5MiB". */
export type Size = number | string;

/** In whole octets; undefined for anything that is no size. */
export function parseSize(value: Size): number | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
  const match = PATTERN.exec(value);
  const unit = UNITS[match?.[2] ?? ""];
  return unit === undefined ? undefined : Math.round(Number(match?.[1]) * unit);
}

/** In octets. For what a size schema has already accepted. @throws RangeError for anything else. */
export function octetsOf(value: Size): number {
  const octets = parseSize(value);
  if (octets === undefined) throw new RangeError(`${JSON.stringify(value)} is no size`);
  return octets;
}

/** In the largest unit of which it is one or more, with at most one decimal: 16777216 is "16 MiB". */
export function sizeText(octets: number): string {
  const [unit, size] = Object.entries(UNITS)
    .toReversed()
    .find(([, one]) => octets >= one) ?? ["B", 1];
  return `${String(Math.round((octets / size) * 10) / 10)} ${unit}`;
}

interface SizeLimits {
  readonly description: string;
  readonly default: Size;
  /** Octets, inclusive. */
  readonly min: number;
  readonly max: number;
}

/** A schema for a size between two limits, in either notation. */
export function sizeSchema({ min, max, ...rest }: SizeLimits) {
  const within = (value: string): boolean => {
    const octets = parseSize(value);
    return octets !== undefined && octets >= min && octets <= max;
  };
  const options: TSchemaOptions = {
    ...rest,
    unit: "octets",
    allowed: `a size from ${sizeText(min)} to ${sizeText(max)} (octets, or text such as "64 KiB", "16 MiB")`,
  };
  return Type.Union(
    [Type.Integer({ minimum: min, maximum: max }), Type.Refine(Type.String({ pattern: PATTERN.source }), within)],
    options,
  );
}
