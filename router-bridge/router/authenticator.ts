/**
 * Who may join. An authenticator sees HELLO and the facts about the connection and answers at once: let in as somebody,
 * refuse, ask (CHALLENGE) and judge the answer, or have a procedure asked first. It knows no realm state and sends nothing itself.
 */
import { ErrorUri, type Dict, type Hello, type Payload, type SessionId, type Uri } from "@pinion/wamp";
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
  /** `realm`: to be joined instead of the one that HELLO names. */
  | { readonly kind: "welcome"; readonly identity: Identity; readonly realm?: string }
  /** `details`: for ABORT, besides the words. */
  | { readonly kind: "refuse"; readonly reason: Uri; readonly words: string; readonly details?: Dict }
  | {
      readonly kind: "challenge";
      readonly method: string;
      readonly extra: Dict;
      /** Judges AUTHENTICATE; may challenge again (second factor). */
      readonly answer: (signature: string, extra: Dict) => AuthOutcome;
    }
  | Consultation;

/** A procedure has to be asked before it is known what follows. */
export interface Consultation {
  readonly kind: "consult";
  /** Where the procedure is registered. */
  readonly realm: string;
  readonly procedure: Uri;
  readonly args: readonly unknown[];
  /** Milliseconds. */
  readonly timeout: number;
  readonly decide: (verdict: Verdict) => AuthOutcome;
}

/** What came of asking. `denied`: the callee raised an application error; `fault`: there is no answer to go by. */
export type Verdict =
  | { readonly kind: "answered"; readonly answer: Payload }
  | { readonly kind: "denied"; readonly words: string | undefined }
  | { readonly kind: "fault"; readonly words: string };

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
