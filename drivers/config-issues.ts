import type { TSchema } from "typebox";
import { Check } from "typebox/schema";
import type { ConfigIssue } from "./driver.ts";
import { found, quantity } from "./words.ts";

/** The keywords of JSON Schema that our own schemas use; anything else is judged by TypeBox and named in general words. */
interface Shape {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly TSchema[];
  readonly properties?: Readonly<Record<string, TSchema>>;
  readonly patternProperties?: Readonly<Record<string, TSchema>>;
  readonly required?: readonly string[];
  readonly items?: TSchema;
  readonly allowed?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly maxLength?: number;
  readonly minLength?: number;
  readonly maxItems?: number;
  readonly minItems?: number;
  readonly maxProperties?: number;
  readonly minProperties?: number;
}

// A schema is an open record by JSON Schema's own definition; Shape makes every keyword of interest optional.
const shapeOf = (schema: TSchema): Shape => schema;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** RFC 6901. */
const pointer = (path: string, key: string | number): string =>
  `${path}/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`;

/** What a schema allows, in words: from its `allowed` annotation where it has one, else from its keywords. */
export function allowedWords(schema: TSchema): string {
  const shape = shapeOf(schema);
  if (shape.allowed !== undefined) return shape.allowed;
  if (shape.anyOf) return [...new Set(shape.anyOf.map(allowedWords))].join(" or ");
  if (shape.enum) return shape.enum.map((one) => JSON.stringify(one)).join(" or ");
  if ("const" in shape) return JSON.stringify(shape.const);
  if (shape.type === "number" || shape.type === "integer") return numberWords(shape);
  if (shape.type === "string") return stringWords(shape);
  if (shape.type === "object") return "a mapping";
  if (shape.type === "array") return shape.items ? `a list of ${allowedWords(shape.items)}` : "a list";
  return shape.type === "boolean" ? "true or false" : (shape.type ?? "something else");
}

function numberWords({ type, minimum, maximum }: Shape): string {
  const noun = type === "integer" ? "a whole number" : "a number";
  if (minimum !== undefined && maximum !== undefined) return `${noun} from ${String(minimum)} to ${String(maximum)}`;
  if (minimum !== undefined) return `${noun} of at least ${String(minimum)}`;
  return maximum === undefined ? noun : `${noun} of at most ${String(maximum)}`;
}

function stringWords({ pattern, minLength, maxLength }: Shape): string {
  if (pattern !== undefined) return `a text that matches ${pattern}`;
  if (maxLength !== undefined) return `a text of ${String(minLength ?? 0)} to ${quantity(maxLength, "character")}`;
  return minLength === undefined ? "a text" : `a text of at least ${quantity(minLength, "character")}`;
}

/** All that keeps `value` from matching `schema`, each with its place and what is allowed there. Never throws. */
export function configIssues(schema: TSchema, value: unknown, path = ""): readonly ConfigIssue[] {
  if (Check(schema, value)) return [];
  const shape = shapeOf(schema);
  const inner = innerIssues(shape, value, path);
  return inner.length > 0 ? inner : [{ path, message: `must be ${allowedWords(schema)}, found ${found(value)}` }];
}

function innerIssues(shape: Shape, value: unknown, path: string): readonly ConfigIssue[] {
  if (shape.anyOf) {
    const nearest = nearestOf(shape.anyOf, value);
    return nearest === undefined ? [] : configIssues(nearest, value, path);
  }
  if (shape.type === "object" && isRecord(value)) return objectIssues(shape, value, path);
  if (shape.type === "array" && Array.isArray(value)) return arrayIssues(shape, value, path);
  return [];
}

/** Among the alternatives for a mapping the one that shares most keys with it: its faults are the ones to report. */
function nearestOf(alternatives: readonly TSchema[], value: unknown): TSchema | undefined {
  if (!isRecord(value)) return undefined;
  const shared = (schema: TSchema): number =>
    Object.keys(shapeOf(schema).properties ?? {}).filter((key) => key in value).length;
  return alternatives.filter((one) => shared(one) > 0).toSorted((a, b) => shared(b) - shared(a))[0];
}

function objectIssues(shape: Shape, value: Record<string, unknown>, path: string): ConfigIssue[] {
  const properties = shape.properties ?? {};
  const patterns = Object.entries(shape.patternProperties ?? {});
  const issues: ConfigIssue[] = (shape.required ?? [])
    .filter((key) => value[key] === undefined)
    .map((key) => ({ path, message: `${key} is missing` }));
  for (const [key, one] of Object.entries(value)) {
    const schema = Object.hasOwn(properties, key)
      ? properties[key]
      : patterns.find(([pattern]) => new RegExp(pattern, "u").test(key))?.[1];
    if (schema) issues.push(...configIssues(schema, one, pointer(path, key)));
    else issues.push({ path: pointer(path, key), message: unknownKey(key, Object.keys(properties), patterns) });
  }
  const size = Object.keys(value).length;
  if (shape.maxProperties !== undefined && size > shape.maxProperties)
    issues.push({ path, message: `must have at most ${String(shape.maxProperties)} entries, found ${String(size)}` });
  if (shape.minProperties !== undefined && size < shape.minProperties)
    issues.push({ path, message: `must have at least ${quantity(shape.minProperties, "entry", "entries")}` });
  return issues;
}

function unknownKey(key: string, known: readonly string[], patterns: readonly [string, TSchema][]): string {
  if (known.length > 0) return `unknown key ${key}; allowed: ${known.join(", ")}`;
  const pattern = patterns[0]?.[0] ?? "";
  return `the name ${key} is not allowed; it must match ${pattern}`;
}

function arrayIssues(shape: Shape, value: readonly unknown[], path: string): ConfigIssue[] {
  const { items } = shape;
  const issues = items ? value.flatMap((one, index) => configIssues(items, one, pointer(path, index))) : [];
  if (shape.maxItems !== undefined && value.length > shape.maxItems)
    issues.push({
      path,
      message: `must have at most ${String(shape.maxItems)} entries, found ${String(value.length)}`,
    });
  if (shape.minItems !== undefined && value.length < shape.minItems)
    issues.push({ path, message: `must have at least ${quantity(shape.minItems, "entry", "entries")}` });
  return issues;
}
