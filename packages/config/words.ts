import { branchesOf, isRecord, kindOf, literalsOf, schemasIn, type SchemaNode } from "./schema-node.ts";

const LONGEST_QUOTE = 60;

/** A found value for people: short, on one line; never the value of a key that the schema marks `writeOnly`. */
export function describeValue(value: unknown, schema?: SchemaNode): string {
  if (value === undefined) return "nothing";
  if (value === null) return "an empty value";
  if (schema?.["writeOnly"] === true) return `a ${kindOf(value)} (not shown: it is a secret)`;
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${String(value.length)}`;
  if (isRecord(value))
    return `a mapping with ${Object.keys(value).join(", ") || "no keys"}`.slice(0, LONGEST_QUOTE * 2);
  const text = JSON.stringify(value);
  return text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}... (${String(text.length)} characters)` : text;
}

/** What a schema allows, for people: its kind and bounds (or its own words in `allowed`), and its description. */
export function describeSchema(schema: SchemaNode): string {
  const description = typeof schema["description"] === "string" ? ` (${schema["description"]})` : "";
  return describeShape(schema) + description;
}

/** An example line that would be right, or undefined if the schema gives neither example, default nor literal. */
export function exampleOf(schema: SchemaNode): string | undefined {
  const examples = schema["examples"];
  if (Array.isArray(examples) && examples.length > 0) return JSON.stringify(examples[0]);
  if (schema["default"] !== undefined) return JSON.stringify(schema["default"]);
  const literals = literalsOf(schema);
  if (literals !== undefined && literals.length > 0) return JSON.stringify(literals[0]);
  const [first] = branchesOf(schema) ?? [];
  return first === undefined ? undefined : exampleOf(first);
}

export function listWords(words: readonly string[], last: "or" | "and" = "or"): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} ${last} ${words.at(-1) ?? ""}`;
}

function describeShape(schema: SchemaNode): string {
  if (typeof schema["allowed"] === "string") return schema["allowed"];
  const branches = branchesOf(schema);
  if (branches !== undefined) return listWords([...new Set(branches.map(describeShape))]);
  const literals = literalsOf(schema);
  if (literals !== undefined) return listWords(literals.map((value) => JSON.stringify(value)));
  switch (schema["type"]) {
    case "string":
      return `text${describeText(schema)}`;
    case "integer":
      return `a whole number${describeBounds(schema)}`;
    case "number":
      return `a number${describeBounds(schema)}`;
    case "boolean":
      return "true or false";
    case "array":
      return `a list${isRecord(schema["items"]) ? ` of ${describeShape(schema["items"])}` : ""}${describeCount(schema)}`;
    case "object":
      return describeMapping(schema);
    case "null":
      return "an empty value";
    default:
      return "another value";
  }
}

function describeMapping(schema: SchemaNode): string {
  const keys = schemasIn(schema, "properties").map(([key]) => key);
  return keys.length > 0 ? `a mapping with ${listWords(keys, "and")}` : "a mapping";
}

function describeText(schema: SchemaNode): string {
  const parts: string[] = [];
  if (typeof schema["minLength"] === "number" && schema["minLength"] > 0) {
    parts.push(schema["minLength"] === 1 ? "not empty" : `at least ${String(schema["minLength"])} characters`);
  }
  if (typeof schema["maxLength"] === "number") parts.push(`at most ${String(schema["maxLength"])} characters`);
  if (typeof schema["pattern"] === "string") parts.push(`matching ${schema["pattern"]}`);
  if (typeof schema["format"] === "string") parts.push(`written as ${schema["format"]}`);
  return parts.length > 0 ? `, ${parts.join(", ")}` : "";
}

function describeBounds(schema: SchemaNode): string {
  const parts: string[] = [];
  if (typeof schema["minimum"] === "number") parts.push(`from ${String(schema["minimum"])}`);
  if (typeof schema["exclusiveMinimum"] === "number") parts.push(`above ${String(schema["exclusiveMinimum"])}`);
  if (typeof schema["maximum"] === "number") parts.push(`to ${String(schema["maximum"])}`);
  if (typeof schema["exclusiveMaximum"] === "number") parts.push(`below ${String(schema["exclusiveMaximum"])}`);
  if (typeof schema["multipleOf"] === "number") parts.push(`in steps of ${String(schema["multipleOf"])}`);
  return parts.length > 0 ? ` ${parts.join(" ")}` : "";
}

function describeCount(schema: SchemaNode): string {
  const parts: string[] = [];
  if (typeof schema["minItems"] === "number") parts.push(`at least ${String(schema["minItems"])}`);
  if (typeof schema["maxItems"] === "number") parts.push(`at most ${String(schema["maxItems"])}`);
  if (schema["uniqueItems"] === true) parts.push("no item twice");
  return parts.length > 0 ? `, ${parts.join(", ")}` : "";
}
