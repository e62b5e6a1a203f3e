/**
 * The three ways things go wrong around WAMP. ProtocolViolation: the peer broke the protocol (answer: ABORT, close).
 * ApplicationError: an ERROR that crosses the wire. UsageError: a bug of ours or of a user of this API.
 */
import { ErrorUri } from "./error-uri.ts";
import type { RequestId } from "./id.ts";
import type { Dict } from "./message.ts";
import { toUri, type Uri } from "./uri.ts";

/** What an ERROR must name: the code of the request, its id; `reply` is false for an unacknowledged PUBLISH. */
export interface FaultyRequest {
  readonly type: number;
  readonly id: RequestId;
  readonly reply: boolean;
}

export class ProtocolViolation extends Error {
  override readonly name = "ProtocolViolation";
  /** The reason of the ABORT that answers it. */
  readonly reason: Uri;
  /**
   * Set only when a request is at fault in nothing but its URI (`reason` is then `wamp.error.invalid_uri`): the spec wants
   * ERROR for that request, if it wants a reply at all, and the session goes on.
   */
  readonly request: FaultyRequest | undefined;

  constructor(message: string, reason: Uri = ErrorUri.protocolViolation, request?: FaultyRequest) {
    super(message);
    this.reason = reason;
    this.request = request;
  }
}

export class ApplicationError extends Error {
  override readonly name = "ApplicationError";
  readonly uri: Uri;
  readonly args: readonly unknown[];
  readonly kwargs: Dict;

  /** @throws RangeError if `uri` is not a WAMP URI. */
  constructor(uri: string, args: readonly unknown[] = [], kwargs: Dict = {}) {
    const text = args.find((value): value is string => typeof value === "string");
    super(text === undefined ? uri : `${uri}: ${text}`);
    this.uri = toUri(uri);
    this.args = args;
    this.kwargs = kwargs;
  }
}

/** Codes of misuse of this package's API. Each has a line in the README and a test of its name. */
export type UsageErrorCode =
  | "not_serializable"
  | "not_connected"
  | "session_closed"
  | "invalid_option"
  | "already_registered"
  | "limit_exceeded"
  | "invalid_accounts"
  | "aborted";

export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly code: UsageErrorCode;

  constructor(code: UsageErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
