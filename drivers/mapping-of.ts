import * as Type from "typebox";
import type { Static, TSchema, TSchemaOptions, TUnsafe } from "typebox";

/**
 * A mapping from keys that match `pattern` to `schema`. TypeBox's own Record says the same in JSON Schema, and brings the
 * engine along that computes with types: 40 KB that every board would load.
 */
export function mappingOf<Schema extends TSchema>(
  pattern: string,
  schema: Schema,
  options: TSchemaOptions = {},
): TUnsafe<Record<string, Static<Schema>>> {
  return Type.Unsafe({ ...options, type: "object", patternProperties: { [pattern]: schema } });
}
