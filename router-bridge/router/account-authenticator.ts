/**
 * Lets in those who have an account, by the first of the methods they offer that will do, and anonymous peers where that is
 * allowed. Whether an authid exists is told by nothing: an unknown one is challenged like a known one, and refused with
 * the same words as a wrong answer. Reads no file and never keeps or tells a secret.
 */
import {
  type Account,
  type Accounts,
  AUTH_METHODS,
  CHALLENGE_METHODS,
  type ChallengeMethod,
  ErrorUri,
  type Hello,
  methodsOf,
} from "@pinion/wamp";
import { ANONYMOUS, type Applicant, type Authenticator, type AuthOutcome } from "./authenticator.ts";
import { byCertificate } from "./certificate-login.ts";
import { ASK, type Challenged, offeredKey, type Question } from "./challenges.ts";
import { byCookie } from "./cookie-login.ts";
import { decoyAccount } from "./decoy-account.ts";
import { optionalStrings } from "./dict-reading.ts";
import { byAuthenticator } from "./dynamic-authenticator.ts";
import { type AccountRules, blocked, failed, type LoginMethod, proven, WRONG } from "./login-rules.ts";

const MAX_AUTHID = 256;

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
      const outcome = found && accounts && byMethod(rules, { applicant, accounts }, found);
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

function byMethod(rules: AccountRules, entry: Entry, method: LoginMethod): AuthOutcome | undefined {
  switch (method) {
    case "tls":
      return byCertificate(rules, entry);
    case "cookie":
      return byCookie(rules, entry);
    default:
      return byAccount(rules, entry, method);
  }
}

/** A challenge by this method, if the account named, or the decoy in its place, has it. */
function byAccount(
  rules: AccountRules,
  { applicant, accounts }: Entry,
  method: ChallengeMethod,
): AuthOutcome | undefined {
  const { hello } = applicant;
  const authid = authidOf(hello);
  const known = find(accounts, hello, method);
  if (known !== undefined) {
    return methodsOf(known).includes(method) ? challenge(rules, { applicant, method, account: known }) : undefined;
  }
  const asked = byAuthenticator(rules, applicant, method);
  if (asked !== undefined) return asked;
  if (authid === undefined) return undefined;
  const decoy = decoyAccount(rules.crypto, accounts, authid);
  return decoy.methods.includes(method) ? challenge(rules, { applicant, method, account: decoy.account }) : undefined;
}

/** Cryptosign needs no authid: the key is known to belong to one account only. */
function find({ accounts }: Accounts, hello: Hello, method: ChallengeMethod): Account | undefined {
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
  const asked = usable.flatMap((method) => CHALLENGE_METHODS.find((one) => one === method) ?? []);
  if (asked.length === 0) return unproven(applicant, usable.includes("tls"));
  if (authid === undefined) return WRONG;
  const { account } = decoyAccount(rules.crypto, accounts, authid);
  for (const method of asked) {
    const outcome = challenge(rules, { applicant, method, account });
    if (outcome !== undefined) return outcome;
  }
  return failed(rules, applicant, { authid, method: asked.join(" ") });
}

/** Only what the connection itself proves was offered, and it proves nothing. */
function unproven({ info }: Applicant, byCertificateToo: boolean): AuthOutcome {
  if (!byCertificateToo) {
    const words = "nobody has logged in from this browser, or that was too long ago: log in again";
    return { kind: "refuse", reason: ErrorUri.authenticationRequired, words };
  }
  const words =
    info.certificate === undefined
      ? "the authmethod tls needs a TLS client certificate, and this connection showed none"
      : "the client certificate belongs to no account here";
  return { kind: "refuse", reason: ErrorUri.authenticationDenied, words };
}

interface Attempt {
  readonly applicant: Applicant;
  readonly method: ChallengeMethod;
  readonly account: Account;
}

function challenge(rules: AccountRules, { applicant, method, account }: Attempt): AuthOutcome | undefined {
  const { hello, sessionId, info } = applicant;
  const { authid } = account;
  const stopped = blocked(rules, applicant, { authid, method });
  if (stopped !== undefined) return stopped;
  const { crypto, timestamp } = rules;
  const asked: Challenged = { account, hello, info, sessionId, crypto, timestamp: timestamp() };
  const question: Question | undefined = ASK[method](asked);
  if (question === undefined) return undefined;
  return {
    kind: "challenge",
    method,
    extra: question.extra,
    answer: (signature, extra) => {
      // many challenges may have been taken before the first was answered
      const late = blocked(rules, applicant, { authid, method });
      if (late !== undefined) return late;
      const right = question.judge(signature, extra);
      if (right === undefined) return failed(rules, applicant, { authid, method });
      return proven(rules, applicant, { account, method, ...right });
    },
  };
}

function enabled({ methods }: AccountRules, name: string): LoginMethod | undefined {
  const method = [...AUTH_METHODS, "cookie" as const].find((one) => one === name);
  return method !== undefined && methods.includes(method) ? method : undefined;
}

function authidOf(hello: Hello): string | undefined {
  const authid = hello.details["authid"];
  return typeof authid === "string" && authid !== "" && authid.length <= MAX_AUTHID ? authid : undefined;
}
