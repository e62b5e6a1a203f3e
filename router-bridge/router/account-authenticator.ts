/**
 * Lets in those who have an account, by the first of the methods they offer that will do, and anonymous peers where that is
 * allowed. Whether an authid exists is told by nothing: an unknown one is challenged like a known one, and refused with
 * the same words as a wrong answer. Owns the count of failures; reads no file and never keeps or tells a secret.
 */
import {
  type Account,
  type Accounts,
  AUTH_METHODS,
  type AuthCrypto,
  type AuthMethod,
  ErrorUri,
  type Hello,
  methodsOf,
} from "@pinion/wamp";
import type { Attempts } from "./attempts.ts";
import { ANONYMOUS, type Applicant, type Authenticator, type AuthOutcome } from "./authenticator.ts";
import { ASK, type Challenged, offeredKey, type Question } from "./challenges.ts";
import { decoyAccount } from "./decoy-account.ts";
import { optionalStrings } from "./dict-reading.ts";
import type { PeerInfo } from "./peer-info.ts";

/** A login that failed, for the log. */
export interface FailedLogin {
  readonly authid: string;
  readonly method: string;
  readonly address: string;
  readonly cause: "wrong" | "blocked";
}

export interface AccountRules {
  /** The present accounts; undefined lets nobody log in. */
  readonly accounts: () => Accounts | undefined;
  readonly methods: readonly AuthMethod[];
  /** The role of who joins without credentials; absent: nobody does. `remote`: also from other machines. */
  readonly anonymous?: { readonly role: string; readonly remote: boolean } | undefined;
  readonly crypto: AuthCrypto;
  readonly attempts: Attempts;
  /** Now, ISO 8601 in UTC. */
  readonly timestamp: () => string;
  readonly onFailed: (failed: FailedLogin) => void;
}

const MAX_AUTHID = 256;
const WRONG: AuthOutcome = {
  kind: "refuse",
  reason: ErrorUri.authenticationDenied,
  words: "the credentials are wrong",
};
const BLOCKED: AuthOutcome = {
  kind: "refuse",
  reason: ErrorUri.authenticationDenied,
  words: "too many failed logins; wait a while",
};

export function accountAuthenticator(rules: AccountRules): Authenticator {
  return (applicant) => {
    const { hello } = applicant;
    const given = optionalStrings(hello.details, "authmethods") ?? [];
    const accounts = rules.accounts();
    for (const method of given.length === 0 ? [ANONYMOUS] : given) {
      if (method === ANONYMOUS) {
        const welcome = anonymously(rules, applicant);
        if (welcome !== undefined) return welcome;
        continue;
      }
      const found = enabled(rules, method);
      const outcome = found && accounts && byAccount(rules, { applicant, accounts }, found);
      if (outcome !== undefined) return outcome;
    }
    return byDecoy(rules, { applicant, accounts }, given);
  };
}

function anonymously({ anonymous }: AccountRules, { info, freshAuthid }: Applicant): AuthOutcome | undefined {
  if (anonymous === undefined || !(info.local || anonymous.remote)) return undefined;
  const identity = { authid: freshAuthid(), authrole: anonymous.role, authmethod: ANONYMOUS, authprovider: "static" };
  return { kind: "welcome", identity };
}

interface Entry {
  readonly applicant: Applicant;
  readonly accounts: Accounts;
}

/** A challenge by this method, if the account named, or the decoy in its place, has it. */
function byAccount(rules: AccountRules, { applicant, accounts }: Entry, method: AuthMethod): AuthOutcome | undefined {
  const { hello } = applicant;
  const authid = authidOf(hello);
  const known = find(accounts, hello, method);
  if (known !== undefined) {
    return methodsOf(known).includes(method) ? challenge(rules, { applicant, method, account: known }) : undefined;
  }
  if (authid === undefined) return undefined;
  const decoy = decoyAccount(rules.crypto, accounts, authid);
  return decoy.methods.includes(method) ? challenge(rules, { applicant, method, account: decoy.account }) : undefined;
}

/** Cryptosign needs no authid: the key is known to belong to one account only. */
function find({ accounts }: Accounts, hello: Hello, method: AuthMethod): Account | undefined {
  const authid = authidOf(hello);
  if (authid !== undefined) return accounts.find((one) => one.authid === authid);
  const key = method === "cryptosign" ? offeredKey(hello) : undefined;
  return key === undefined ? undefined : accounts.find((one) => one.cryptosign?.includes(key));
}

