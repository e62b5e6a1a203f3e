import { isOfKind, isOpen, isRecord, literalsOf, schemaOfKey, schemasIn, type SchemaNode } from "./schema-node.ts";

/** A key whose literal value tells the branches of a union apart, with the value each branch wants there. */
export interface Discriminator {
  readonly key: string;
  readonly values: readonly unknown[];
}

/** The branch of a union that a value was most likely meant for; undefined if it is of none of their kinds. */
export function findBranch(branches: readonly SchemaNode[], value: unknown): SchemaNode | undefined {
  let best: SchemaNode | undefined;
  let bestCost = Infinity;
  for (const branch of branches) {
    const cost = distance(branch, value);
    if (cost < bestCost) {
      best = branch;
      bestCost = cost;
    }
  }
  return best;
}

/** The key by which every branch declares itself, if there is one and the value's is none of theirs. */
export function missedDiscriminator(branches: readonly SchemaNode[], value: unknown): Discriminator | undefined {
  const [first] = branches;
  if (first === undefined || !isRecord(value) || branches.length < 2) return undefined;
  for (const [key] of schemasIn(first, "properties")) {
    const literals = branches.map((branch) => literalsOf(schemaOfKey(branch, key) ?? {}));
    if (literals.some((values) => values === undefined)) continue;
    const values = literals.flatMap((list) => list ?? []);
    if (!values.includes(value[key])) return { key, values };
  }
  return undefined;
}

/** How far a value is from a branch: a wrong literal weighs most, then missing, then unknown keys. */
function distance(branch: SchemaNode, value: unknown): number {
  if (!isOfKind(branch, value)) return Infinity;
  const literals = literalsOf(branch);
  if (literals !== undefined) return literals.includes(value) ? 0 : Infinity;
  if (!isRecord(value)) return typeof value === "string" && !matchesPattern(branch, value) ? 1 : 0;
  let cost = 0;
  for (const [key, item] of Object.entries(value)) {
    const schema = schemaOfKey(branch, key);
    if (schema === undefined) cost += isOpen(branch) ? 0 : 10;
    else if (literalsOf(schema)?.includes(item) === false) cost += 1000;
    else if (!isOfKind(schema, item)) cost += 5;
  }
  return cost + 20 * missingKeys(branch, value);
}

function missingKeys(branch: SchemaNode, value: Readonly<Record<string, unknown>>): number {
  return schemasIn(branch, "properties").filter(
    ([key, schema]) => !Object.hasOwn(value, key) && isRequired(branch, key) && schema["default"] === undefined,
  ).length;
}

function matchesPattern(schema: SchemaNode, value: string): boolean {
  return typeof schema["pattern"] !== "string" || new RegExp(schema["pattern"], "u").test(value);
}

export function isRequired(schema: SchemaNode, key: string): boolean {
  return Array.isArray(schema["required"]) && schema["required"].includes(key);
}
