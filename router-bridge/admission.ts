/** Who may join and do what, made from the `auth` section. Without one: peers on this machine, everything; nobody else. */
import { nodeCrypto } from "@pinion/client";
import type { AuthConfig } from "./config-schema.ts";
import { DenialLog } from "./denial-log.ts";
import type { Log } from "./log.ts";
import { PresentAccounts } from "./present-accounts.ts";
import {
  accountAuthenticator,
  Attempts,
  type Authenticator,
  type Authorizer,
  type Denial,
  type FailedLogin,
  RoleRules,
  SHIPPED_ROLES,
} from "./router/index.ts";

const MOST_ATTEMPTED = 10_000;

export interface Admission {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
}

/** @throws UsageError `invalid_accounts` if the accounts file cannot be read. */
export function admission(
  auth: AuthConfig,
  { log, now }: { readonly log: Log; readonly now: () => number },
): Admission {
  const denials = new DenialLog(log, now);
  const accounts = new PresentAccounts(auth.file, log);
  const roles = { ...SHIPPED_ROLES, ...auth.roles };
  for (const { authid, role } of accounts.get()?.accounts ?? []) {
    if (!Object.hasOwn(roles, role))
      log.warn({ authid, role }, "an account has a role that is not configured: it may do nothing");
  }
  return {
    authenticator: accountAuthenticator({
      accounts: () => accounts.get(),
      methods: auth.methods,
      anonymous: auth.anonymous,
      crypto: nodeCrypto,
      attempts: new Attempts({ limit: auth.maxFailures, window: auth.failureWindow, capacity: MOST_ATTEMPTED, now }),
      timestamp: () => new Date().toISOString(),
      onFailed: (failed) => logFailed(denials, failed),
    }),
    authorizer: new RoleRules(roles, (denial) => logDenied(denials, denial)),
  };
}

function logFailed(denials: DenialLog, { authid, method, address, cause }: FailedLogin): void {
  const from = address.replace(/:\d+$/, "");
  const words = cause === "wrong" ? "a login failed" : "a login was not tried: too many have failed";
  denials.warn("login_failed", `${cause} ${authid} ${from}`, { authid, method, address }, words);
}

function logDenied(denials: DenialLog, { principal, action, uri, match }: Denial): void {
  const { authid, authrole } = principal.identity;
  const fields = { authid, authrole, session: principal.id, realm: principal.realm, action, uri, match };
  const words = `${authid} (${authrole}) may not ${action} ${uri}`;
  denials.warn("not_authorized", `${authid} ${authrole} ${action} ${match} ${uri}`, fields, words);
}
