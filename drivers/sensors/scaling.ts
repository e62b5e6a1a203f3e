import * as Type from "typebox";
import type { Static } from "typebox";
import { DriverError } from "../driver-error.ts";
import type { ConfigIssue } from "../driver.ts";
import type { RawReading } from "../reading.ts";

export const validSchema = Type.Object(
  {
    min: Type.Optional(Type.Number({ description: "The least value that can be true" })),
    max: Type.Optional(Type.Number({ description: "The greatest value that can be true" })),
    outside: Type.Optional(
      Type.Enum(["error", "clamp"], {
        default: "error",
        description: "A value outside is an error, or is cut to the range and told with quality clamped",
      }),
    ),
  },
  { additionalProperties: false, description: "The range of values that can be true, after factor and offset" },
);

/** The keys that every sensor with numbers has, for its configuration's schema. */
export const scalingProperties = {
  factor: Type.Optional(Type.Number({ default: 1, description: "value = read * factor + offset" })),
  offset: Type.Optional(Type.Number({ default: 0, description: "value = read * factor + offset" })),
  decimals: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 10, description: "Digits after the point; left out: all there are" }),
  ),
  unit: Type.Optional(Type.String({ maxLength: 32, description: "For people, such as °C" })),
  valid: Type.Optional(validSchema),
};

export interface Scaling {
  readonly factor?: number;
  readonly offset?: number;
  readonly decimals?: number;
  readonly valid?: Static<typeof validSchema>;
}

/** What is published of a number that was read. @throws DriverError `io` for a value that cannot be true. */
export function scaled(read: number, { factor = 1, offset = 0, decimals, valid }: Scaling): RawReading {
  const exact = read * factor + offset;
  const value = decimals === undefined ? exact : Number(exact.toFixed(decimals));
  if (!Number.isFinite(value)) throw new DriverError("io", `${String(read)} is out of range`);
  const { min = -Infinity, max = Infinity, outside = "error" } = valid ?? {};
  if (value >= min && value <= max) return { value };
  const words = `${String(value)} is outside ${rangeWords(min, max)}`;
  if (outside === "error") throw new DriverError("io", words, { cure: "Check the sensor, or correct valid." });
  return { value: Math.min(max, Math.max(min, value)), quality: "clamped", cause: words };
}

function rangeWords(min: number, max: number): string {
  if (min === -Infinity) return `the valid range of at most ${String(max)}`;
  return max === Infinity
    ? `the valid range of at least ${String(min)}`
    : `the valid range of ${String(min)} to ${String(max)}`;
}

export function scalingIssues({ valid }: Scaling, path: string): readonly ConfigIssue[] {
  if (valid?.min === undefined || valid.max === undefined || valid.min < valid.max) return [];
  return [
    { path: `${path}/valid`, message: `max (${String(valid.max)}) must be greater than min (${String(valid.min)})` },
  ];
}
