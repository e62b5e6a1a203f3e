import { parseDuration } from "../duration.ts";

export interface LinkLost {
  /** ms that the link may be gone before the output goes to its safe level. */
  readonly after: number;
}

/**
 * Reads `hold` (null: nothing happens), `safe`, and `safe-after 30` (seconds) or `safe-after 5min`. Answers undefined for
 * anything else.
 */
export function parseLinkLost(text: string): LinkLost | null | undefined {
  if (text === "hold") return null;
  if (text === "safe") return { after: 0 };
  const [, number, time = ""] = /^safe-after\s+(?:(\d{1,7}(?:\.\d{1,3})?)|(\S.*))$/.exec(text) ?? [];
  const after = number === undefined ? parseDuration(time) : Number(number) * 1000;
  return after === undefined || after > 86_400_000 ? undefined : { after };
}
