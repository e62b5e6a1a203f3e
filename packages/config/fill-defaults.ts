import { findBranch } from "./find-branch.ts";
import { branchesOf, isRecord, schemaOfKey, schemasIn, type SchemaNode } from "./schema-node.ts";

/** A copy of `value` with the schema's defaults where keys are missing, to any depth. Wrong values are left as they are. */
export function fillDefaults(schema: SchemaNode, value: unknown): unknown {
  const start = value === undefined ? structuredClone(schema["default"]) : value;
  if (start === undefined) return undefined;
  const branches = branchesOf(schema);
  if (branches !== undefined) {
    const branch = findBranch(branches, start);
    return branch === undefined ? start : fillDefaults(branch, start);
  }
  if (Array.isArray(start)) {
    const items = schema["items"];
    return isRecord(items) ? start.map((item: unknown) => fillDefaults(items, item)) : start;
  }
  return isRecord(start) ? fillMapping(schema, start) : start;
}

function fillMapping(schema: SchemaNode, value: Readonly<Record<string, unknown>>): unknown {
  const entries = Object.entries(value).map(([key, item]): [string, unknown] => {
    const known = schemaOfKey(schema, key);
    return [key, known === undefined ? item : fillDefaults(known, item)];
  });
  for (const [key, known] of schemasIn(schema, "properties")) {
    if (Object.hasOwn(value, key)) continue;
    const filled = fillDefaults(known, undefined);
    if (filled !== undefined) entries.push([key, filled]);
  }
  return Object.fromEntries(entries);
}
