import * as Type from "typebox";
import { parseDuration } from "../duration.ts";

export const linkLostSchema = Type.String({
  pattern: "^(hold|safe|safe-after +\\d{1,7}(\\.\\d{1,3})?( ?(ms|s|min|h))?)$",
  default: "hold",
  allowed: "hold, safe, or safe-after and a duration (safe-after 30, in seconds, or safe-after 5min)",
  description:
    "Outputs: what happens when the link to the router is lost. hold: nothing. safe: to `safe` at once. safe-after <s>: to `safe` unless the link is back in time",
});

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
