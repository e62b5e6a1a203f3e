import type { TSchema } from "typebox";

/**
 * The same schema with its defaults turned into examples. A driver tells what was written from what was not (`safe` on an
 * input is a mistake), so nothing may be filled in before it has looked; an example still makes a good cure.
 */
export function withoutDefaults(schema: TSchema): TSchema {
  return asSchema(node(schema));
}

type Entries = Readonly<Record<string, unknown>>;

function node(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(node);
  if (!isRecord(schema)) return schema;
  const entries: [string, unknown][] = [];
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === "default") {
      if (!("examples" in schema) && !isRecord(value)) entries.push(["examples", [value]]);
    } else if ((keyword === "properties" || keyword === "patternProperties") && isRecord(value)) {
      // the keys of this mapping are names that somebody chose, not keywords
      entries.push([keyword, Object.fromEntries(Object.entries(value).map(([name, one]) => [name, node(one)]))]);
    } else entries.push([keyword, node(value)]);
  }
  return Object.fromEntries(entries);
}

function isRecord(value: unknown): value is Entries {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function asSchema(value: unknown): TSchema {
  return value as TSchema; // a schema is a plain JSON Schema at run time, and this one was a schema
}
