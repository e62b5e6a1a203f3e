/** Who may join and do what, made from the `auth` section. Without one: peers on this machine, everything; nobody else. */
import { nodeCrypto } from "@pinion/client";
import { dynamicAuthorization } from "./authorizer-settings.ts";
import { dynamicAuthentication } from "./authenticator-settings.ts";
import type { AuthConfig } from "./config-schema.ts";
import { loginMethods } from "./cookie-settings.ts";
import { DenialLog } from "./denial-log.ts";
import { enrolling } from "./enrolling.ts";
import type { Log } from "./log.ts";
import { PresentAccounts } from "./present-accounts.ts";
import { rulesByRole } from "./role-settings.ts";
import { withWamp1Logins } from "./wamp1-login.ts";
import {
  accountAuthenticator,
  type AccountRules,
  Attempts,
  type Authenticator,
  type AuthenticatorFault,
  type Authorizer,
  type AuthorizerFault,
  type DynamicAuthorization,
  type Denial,
  type Enroll,
  type FailedLogin,
  RoleRules,
  SHIPPED_ROLES,
} from "./router/index.ts";

export interface Admission {
  readonly accounts: PresentAccounts;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly dynamicAuthorizer: DynamicAuthorization | undefined;
  readonly enroll: Enroll;
}

/** @throws UsageError `invalid_accounts` if the accounts file cannot be read. */
export function admission(
  auth: AuthConfig,
  { log, now }: { readonly log: Log; readonly now: () => number },
): Admission {
  const denials = new DenialLog(log, now);
  const accounts = new PresentAccounts(auth.file, log);
  const rules = { ...SHIPPED_ROLES, ...rulesByRole(auth.roles) };
  for (const { authid, role } of accounts.get()?.accounts ?? []) {
    if (!Object.hasOwn(rules, role))
      log.warn({ authid, role }, "an account has a role that is not configured: it may do nothing");
  }
  const attempts = (limit: number): Attempts =>
    new Attempts({ limit, window: auth.failureWindow, capacity: auth.rememberedFailures, now });
  const accountRules: AccountRules = {
    accounts: () => accounts.get(),
    methods: loginMethods(auth),
    anonymous: auth.anonymous,
    dynamic: dynamicAuthentication(auth, (fault) => logAuthenticatorFault(denials, fault)),
    crypto: nodeCrypto,
    attempts: attempts(auth.maxFailures),
    attemptsOfMachine: attempts(auth.maxFailuresPerMachine),
    timestamp: () => new Date().toISOString(),
    onFailed: (failed) => logFailed(denials, failed),
  };
  return {
    accounts,
    enroll: enrolling(auth.file, log),
    authenticator: withWamp1Logins(accountRules, accountAuthenticator(accountRules)),
    authorizer: new RoleRules(rules, (denial) => logDenied(denials, denial)),
    dynamicAuthorizer: dynamicAuthorization(auth, {
      onDenied: (denial) => logDenied(denials, denial),
      onFault: (fault) => logFault(denials, fault),
    }),
  };
}

function logFailed(denials: DenialLog, { authid, method, address, cause, words }: FailedLogin): void {
  const from = address.replace(/:\d+$/, "");
  const fields = { authid, method, address, cause, ...(words === undefined ? {} : { detail: words }) };
  denials.warn(codeOf(cause), `${cause} ${authid ?? ""} ${from}`, fields, words ?? FAILURES[cause] ?? cause);
}

const FAILURES: Partial<Readonly<Record<FailedLogin["cause"], string>>> = {
  wrong: "a login failed",
  blocked: "a login was not tried: too many have failed",
};

function codeOf(cause: FailedLogin["cause"]): string {
  return cause.startsWith("certificate_") ? `client_${cause}` : "login_failed";
}

function logFault(denials: DenialLog, { authorizer, words, ...denial }: AuthorizerFault): void {
  const { principal, action, uri } = denial;
  const { authid, authrole } = principal.identity;
  const fields = { authorizer, cause: words, authid, authrole, realm: principal.realm, action, uri };
  const told = `the authorizer ${authorizer} could not decide whether ${authid} (${authrole}) may ${action} ${uri}, which is denied: ${words}`;
  denials.warn("authorizer_failed", `${authorizer} ${words} ${authid} ${authrole} ${action} ${uri}`, fields, told);
}

function logAuthenticatorFault(denials: DenialLog, { procedure, words, ...login }: AuthenticatorFault): void {
  const from = login.address.replace(/:\d+$/, "");
  const told = `nobody can log in by the authenticator ${procedure}: ${words}`;
  denials.warn(
    "authenticator_failed",
    `${procedure} ${words} ${from}`,
    { authenticator: procedure, cause: words, ...login },
    told,
  );
}

function logDenied(denials: DenialLog, { principal, action, uri, match }: Denial): void {
  const { authid, authrole } = principal.identity;
  const fields = { authid, authrole, session: principal.id, realm: principal.realm, action, uri, match };
  const words = `${authid} (${authrole}) may not ${action} ${uri}`;
  denials.warn("not_authorized", `${authid} ${authrole} ${action} ${match} ${uri}`, fields, words);
}
