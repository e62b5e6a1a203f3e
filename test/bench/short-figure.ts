/** Three digits and a word for thousands or millions: 2.31 M, 286 k, 47.3. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return "";
  const digits = (number: number): string => String(Number(number.toPrecision(3)));
  if (value >= 999_500) return `${digits(value / 1e6)} M`;
  return value >= 1000 ? `${digits(value / 1000)} k` : digits(value);
}
