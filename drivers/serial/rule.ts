import type { JsonValue } from "../description.ts";
import { DriverError } from "../driver-error.ts";
import { scaled } from "../sensors/scaling.ts";
import { found } from "../words.ts";
import { parsePointer, resolvePointer } from "./json-pointer.ts";
import { PATTERN_REACH } from "./pattern-guard.ts";
import type { RuleConfig } from "./serial-config.ts";

/** none: the rule has nothing to say about this line. */
export type Outcome =
  | { readonly kind: "value"; readonly value: number | string; readonly clamped?: string }
  | { readonly kind: "bad"; readonly cause: string }
  | { readonly kind: "none" };

export interface Line {
  readonly text: string;
  /** The line as JSON, parsed at most once for all rules; undefined when it is none. */
  readonly json: () => JsonValue | undefined;
  /** The line as an NMEA sentence with the right check sum, parsed at most once. */
  readonly sentence: () => Readonly<Record<string, JsonValue>> | undefined;
}

/** An optional sign, digits with an optional fraction, an optional exponent; nothing else, not even spaces. */
const NUMBER = /^[+-]?(?:\d{1,308}(?:\.\d{0,308})?|\.\d{1,308})(?:[eE][+-]?\d{1,3})?$/;

/** A rule made ready to run: a pure function from a line to a value. For a rule without issues. */
export function compileRule(rule: RuleConfig): (line: Line) => Outcome {
  const pick = picker(rule);
  return (line) => {
    const raw = pick(line);
    if (raw === undefined) return { kind: "none" };
    if (rule.as === "text") return { kind: "value", value: typeof raw === "string" ? raw : JSON.stringify(raw) };
    const number = strictNumber(raw);
    if (number === undefined) return { kind: "bad", cause: `${found(raw)} is no number` };
    return inRange(number, rule);
  };
}

function inRange(number: number, { factor = 1, offset = 0, valid }: RuleConfig): Outcome {
  try {
    const { value, cause } = scaled(number, { factor, offset, ...(valid === undefined ? {} : { valid }) });
    return { kind: "value", value: Number(value), ...(cause === undefined ? {} : { clamped: cause }) };
  } catch (error) {
    return { kind: "bad", cause: error instanceof DriverError ? error.what : String(error) };
  }
}

function picker(rule: RuleConfig): (line: Line) => JsonValue | undefined {
  const { match, pointer, column, separator = ",", nmea, field = "" } = rule;
  if (match !== undefined) return matcher(match, rule.group);
  if (nmea !== undefined)
    return ({ sentence }) => (sentence()?.["sentenceId"] === nmea ? sentence()?.[field] : undefined);
  if (column !== undefined) return ({ text }) => text.split(separator, column)[column - 1]?.trim();
  const parts = parsePointer(pointer ?? "") ?? [];
  return ({ json }) => {
    const document = json();
    return document === undefined ? undefined : resolvePointer(document, parts);
  };
}

function matcher(match: string, group: RuleConfig["group"]): (line: Line) => string | undefined {
  const pattern = new RegExp(match, "u");
  return ({ text }) => {
    const result = pattern.exec(text.slice(0, PATTERN_REACH));
    if (!result) return undefined;
    if (group !== undefined) return typeof group === "number" ? result[group] : result.groups?.[group];
    return result.groups?.["value"] ?? (result.length > 1 ? result[1] : result[0]);
  };
}

function strictNumber(raw: JsonValue): number | undefined {
  if (typeof raw === "number") return raw;
  if (typeof raw !== "string" || !NUMBER.test(raw)) return undefined;
  const number = Number(raw);
  return Number.isFinite(number) ? number : undefined;
}
