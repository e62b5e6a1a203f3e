/** The authmethod `cookie`: who logged in before from the same browser, as long as the account is as it was then. */
import type { Accounts } from "@pinion/wamp";
import { accountStamp } from "./account-stamp.ts";
import type { Applicant, AuthOutcome } from "./authenticator.ts";
import { type AccountRules, proven } from "./login-rules.ts";

/** Undefined if the browser has no such login: another method may do. A cookie whose account has changed is forgotten. */
export function byCookie(
  rules: AccountRules,
  { applicant, accounts }: { readonly applicant: Applicant; readonly accounts: Accounts },
): AuthOutcome | undefined {
  const { info, hello } = applicant;
  const owner = info.cookie?.owner();
  if (owner === undefined) return undefined;
  const account = accounts.accounts.find(({ authid }) => authid === owner.authid);
  if (account === undefined || accountStamp(rules.crypto, account) !== owner.stamp) {
    info.cookie?.revoke();
    return undefined;
  }
  if (owner.realm !== hello.realm) return undefined;
  const named = hello.details["authid"] ?? undefined;
  if (named !== undefined && named !== "" && named !== owner.authid) return undefined;
  return proven(rules, applicant, { account, method: "cookie" });
}
