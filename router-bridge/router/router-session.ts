/**
 * One peer of the router, from the accepted transport to its end: how far the conversation is. The router's files write it;
 * everybody else only reads. It must not know how messages travel, nor what a joined peer holds (that is `member`).
 */
import type { SessionId, Uri } from "@pinion/wamp";
import type { AuthOutcome } from "./authenticator.ts";
import type { Deadline } from "./deadlines.ts";
import type { Delivery } from "./delivery.ts";
import type { Member } from "./member.ts";
import type { PeerInfo } from "./peer-info.ts";
import type { Due } from "./router-context.ts";

/**
 * opening: nothing said yet. challenging: CHALLENGE sent. established: WELCOME sent. closing: the router said GOODBYE and
 * waits for the answer. closed: nothing is accepted from it and nothing is delivered to it.
 */
export type SessionState = "opening" | "challenging" | "established" | "closing" | "closed";

export class RouterSession<P> {
  readonly kind = "session";
  readonly peer: P;
  readonly info: PeerInfo;
  /** This peer as a list, shared by every delivery to it alone. */
  readonly alone: readonly P[];

  state: SessionState = "opening";
  /** Messages that came from the peer, from HELLO on. */
  received = 0;
  /** What ends the present state if nothing happens. */
  deadline: Deadline<Due<P>> | undefined;
  /** The realm asked for and the authenticator's open question; only in state challenging. */
  challenge: PendingChallenge<P> | undefined;
  /** Stops asking a procedure about this peer; only while that is under way, in state challenging. */
  withdraw: ((out: Delivery<P>[]) => void) | undefined;
  /** What the peer is and holds in its realm; from WELCOME on, kept after the end. */
  member: Member<P> | undefined;

  constructor(peer: P, info: PeerInfo) {
    this.peer = peer;
    this.info = info;
    this.alone = [peer];
  }
}

interface PendingChallenge<P> {
  readonly realm: Uri;
  readonly features: Member<P>["features"];
  readonly id: SessionId;
  readonly outcome: Challenge;
}

export type Challenge = AuthOutcome & { readonly kind: "challenge" };
