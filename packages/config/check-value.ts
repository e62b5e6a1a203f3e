/**
 * A value against a JSON Schema: every finding, in the order of the schema. TypeBox decides what is right; this walk
 * adds what people need: where, what is allowed, what to do. Unknown keys are findings unless a schema opens itself.
 */
import type { TSchema } from "typebox";
import { Check } from "typebox/schema";
import { closest } from "./near-names.ts";
import { findBranch, isRequired, missedDiscriminator } from "./find-branch.ts";
import type { Finding, Path } from "./problem.ts";
import {
  branchesOf,
  isOfKind,
  isOpen,
  isRecord,
  literalsOf,
  schemaOfKey,
  schemasIn,
  type SchemaNode,
} from "./schema-node.ts";
import { describeSchema, describeValue, exampleOf, listWords } from "./words.ts";

/** Keywords that the walk itself looks at; TypeBox sees a node without them, so that one fault is told once. */
const WALKED = new Set([
  "properties",
  "patternProperties",
  "additionalProperties",
  "required",
  "items",
  "anyOf",
  "oneOf",
]);

export function checkValue(schema: SchemaNode, value: unknown): Finding[] {
  return walk(schema, value, []);
}

function walk(schema: SchemaNode, value: unknown, path: Path): Finding[] {
  const branches = branchesOf(schema);
  if (branches !== undefined) return walkUnion(schema, branches, { value, path });
  if (!isOfKind(schema, value)) return [mismatch(schema, value, path)];
  const findings: Finding[] = [];
  if (isRecord(value)) findings.push(...walkMapping(schema, value, path));
  if (Array.isArray(value)) {
    const items = schema["items"];
    if (isRecord(items)) value.forEach((item: unknown, i) => findings.push(...walk(items, item, [...path, i])));
  }
  const shallow = Object.fromEntries(Object.entries(schema).filter(([keyword]) => !WALKED.has(keyword)));
  if (!Check(asTypeBox(shallow), value)) findings.unshift(mismatch(schema, value, path));
  return findings.length > 0 ? findings : unexplained(schema, value, path);
}

function walkUnion(schema: SchemaNode, branches: readonly SchemaNode[], at: { value: unknown; path: Path }): Finding[] {
  const { value, path } = at;
  const missed = missedDiscriminator(branches, value);
  if (missed !== undefined && isRecord(value)) {
    const literals: SchemaNode = { enum: missed.values };
    if (!Object.hasOwn(value, missed.key)) return [missing(literals, missed.key, path)];
    return [mismatch(literals, value[missed.key], [...path, missed.key])];
  }
  if (branches.some((branch) => walk(branch, value, path).length === 0)) return [];
  const inWords = typeof schema["allowed"] === "string" && !isRecord(value);
  const whole = inWords || branches.every((one) => literalsOf(one) !== undefined);
  const branch = whole ? undefined : findBranch(branches, value);
  return branch === undefined ? [mismatch(schema, value, path)] : walk(branch, value, path);
}

function walkMapping(schema: SchemaNode, value: Readonly<Record<string, unknown>>, path: Path): Finding[] {
  const findings: Finding[] = [];
  for (const [key, known] of schemasIn(schema, "properties")) {
    if (!Object.hasOwn(value, key) && isRequired(schema, key)) findings.push(missing(known, key, path));
  }
  for (const [key, item] of Object.entries(value)) {
    const known = schemaOfKey(schema, key);
    if (known !== undefined) findings.push(...walk(known, item, [...path, key]));
    else if (!isOpen(schema)) findings.push(unknownKey(schema, key, path));
  }
  return findings;
}

function mismatch(schema: SchemaNode, value: unknown, path: Path): Finding {
  const allowed = describeSchema(schema);
  return { path, found: describeValue(value, schema), allowed, cure: cureOf(schema, value, path) };
}

function cureOf(schema: SchemaNode, value: unknown, path: Path): string {
  if (typeof schema["cure"] === "string") return schema["cure"];
  const key = path.findLast((step) => typeof step === "string") ?? "value";
  const literals = literalsOf(schema) ?? branchesOf(schema)?.flatMap((branch) => literalsOf(branch) ?? []);
  const meant = typeof value === "string" ? closest(value, (literals ?? []).map(String)) : undefined;
  if (meant !== undefined) return `write '${meant}'`;
  if (value === null) return `give '${key}' a value, or delete the line`;
  if (schema["type"] === "string" && (typeof value === "number" || typeof value === "boolean")) {
    return `put it in quotes: "${String(value)}"`;
  }
  if (schema["type"] === "array" && isRecord(value)) return `begin each entry of '${key}' with a dash: "- "`;
  const example = exampleOf(schema);
  return example === undefined ? `write ${describeSchema(schema)}` : `for example ${key}: ${example}`;
}

function missing(schema: SchemaNode, key: string, path: Path): Finding {
  const example = exampleOf(schema);
  const cure = example === undefined ? `add the key '${key}'` : `add the key '${key}', for example ${key}: ${example}`;
  return { path: [...path, key], found: "nothing", allowed: describeSchema(schema), cure, atKey: true };
}

function unknownKey(schema: SchemaNode, key: string, path: Path): Finding {
  const known = schemasIn(schema, "properties").map(([name]) => name);
  const patterns = schemasIn(schema, "patternProperties").map(([pattern]) => `keys matching ${pattern}`);
  const meant = closest(key, known);
  return {
    path: [...path, key],
    found: `the unknown key '${key}'`,
    allowed: listWords([...known, ...patterns]) || "no key",
    cure: meant === undefined ? otherNameOf(key, schema) : `did you mean '${meant}'?`,
    atKey: true,
  };
}

/** Where names are free within a pattern: the nearest one that fits. */
function otherNameOf(key: string, schema: SchemaNode): string {
  const fitting = key.toLowerCase().replaceAll(/[^a-z0-9_]+/g, "_");
  const fits = schemasIn(schema, "patternProperties").some(([pattern]) => new RegExp(pattern, "u").test(fitting));
  return fits ? `rename it, for example ${fitting}` : `remove '${key}'`;
}

/** What only TypeBox itself knows: keywords that the walk has no words for. Nothing wrong passes for lack of words. */
/** What a schema has against a value by keywords that the walk does not know: each a place in the value (RFC 6901) and what is allowed. */
export type Explain = (schema: TSchema, value: unknown) => readonly { readonly at: string; readonly allowed: string }[];

let explain: Explain | undefined;

/** For schemas of others, which may use any keyword. Ours use those that the walk knows: programs with no others do without the words. */
export function explainBy(given: Explain): void {
  explain = given;
}

function unexplained(schema: SchemaNode, value: unknown, path: Path): Finding[] {
  // asking whether costs a call of an action less than asking why
  if (Check(asTypeBox(schema), value)) return [];
  const faults = explain?.(asTypeBox(schema), value) ?? [];
  if (faults.length === 0) return [mismatch(schema, value, path)];
  return faults.map(({ at, allowed }) => ({
    path: [...path, ...at.split("/").slice(1)],
    found: describeValue(value, schema),
    allowed,
    cure: cureOf(schema, value, path),
  }));
}

function asTypeBox(schema: SchemaNode): TSchema {
  return schema; // a TSchema is a plain JSON Schema at run time, and this one was cut from one
}
