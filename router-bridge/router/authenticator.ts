/**
 * Who may join. An authenticator sees HELLO and the facts about the connection and answers at once: let in as somebody,
 * refuse, or ask (CHALLENGE) and judge the answer. It knows no realm state and sends nothing itself.
 */
import { ErrorUri, type Dict, type Hello, type SessionId, type Uri } from "@pinion/wamp";
import type { PeerInfo } from "./peer-info.ts";
import { optionalStrings } from "./dict-reading.ts";

/** Who a session acts for, as WELCOME tells the peer (spec "Authentication"). */
export interface Identity {
  readonly authid: string;
  readonly authrole: string;
  readonly authmethod: string;
  readonly authprovider: string;
  readonly authextra?: Dict;
}

export type AuthOutcome =
  | { readonly kind: "welcome"; readonly identity: Identity }
  | { readonly kind: "refuse"; readonly reason: Uri; readonly words: string }
  | {
      readonly kind: "challenge";
      readonly method: string;
      readonly extra: Dict;
      /** Judges AUTHENTICATE; may challenge again (second factor). */
      readonly answer: (signature: string, extra: Dict) => AuthOutcome;
    };

export interface Applicant {
  readonly hello: Hello;
  readonly info: PeerInfo;
  /** The id the session will have if it is let in. */
  readonly sessionId: SessionId;
  /** A fresh name for somebody who has none. */
  readonly freshAuthid: () => string;
}

export type Authenticator = (applicant: Applicant) => AuthOutcome;

/** The role of whoever joined from this machine without credentials. */
export const ANONYMOUS = "anonymous";

/** The policy while nothing is configured: peers on this machine join anonymously, nobody else joins at all. */
export const localAnonymous: Authenticator = ({ hello, info, freshAuthid }) => {
  const offered = optionalStrings(hello.details, "authmethods");
  if (!info.local) {
    return {
      kind: "refuse",
      reason: ErrorUri.authenticationRequired,
      words: "only peers on the router's own machine may join until authentication is configured on the router",
    };
  }
  if (offered !== undefined && offered.length > 0 && !offered.includes(ANONYMOUS)) {
    return {
      kind: "refuse",
      reason: ErrorUri.noMatchingAuthMethod,
      words: `this router accepts the authmethod ${ANONYMOUS}, not ${offered.join(", ")}`,
    };
  }
  return {
    kind: "welcome",
    identity: { authid: freshAuthid(), authrole: ANONYMOUS, authmethod: ANONYMOUS, authprovider: "static" },
  };
};
