import { ErrorUri } from "../error-uri.ts";
import { ApplicationError } from "../errors.ts";
import type { SessionEnd } from "./client-session.ts";

/**
 * What a request gets that was sent and not answered before its session ended: `wamp.error.network_failure` with
 * kwargs `{outcome: "unknown"}`. Whoever moves real things must read them back before trying again.
 */
export function outcomeUnknown(what: string, end: SessionEnd): ApplicationError {
  const text = `the session ended before the ${what} was answered (${end.words}): whether it took effect is unknown`;
  return new ApplicationError(ErrorUri.networkFailure, [text], { outcome: "unknown" });
}
