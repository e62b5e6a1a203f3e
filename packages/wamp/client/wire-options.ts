import { UsageError } from "../errors.ts";
import type { Dict } from "../message.ts";
import { isUri, type Match, type Uri } from "../uri.ts";

/** Options as they go on the wire. Absent ones are left out: `undefined` and null would travel as nil. */
export function wireOptions(further: Dict | undefined, own: Dict): Dict {
  const options: Record<string, unknown> = {};
  for (const [key, value] of [...Object.entries(further ?? {}), ...Object.entries(own)]) {
    if (value !== undefined && value !== null) options[key] = value;
  }
  return options;
}

/** @throws UsageError `invalid_option` for a text that cannot be a URI, or a pattern of that match policy. */
export function checkUri(what: string, text: string, match: Match = "exact"): Uri {
  if (typeof text === "string" && isUri(text, match)) return text;
  const rule =
    match === "exact" ? "components joined by single dots, without spaces and #" : `a ${match} pattern of components`;
  throw new UsageError("invalid_option", `the ${what} ${JSON.stringify(text)} is not a WAMP URI: it needs ${rule}`);
}
