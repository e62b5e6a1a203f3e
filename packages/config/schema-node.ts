/** One node of a JSON Schema as TypeBox builds it, read without trusting its shape. */
export type SchemaNode = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A keyword that holds schemas by name (`properties`, `patternProperties`). */
export function schemasIn(node: SchemaNode, keyword: "properties" | "patternProperties"): [string, SchemaNode][] {
  const value = node[keyword];
  if (!isRecord(value)) return [];
  return Object.entries(value).filter((entry): entry is [string, SchemaNode] => isRecord(entry[1]));
}

/** The alternatives of a union, or undefined if the node is none. */
export function branchesOf(node: SchemaNode): SchemaNode[] | undefined {
  const list = node["anyOf"] ?? node["oneOf"];
  return Array.isArray(list) ? list.filter(isRecord) : undefined;
}

/** The schema that a key of a mapping falls under; undefined if no such key is known. */
export function schemaOfKey(node: SchemaNode, key: string): SchemaNode | undefined {
  const properties = node["properties"];
  if (isRecord(properties) && Object.hasOwn(properties, key) && isRecord(properties[key])) return properties[key];
  for (const [pattern, schema] of schemasIn(node, "patternProperties")) {
    if (new RegExp(pattern, "u").test(key)) return schema;
  }
  const rest = node["additionalProperties"];
  return isRecord(rest) ? rest : undefined;
}

/** Whether keys that no schema describes are let through. They are not, unless the schema says `true` itself. */
export function isOpen(node: SchemaNode): boolean {
  const describes = "properties" in node || "patternProperties" in node || "additionalProperties" in node;
  return node["additionalProperties"] === true || !describes;
}

/** The value of a `const` or of an `enum`, as a list; undefined for any other node. */
export function literalsOf(node: SchemaNode): readonly unknown[] | undefined {
  if ("const" in node) return [node["const"]];
  const values = node["enum"];
  return Array.isArray(values) ? values : undefined;
}

/** Whether `value` is of the JSON kind that the node's `type` names; true if it names none. */
export function isOfKind(node: SchemaNode, value: unknown): boolean {
  const type = node["type"];
  if (typeof type !== "string" && !Array.isArray(type)) return true;
  const kinds: readonly unknown[] = Array.isArray(type) ? type : [type];
  return kinds.some((kind) => kind === kindOf(value) || (kind === "integer" && Number.isInteger(value)));
}

export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value;
}
