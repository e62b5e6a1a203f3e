import type { JsonValue } from "../description.ts";
import { found } from "../words.ts";
import { parsePointer, resolvePointer } from "./json-pointer.ts";
import { PATTERN_REACH } from "./pattern-guard.ts";
import type { RuleConfig } from "./serial-config.ts";

/** none: the rule has nothing to say about this line. */
export type Outcome =
  | { readonly kind: "value"; readonly value: number | string }
  | { readonly kind: "bad"; readonly cause: string }
  | { readonly kind: "none" };

export interface Line {
  readonly text: string;
  /** The line as JSON, parsed at most once for all rules; undefined when it is none. */
  readonly json: () => JsonValue | undefined;
}

/** An optional sign, digits with an optional fraction, an optional exponent; nothing else, not even spaces. */
const NUMBER = /^[+-]?(?:\d{1,308}(?:\.\d{0,308})?|\.\d{1,308})(?:[eE][+-]?\d{1,3})?$/;

/** A rule made ready to run: a pure function from a line to a value. For a rule without issues. */
export function compileRule(rule: RuleConfig): (line: Line) => Outcome {
  const pick = picker(rule);
  const { factor = 1, offset = 0 } = rule;
  return (line) => {
    const raw = pick(line);
    if (raw === undefined) return { kind: "none" };
    if (rule.as === "text") return { kind: "value", value: typeof raw === "string" ? raw : JSON.stringify(raw) };
    const number = strictNumber(raw);
    if (number === undefined) return { kind: "bad", cause: `${found(raw)} is no number` };
    const value = number * factor + offset;
    return Number.isFinite(value) ? { kind: "value", value } : { kind: "bad", cause: `${found(raw)} is out of range` };
  };
}

function picker({ match, pointer }: RuleConfig): (line: Line) => JsonValue | undefined {
  if (match === undefined) {
    const parts = parsePointer(pointer ?? "") ?? [];
    return ({ json }) => {
      const document = json();
      return document === undefined ? undefined : resolvePointer(document, parts);
    };
  }
  const pattern = new RegExp(match, "u");
  return ({ text }) => {
    const result = pattern.exec(text.slice(0, PATTERN_REACH));
    if (!result) return undefined;
    return result.groups?.["value"] ?? (result.length > 1 ? result[1] : result[0]);
  };
}

function strictNumber(raw: JsonValue): number | undefined {
  if (typeof raw === "number") return raw;
  if (typeof raw !== "string" || !NUMBER.test(raw)) return undefined;
  const number = Number(raw);
  return Number.isFinite(number) ? number : undefined;
}
