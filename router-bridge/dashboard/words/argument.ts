/** What a schema lets a person enter, and what the entered text becomes. Checks twice: the board checks again. */
import type { JsonSchema, JsonValue } from "../../../drivers/description.ts";
import type { ActionModel, ArgumentModel } from "../state/board-model.ts";
import { fieldsOf, listOf, numberOf, plainText } from "../state/untrusted.ts";

const MOST_CHOICES = 64;

export type Field =
  | { readonly kind: "choice"; readonly choices: readonly JsonValue[] }
  | {
      readonly kind: "number";
      readonly least: number | undefined;
      readonly most: number | undefined;
      readonly whole: boolean;
    }
  | { readonly kind: "text"; readonly longest: number | undefined }
  /** A number, or text that says its unit itself: `500`, `2s`. */
  | { readonly kind: "measure" }
  | { readonly kind: "json" };

export type Parsed =
  | { readonly ok: true; readonly value: unknown; readonly given: boolean }
  | { readonly ok: false; readonly message: string };

export function fieldFor(schema: JsonSchema): Field {
  const choices = choicesOf(schema);
  if (choices.length > 0) return { kind: "choice", choices };
  const parts = unionOf(schema);
  if (parts.length > 0) return fieldForUnion(parts);
  switch (schema["type"]) {
    case "integer":
    case "number": {
      const [least, most] = [numberOf(schema["minimum"]), numberOf(schema["maximum"])];
      return { kind: "number", least, most, whole: schema["type"] === "integer" };
    }
    case "string":
      return { kind: "text", longest: numberOf(schema["maxLength"]) };
    default:
      return { kind: "json" };
  }
}

/** The notation that people use: a number where one is taken (text beside it adds a unit), else text. */
function fieldForUnion(parts: readonly JsonSchema[]): Field {
  const number = parts.some(({ type }) => type === "number" || type === "integer");
  const text = parts.find(({ type }) => type === "string");
  if (number && text) return { kind: "measure" };
  return text ? fieldFor(text) : { kind: "json" };
}

function unionOf(schema: JsonSchema): readonly JsonSchema[] {
  return listOf(schema["anyOf"])
    .slice(0, MOST_CHOICES)
    .map((part) => fieldsOf(part) as JsonSchema); // any object is read as a schema with checks at each step
}

/** The values of an enumeration, written as `enum`, `const` or a union of them; empty when it is none. */
function choicesOf(schema: JsonSchema): readonly JsonValue[] {
  if ("const" in schema) return [schema["const"] ?? null];
  if (schema["type"] === "boolean") return [false, true];
  const listed = listOf(schema["enum"]).slice(0, MOST_CHOICES);
  if (listed.length > 0) return listed as readonly JsonValue[]; // a JSON Schema holds JSON values
  const parts = unionOf(schema).map(choicesOf);
  if (parts.length === 0 || parts.some((part) => part.length === 0)) return [];
  const all = [...new Set(parts.flat())];
  // 0 and 1 beside false and true are two ways to say the same.
  const doubled = all.includes(0) && all.includes(1);
  return all.filter((choice) => !doubled || typeof choice !== "boolean").slice(0, MOST_CHOICES);
}

/** Text of an input -> the argument. Empty text is no argument where that is allowed. */
export function parseArgument(argument: ArgumentModel, text: string): Parsed {
  const field = fieldFor(argument.schema);
  if (text === "" && argument.optional) return { ok: true, value: undefined, given: false };
  switch (field.kind) {
    case "choice": {
      const value = field.choices[Number(text)];
      return value === undefined || text === "" ? refuse(`Choose ${argument.name}.`) : give(value);
    }
    case "number":
      return parseNumber(argument, field, text);
    case "text":
      return field.longest !== undefined && text.length > field.longest
        ? refuse(`${argument.name} may have at most ${String(field.longest)} characters.`)
        : give(text);
    case "measure":
      return text.trim() === "" ? refuse(`${argument.name} is missing.`) : give(measureOf(text.trim()));
    default:
      return parseJson(argument, text);
  }
}

function parseNumber(argument: ArgumentModel, field: Field & { kind: "number" }, text: string): Parsed {
  const value = Number(text.trim().replace(",", "."));
  const { least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY } = field;
  const fits = text.trim() !== "" && value >= least && value <= most && (!field.whole || Number.isInteger(value));
  if (fits) return give(value);
  const range = [
    field.least === undefined ? "" : ` from ${String(field.least)}`,
    field.most === undefined ? "" : ` up to ${String(field.most)}`,
  ].join("");
  return refuse(
    `${argument.name} is a ${field.whole ? "whole " : ""}number${range}${argument.unit && ` (${argument.unit})`}.`,
  );
}

function measureOf(text: string): number | string {
  const number = Number(text.replace(",", "."));
  return Number.isFinite(number) ? number : text;
}

function parseJson(argument: ArgumentModel, text: string): Parsed {
  try {
    return give(JSON.parse(text));
  } catch {
    return refuse(`${argument.name} is written as JSON: a number, "text" in quotes, true, false, [..] or {..}.`);
  }
}

function give(value: unknown): Parsed {
  return { ok: true, value, given: true };
}

function refuse(message: string): Parsed {
  return { ok: false, message };
}

export function choiceWords(choice: JsonValue): string {
  if (typeof choice === "boolean") return choice ? "yes" : "no";
  return plainText(choice);
}

/** The two values of an action that switches something off and on, or undefined when it takes anything else. */
export function switchValues(
  action: ActionModel | undefined,
): { readonly off: JsonValue; readonly on: JsonValue } | undefined {
  const [first, second] = action?.args ?? [];
  if (first === undefined || (second !== undefined && !second.optional)) return undefined;
  const { schema } = first;
  const takes = (value: JsonValue): boolean => accepts(schema, value);
  if (takes(0) && takes(1) && !takes(2) && !takes(0.5) && !takes(-1)) return { off: 0, on: 1 };
  return takes(false) && takes(true) && !takes(1) ? { off: false, on: true } : undefined;
}

/** Whether a schema of a scalar takes the value; keywords that say nothing about scalars are passed over. */
function accepts(schema: JsonSchema, value: JsonValue): boolean {
  if ("const" in schema) return schema["const"] === value;
  const listed = listOf(schema["enum"]);
  if (listed.length > 0) return listed.includes(value);
  const parts = unionOf(schema);
  if (parts.length > 0) return parts.some((part) => accepts(part, value));
  return acceptsType(schema, value);
}

function acceptsType(schema: JsonSchema, value: JsonValue): boolean {
  switch (schema["type"]) {
    case "boolean":
      return typeof value === "boolean";
    case "integer":
    case "number": {
      if (typeof value !== "number" || (schema["type"] === "integer" && !Number.isInteger(value))) return false;
      return value >= (numberOf(schema["minimum"]) ?? -Infinity) && value <= (numberOf(schema["maximum"]) ?? Infinity);
    }
    case "string":
      return typeof value === "string";
    default:
      return true;
  }
}