/** Nothing offered would do for this account: it is asked all the same, as far as anybody can tell from outside. */
function byDecoy(
  rules: AccountRules,
  { applicant, accounts }: { readonly applicant: Applicant; readonly accounts: Accounts | undefined },
  given: readonly string[],
): AuthOutcome {
  const wanted = given.filter((method) => method !== ANONYMOUS);
  if (wanted.length === 0) {
    const words = "this router lets nobody join without credentials from here; log in with an authid";
    return { kind: "refuse", reason: ErrorUri.authenticationRequired, words };
  }
  const usable = wanted.flatMap((method) => enabled(rules, method) ?? []);
  if (usable.length === 0) {
    const offered = wanted.join(", ").slice(0, 200);
    const words = `this router accepts the authmethods ${rules.methods.join(", ")}, not ${offered}`;
    return { kind: "refuse", reason: ErrorUri.noMatchingAuthMethod, words };
  }
  const authid = authidOf(applicant.hello);
  if (accounts === undefined) {
    const words = "the router cannot read its accounts; its log says why";
    return { kind: "refuse", reason: ErrorUri.authenticationFailed, words };
  }
  if (authid === undefined) return WRONG;
  const { account } = decoyAccount(rules.crypto, accounts, authid);
  for (const method of usable) {
    const outcome = challenge(rules, { applicant, method, account });
    if (outcome !== undefined) return outcome;
  }
  return failed(rules, applicant, { authid, method: usable.join(" ") });
}

interface Attempt {
  readonly applicant: Applicant;
  readonly method: AuthMethod;
  readonly account: Account;
}

function challenge(rules: AccountRules, { applicant, method, account }: Attempt): AuthOutcome | undefined {
  const { hello, sessionId, info } = applicant;
  const { authid, role } = account;
  if (isBlocked(rules, info, authid)) return blocked(rules, applicant, { authid, method });
  const { crypto, timestamp } = rules;
  const asked: Challenged = { account, hello, sessionId, crypto, timestamp: timestamp() };
  const question: Question | undefined = ASK[method](asked);
  if (question === undefined) return undefined;
  return {
    kind: "challenge",
    method,
    extra: question.extra,
    answer: (signature, extra) => {
      // many challenges may have been taken before the first was answered
      if (isBlocked(rules, info, authid)) return blocked(rules, applicant, { authid, method });
      const right = question.judge(signature, extra);
      if (right === undefined) return failed(rules, applicant, { authid, method });
      rules.attempts.succeeded(attemptKey(info, authid));
      return {
        kind: "welcome",
        identity: { authid, authrole: role, authmethod: method, authprovider: "static", ...right },
      };
    },
  };
}

interface Named {
  readonly authid: string;
  readonly method: string;
}

function failed(rules: AccountRules, { info }: Applicant, who: Named): AuthOutcome {
  rules.attempts.failed(attemptKey(info, who.authid));
  rules.onFailed({ ...who, address: info.address ?? "unknown", cause: "wrong" });
  return WRONG;
}

function blocked(rules: AccountRules, { info }: Applicant, who: Named): AuthOutcome {
  rules.onFailed({ ...who, address: info.address ?? "unknown", cause: "blocked" });
  return BLOCKED;
}

function isBlocked({ attempts }: AccountRules, info: PeerInfo, authid: string): boolean {
  return attempts.isBlocked(attemptKey(info, authid));
}

/** Who is guessed, and from which machine: whoever guesses from elsewhere must not lock the owner out. */
function attemptKey({ address }: PeerInfo, authid: string): string {
  return `${(address ?? "").replace(/:\d+$/, "")} ${authid}`;
}

function enabled({ methods }: AccountRules, name: string): AuthMethod | undefined {
  const method = AUTH_METHODS.find((one) => one === name);
  return method !== undefined && methods.includes(method) ? method : undefined;
}

function authidOf(hello: Hello): string | undefined {
  const authid = hello.details["authid"];
  return typeof authid === "string" && authid !== "" && authid.length <= MAX_AUTHID ? authid : undefined;
}
