/** Reads CALL.Options once per message; the usual empty ones cost nothing. */
import type { Dict } from "@pinion/wamp";
import { asBoolean, asCount, passthruOf } from "./dict-reading.ts";
import type { PeerFeatures } from "./peer-features.ts";

export interface CallOptions {
  /** Milliseconds; 0: none. */
  readonly timeout: number;
  readonly receiveProgress: boolean;
  /** More of this call follows (progressive call invocation). */
  readonly progress: boolean;
  readonly discloseMe: boolean;
  /** How an opaque payload is to be read; absent if it is none. */
  readonly passthru: Dict | undefined;
}

export const NO_CALL_OPTIONS: CallOptions = Object.freeze({
  timeout: 0,
  receiveProgress: false,
  progress: false,
  discloseMe: false,
  passthru: undefined,
});

/** @throws ProtocolViolation for an option of a wrong type, or of a feature that was not announced. */
export function callOptions(options: Dict, { passthru }: PeerFeatures): CallOptions {
  for (const key in options) {
    if (Object.hasOwn(options, key)) return readOptions(options, passthru.caller);
  }
  return NO_CALL_OPTIONS;
}

function readOptions(options: Dict, knowsPassthru: boolean): CallOptions {
  return {
    timeout: asCount("timeout", options["timeout"]),
    receiveProgress: asBoolean("receive_progress", options["receive_progress"]),
    progress: asBoolean("progress", options["progress"]),
    passthru: passthruOf(options, knowsPassthru),
    discloseMe: asBoolean("disclose_me", options["disclose_me"]),
  };
}
