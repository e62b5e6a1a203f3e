import * as Type from "typebox";
import type { TSchema } from "typebox";
import { mappingOf } from "./mapping-of.ts";

export const NAME = "^[a-z][a-z0-9_]{0,62}$";

/** Names of channels and streams become a part of a WAMP URI, so they keep to its strict alphabet. */
export const nameSchema = Type.String({
  pattern: NAME,
  allowed: "a name of a-z, 0-9 and _ that starts with a letter, at most 63 characters",
});

/** A mapping from such names to `schema`, at most 256 of them. */
export function named<Schema extends TSchema>(schema: Schema, options: { description: string; default?: object }) {
  return mappingOf(NAME, schema, { ...options, additionalProperties: false, maxProperties: 256 });
}
