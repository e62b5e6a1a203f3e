/**
 * The convention between v1, which carries one value, and v2, which carries lists and dicts beside each other: one
 * argument alone is itself, nothing is null, everything else `{"args": [...], "kwargs": {...}}`. A lone argument that looks
 * like that is wrapped too, so nothing is taken for something else. All values are raw JSON.
 */
import { entryOf, piecesOf } from "./json-pieces.ts";

export interface RawPayload {
  /** A JSON list. */
  readonly args: string;
  /** A JSON dict. */
  readonly kwargs: string;
}

export function packed(args = "[]", kwargs = "{}"): string {
  const items = piecesOf(args);
  if (piecesOf(kwargs).length > 0 || items.length > 1) return wrapped({ args, kwargs });
  const [only] = items;
  if (only === undefined) return "null";
  return unpacked(only) === undefined ? only : wrapped({ args, kwargs });
}

/** Undefined for a value that stands for itself. */
export function unpacked(value: string): RawPayload | undefined {
  if (!value.startsWith("{")) return undefined;
  const pieces = piecesOf(value);
  if (pieces.length !== 2) return undefined;
  const entries = new Map(pieces.map(entryOf).map((entry) => [entry.key, entry.value]));
  const args = entries.get("args");
  const kwargs = entries.get("kwargs");
  return args?.startsWith("[") === true && kwargs?.startsWith("{") === true ? { args, kwargs } : undefined;
}

/** What a v1 client gives: one value that says so is a whole payload, all others are positional. */
export function payloadFrom(values: readonly string[]): RawPayload {
  const [first] = values;
  const whole = values.length === 1 && first !== undefined ? unpacked(first) : undefined;
  return whole ?? { args: `[${values.join(",")}]`, kwargs: "{}" };
}

function wrapped({ args, kwargs }: RawPayload): string {
  return `{"args":${args},"kwargs":${kwargs}}`;
}
