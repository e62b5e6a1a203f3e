/** Small pieces of the sentences that errors are made of. */

const SHOWN = 60;

/** What was found instead, short enough for a message. */
export function found(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "bigint" || typeof value === "function" || typeof value === "symbol") return typeof value;
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text;
}

export function quantity(count: number, one: string, many = `${one}s`): string {
  return `${String(count)} ${count === 1 ? one : many}`;
}

/** "a, b, c": at most 32 of them, then how many more. */
export function listed(all: readonly (string | number)[]): string {
  if (all.length === 0) return "none";
  const shown = all.slice(0, 32).join(", ");
  return all.length > 32 ? `${shown} and ${String(all.length - 32)} more` : shown;
}

/** The words of anything thrown. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : found(error);
}
