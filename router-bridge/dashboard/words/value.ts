/** Values as people read them. */
import { numberOf, plainText } from "../state/untrusted.ts";

/** U+2212, as wide as a digit's plus sign, where a hyphen is not. */
const MINUS = "\u2212";

/** A number with so many digits after the point; very large and very small ones with a power of ten. */
export function numberWords(value: number, decimals: number): string {
  const size = Math.abs(value);
  const text = size >= 1e9 || (size !== 0 && size < 5e-4) ? value.toPrecision(4) : value.toFixed(decimals);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", MINUS);
}

/** Any reading's value: numbers with their digits, truth as yes and no, nothing as a dash. */
export function valueWords(value: unknown, decimals: number): string {
  if (value === null || value === undefined) return "–";
  if (typeof value === "boolean") return value ? "yes" : "no";
  const number = numberOf(value);
  return number === undefined ? plainText(value) : numberWords(number, decimals);
}
