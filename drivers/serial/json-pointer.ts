import type { JsonValue } from "../description.ts";

/** The parts of a JSON pointer (RFC 6901); undefined when it is none. "" points at the whole. */
export function parsePointer(pointer: string): readonly string[] | undefined {
  if (pointer === "") return [];
  if (!pointer.startsWith("/") || /~(?![01])/.test(pointer)) return undefined;
  return pointer
    .slice(1)
    .split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** What a pointer leads to; undefined where it leads nowhere. Only own members and existing items count. */
export function resolvePointer(document: JsonValue, parts: readonly string[]): JsonValue | undefined {
  let at: JsonValue | undefined = document;
  for (const part of parts) {
    if (typeof at !== "object" || at === null) return undefined;
    if (isList(at)) at = /^(0|[1-9]\d*)$/.test(part) ? at[Number(part)] : undefined;
    else at = Object.hasOwn(at, part) ? at[part] : undefined;
  }
  return at;
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
