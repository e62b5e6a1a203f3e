/** What logging in by account goes by, and the outcomes that every method shares: nothing tells whether an authid exists. */
import { type Account, type Accounts, type AuthCrypto, type AuthMethod, type Dict, ErrorUri } from "@pinion/wamp";
import { accountStamp } from "./account-stamp.ts";
import type { Attempts } from "./attempts.ts";
import type { Applicant, AuthOutcome } from "./authenticator.ts";
import type { DynamicAuthentication } from "./dynamic-authenticator.ts";
import type { CertificateFault, PeerInfo } from "./peer-info.ts";

/** A login that failed, for the log. */
export interface FailedLogin {
  /** Undefined if the peer named none. */
  readonly authid: string | undefined;
  readonly method: string;
  readonly address: string;
  readonly cause:
    | "wrong"
    | "blocked"
    | "denied"
    | "realm_not_allowed"
    | "certificate_unknown"
    | CertificateFault["code"];
  /** What is wrong, where that is no secret. */
  readonly words?: string | undefined;
}

export interface AccountRules {
  /** The present accounts; undefined lets nobody log in. */
  readonly accounts: () => Accounts | undefined;
  readonly methods: readonly LoginMethod[];
  /** The role of who joins without credentials; absent: nobody does. `remote`: also from other machines. */
  readonly anonymous?: { readonly role: string; readonly remote: boolean } | undefined;
  /** Asked about those who have no account. */
  readonly dynamic?: DynamicAuthentication | undefined;
  readonly crypto: AuthCrypto;
  /** By authid and machine. */
  readonly attempts: Attempts;
  /** By machine, whatever the authid. Absent: not counted. */
  readonly attemptsOfMachine?: Attempts | undefined;
  /** Now, ISO 8601 in UTC. */
  readonly timestamp: () => string;
  readonly onFailed: (failed: FailedLogin) => void;
}

/** `cookie`: by an earlier login. */
export type LoginMethod = AuthMethod | "cookie";

/** Who tries, and how. */
export interface Named {
  readonly authid: string | undefined;
  readonly method: string;
}

export const WRONG = {
  kind: "refuse",
  reason: ErrorUri.authenticationDenied,
  words: "the credentials are wrong",
} as const satisfies AuthOutcome;
/** With the server error of RFC 5802, which clients of SCRAM look for. */
const WRONG_PROOF: AuthOutcome = { ...WRONG, details: { scram: "invalid-proof" } };
const BLOCKED: AuthOutcome = {
  kind: "refuse",
  reason: ErrorUri.authenticationDenied,
  words: "too many failed logins; wait a while",
};

/** The credentials were right: welcome, unless the account may not join this realm. */
export function proven(
  rules: AccountRules,
  { hello, info }: Applicant,
  {
    account,
    method,
    authextra,
  }: { readonly account: Account; readonly method: LoginMethod; readonly authextra?: Dict },
): AuthOutcome {
  const { authid, role, realms } = account;
  rules.attempts.succeeded(attemptKey(info, authid));
  if (realms !== undefined && !realms.includes(hello.realm)) {
    const words = `${authid} may not join realm ${hello.realm}`;
    rules.onFailed({ authid, method, address: info.address ?? "unknown", cause: "realm_not_allowed", words });
    return { kind: "refuse", reason: ErrorUri.notAuthorized, words };
  }
  if (method !== "cookie" && rules.methods.includes("cookie")) {
    info.cookie?.grant({ authid, realm: hello.realm, stamp: accountStamp(rules.crypto, account) });
  }
  const identity = { authid, authrole: role, authmethod: method, authprovider: "static" };
  return { kind: "welcome", identity: authextra === undefined ? identity : { ...identity, authextra } };
}

export function failed(rules: AccountRules, { info }: Applicant, who: Named): AuthOutcome {
  countFailure(rules, info, who.authid);
  rules.onFailed({ ...who, address: info.address ?? "unknown", cause: "wrong" });
  return who.method === "wamp-scram" ? WRONG_PROOF : WRONG;
}

export function countFailure({ attempts, attemptsOfMachine }: AccountRules, info: PeerInfo, authid?: string): void {
  if (authid !== undefined) attempts.failed(attemptKey(info, authid));
  attemptsOfMachine?.failed(machineOf(info));
}

/** The refusal of somebody who has failed too often; undefined if that is not so. */
export function blocked(rules: AccountRules, { info }: Applicant, who: Named): AuthOutcome | undefined {
  const { attempts, attemptsOfMachine } = rules;
  const key = who.authid === undefined ? undefined : attemptKey(info, who.authid);
  const guessed = key !== undefined && attempts.isBlocked(key);
  if (!guessed && attemptsOfMachine?.isBlocked(machineOf(info)) !== true) return undefined;
  rules.onFailed({ ...who, address: info.address ?? "unknown", cause: "blocked" });
  return BLOCKED;
}

/** Who is guessed, and from which machine: whoever guesses from elsewhere must not lock the owner out. */
function attemptKey(info: PeerInfo, authid: string): string {
  return `${machineOf(info)} ${authid}`;
}

function machineOf({ address }: PeerInfo): string {
  return (address ?? "").replace(/:\d+$/, "");
}
