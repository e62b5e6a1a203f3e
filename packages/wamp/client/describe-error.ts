/** What was thrown, in words, whatever it is. Never throws itself. */
export function describeError(error: unknown): string {
  try {
    return error instanceof Error ? error.message || error.name : String(error);
  } catch {
    return "a value without words was thrown";
  }
}
