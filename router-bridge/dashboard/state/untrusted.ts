/** Reading values of unknown shape: each function gives the value asked for or a harmless one, and never throws. */
import { limits } from "./limits.ts";

export type Fields = Readonly<Record<string, unknown>>;

const NOTHING: Fields = Object.freeze({});

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : NOTHING;
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A text cut to `most` characters, or `otherwise`. */
export function textOf(value: unknown, otherwise = "", most: number = limits.text): string {
  if (typeof value !== "string" || value === "") return otherwise;
  return value.length > most ? `${value.slice(0, most - 1)}…` : value;
}

export function numberOf(value: unknown): number | undefined {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  // Serializers give 64-bit integers beyond 2^53 as bigint.
  return typeof value === "bigint" ? Number(value) : undefined;
}

/** Any value as one short line for people. */
export function plainText(value: unknown): string {
  if (typeof value === "string") return textOf(value);
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Uint8Array) return `${String(value.length)} octets`;
  try {
    return textOf(JSON.stringify(value), String(value), limits.jsonText);
  } catch {
    return "(a value that cannot be shown)"; // circular, or it holds a bigint
  }
}
