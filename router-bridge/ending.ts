/** The last words to a peer: the message, and what its transport says when it closes. */
import { ErrorUri, noPayload, type Message, type Uri } from "@pinion/wamp";
import type { Farewell } from "./link.ts";

export function abortWith(reason: Uri, message: string): Message {
  return { type: "ABORT", details: { message }, reason, payload: noPayload };
}

/** The WebSocket close code for the router's reason. */
export function farewellFor(reason: string): Farewell {
  if (reason.startsWith(ErrorUri.protocolViolation)) return { code: 1002, words: reason };
  if (reason.includes("system_shutdown")) return { code: 1001, words: reason };
  return { code: reason.startsWith("wamp.error") || reason.startsWith("pinion.error") ? 1008 : 1000, words: reason };
}
