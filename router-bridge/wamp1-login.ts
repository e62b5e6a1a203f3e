/**
 * Logging in by WAMP-CRA of v1: an authenticator before the one of v2, for connections of v1 only, with the same accounts,
 * attempts and words in the log. Owns which connections those are. The router core sees a challenge like any other.
 */
import type { Account, Accounts } from "@pinion/wamp";
import {
  type AccountRules,
  type Applicant,
  type Authenticator,
  type AuthOutcome,
  blocked,
  craByAuthenticator,
  decoyAccount,
  failed,
  type PeerInfo,
  proven,
} from "./router/index.ts";
import { type Flavour, questionFor, V1_CRA } from "./wamp1/index.ts";

export interface Wamp1Caller {
  readonly flavour: Flavour;
  readonly sessionId: string;
}

const callers = new WeakMap<PeerInfo, Wamp1Caller>();

/** From now on HELLO on this connection may ask for a challenge of v1. */
export function expectWamp1Login(info: PeerInfo, caller: Wamp1Caller): void {
  callers.set(info, caller);
}

export function withWamp1Logins(rules: AccountRules, next: Authenticator): Authenticator {
  return (applicant) => {
    const caller = callers.get(applicant.info);
    const { authmethods, authid } = applicant.hello.details;
    const asked = Array.isArray(authmethods) && authmethods.includes(V1_CRA);
    if (caller === undefined || !asked || typeof authid !== "string" || !rules.methods.includes("wampcra")) {
      return next(applicant);
    }
    const accounts = rules.accounts();
    if (accounts === undefined) return next(applicant);
    const ask: Ask = ({ account }) => {
      if (!isUsable(account, caller.flavour)) return undefined;
      return questionTo(rules, applicant, { caller, account });
    };
    const byProcedure = accounts.accounts.some((one) => one.authid === authid)
      ? undefined
      : craByAuthenticator(rules, applicant, ask);
    return byProcedure ?? challenge(rules, applicant, { caller, authid, accounts });
  };
}

type Ask = Parameters<typeof craByAuthenticator>[2];

interface Asked {
  readonly caller: Wamp1Caller;
  readonly account: Account;
}

interface Attempt {
  readonly caller: Wamp1Caller;
  readonly authid: string;
  readonly accounts: Accounts;
}

function questionTo(
  { crypto, timestamp }: AccountRules,
  applicant: Applicant,
  { caller, account }: Asked,
): NonNullable<ReturnType<Ask>> {
  const { challenge, isRight } = questionFor(caller.flavour, {
    authkey: account.authid,
    sessionId: caller.sessionId,
    ...keyOf(account),
    extra: extraOf(applicant),
    at: new Date(timestamp()),
    crypto,
  });
  return { extra: { challenge }, judge: (signature) => (isRight(signature) ? {} : undefined) };
}

/** Who does not exist, or has no key for WAMP-CRA, is asked like everybody else and never right. */
function challenge(rules: AccountRules, applicant: Applicant, { caller, authid, accounts }: Attempt): AuthOutcome {
  const method = "wampcra" as const;
  const who = { authid, method };
  const stopped = blocked(rules, applicant, who);
  if (stopped !== undefined) return stopped;
  const known = accounts.accounts.find((one) => one.authid === authid && isUsable(one, caller.flavour));
  const account = known ?? decoyAccount(rules.crypto, accounts, authid).account;
  const question = questionTo(rules, applicant, { caller, account });
  return {
    kind: "challenge",
    method: V1_CRA,
    extra: question.extra,
    answer: (signature, extra) => {
      const late = blocked(rules, applicant, who);
      if (late !== undefined) return late;
      const isRight = question.judge(signature, extra) !== undefined;
      if (known === undefined || !isRight) return failed(rules, applicant, who);
      return proven(rules, applicant, { account: known, method });
    },
  };
}

/** The clj-wamp flavour signs the secret itself, so it needs one that is kept as it is. */
function isUsable({ wampcra }: Account, flavour: Flavour): boolean {
  return wampcra !== undefined && (flavour === "autobahn" || "secret" in wampcra);
}

function keyOf({ wampcra }: Account): Pick<Parameters<typeof questionFor>[1], "key" | "salting"> {
  if (wampcra === undefined) return { key: "" };
  if ("secret" in wampcra) return { key: wampcra.secret };
  const { key, salt, iterations, keylen } = wampcra;
  return { key, salting: { salt, iterations, keylen } };
}

function extraOf({ hello }: Applicant): Record<string, unknown> {
  const extra = hello.details["authextra"];
  return typeof extra === "object" && extra !== null && !Array.isArray(extra) ? { ...extra } : {};
}
