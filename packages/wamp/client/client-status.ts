import type { SessionId } from "../id.ts";
import type { Dict } from "../message.ts";
import type { Match, Uri } from "../uri.ts";

/**
 * `closed` before `open` and after `close`; `waiting` between two tries; `restoring` while declared registrations and
 * subscriptions are being sent after a join; `ready` when all of that is done.
 */
export type ClientState = "connecting" | "joining" | "restoring" | "ready" | "waiting" | "closed";

/** A declared registration or subscription that the router does not hold at the moment. It is retried. */
export interface Unrestored {
  readonly kind: "registration" | "subscription";
  readonly uri: Uri;
  readonly match: Match;
  readonly error: Error;
}

export interface ClientStatus {
  readonly state: ClientState;
  /** The last failure in words; kept until the session has been ready again. */
  readonly cause: string | undefined;
  readonly error: Error | undefined;
  /** In `waiting`: ms until the next try, as planned when the state was entered. */
  readonly retryIn: number | undefined;
  /** Tries since the last time the session was ready; 0 in `ready`. */
  readonly attempt: number;
  readonly unrestored: readonly Unrestored[];
}

/** The joined session, as WELCOME described it. */
export interface JoinedSession {
  readonly id: SessionId;
  readonly realm: Uri;
  readonly details: Dict;
}
