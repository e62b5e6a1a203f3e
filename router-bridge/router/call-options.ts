/** Reads CALL.Options once per message; the usual empty ones cost nothing. */
import type { Dict } from "@pinion/wamp";
import { asBoolean, asCount, refusePassthru } from "./dict-reading.ts";

export interface CallOptions {
  /** Milliseconds; 0: none. */
  readonly timeout: number;
  readonly receiveProgress: boolean;
  /** More of this call follows (progressive call invocation). */
  readonly progress: boolean;
  readonly discloseMe: boolean;
}

export const NO_CALL_OPTIONS: CallOptions = Object.freeze({
  timeout: 0,
  receiveProgress: false,
  progress: false,
  discloseMe: false,
});

/** @throws ProtocolViolation for an option of a wrong type, or of a feature that was not announced. */
export function callOptions(options: Dict): CallOptions {
  for (const key in options) {
    if (Object.hasOwn(options, key)) return readOptions(options);
  }
  return NO_CALL_OPTIONS;
}

function readOptions(options: Dict): CallOptions {
  refusePassthru(options);
  return {
    timeout: asCount("timeout", options["timeout"]),
    receiveProgress: asBoolean("receive_progress", options["receive_progress"]),
    progress: asBoolean("progress", options["progress"]),
    discloseMe: asBoolean("disclose_me", options["disclose_me"]),
  };
}
