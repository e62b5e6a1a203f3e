/** What an action answered, in words; empty when the control itself shows it. */
import { isFields, plainText, textOf } from "../state/untrusted.ts";
import { limits } from "../state/limits.ts";

const LINES = 8;
/** Said elsewhere, or of no use to a person: which channel it was, and when, is what the person has just done. */
const LEFT_OUT = new Set(["t", "pin", "port", "channel"]);

export function answerWords(answer: unknown): string {
  if (answer === undefined || answer === null) return "Done.";
  if (Array.isArray(answer)) {
    const more = answer.length > LINES ? [`and ${String(answer.length - LINES)} more`] : [];
    return answer.length === 0 ? "None." : [...answer.slice(0, LINES).map(lineOf), ...more].join("\n");
  }
  if (isFields(answer) && "readBack" in answer) return "";
  const line = lineOf(answer);
  return line === "" ? "Done." : `Done: ${line}`;
}

function lineOf(value: unknown): string {
  if (!isFields(value)) return plainText(value);
  const fields = Object.entries(value)
    .filter(([name, one]) => !LEFT_OUT.has(name) && !isEmpty(one))
    .map(([name, one]) => `${name} ${plainText(one)}`);
  return textOf(fields.join(" · "), "", limits.jsonText);
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0);
}
