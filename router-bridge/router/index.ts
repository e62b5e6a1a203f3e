export { Router } from "./router.ts";
export type { RouterOptions } from "./router-options.ts";
export type { RouterSession } from "./router-session.ts";
export type { Delivery } from "./delivery.ts";
export type { CertificateFault, CookieOwner, PeerCertificate, PeerCookie, PeerInfo } from "./peer-info.ts";
export type { HistoryRule } from "./event-history.ts";
export type { Limits } from "./limits.ts";
export type { Statistics } from "./statistics.ts";
export { type AuthenticatorFault, craByAuthenticator, type DynamicAuthentication } from "./dynamic-authenticator.ts";
export type { Applicant, AuthOutcome, Authenticator } from "./authenticator.ts";
export type { Authorizer } from "./authorizer.ts";
export type { AuthorizerFault, DynamicAuthorization } from "./dynamic-authorizer.ts";
export { Attempts } from "./attempts.ts";
export { accountAuthenticator } from "./account-authenticator.ts";
export { blocked, failed, proven, type AccountRules, type FailedLogin, type LoginMethod } from "./login-rules.ts";
export { decoyAccount } from "./decoy-account.ts";
export { RoleRules, type Denial, type Roles } from "./role-rules.ts";
export { SHIPPED_ROLES } from "./shipped-roles.ts";
export type { DecisionSubject } from "./decision-cache.ts";
export type { HookFault, HookOptions, HookWait } from "./hook-runner.ts";
export type { HookOutcome } from "./hook-verdict.ts";
export type {
  CallChanges,
  Deny,
  ErrorChanges,
  HookedCall,
  HookedError,
  HookedPayload,
  HookedPublication,
  HookedSession,
  HookedSubscription,
  Hooks,
  Verdict,
} from "./hooks.ts";
export type { Enroll } from "./enroll-meta.ts";
