export { Router, type RouterOptions, type RouterSize } from "./router.ts";
export type { RouterSession, SessionState } from "./router-session.ts";
export type { Delivery } from "./delivery.ts";
export type { PeerInfo } from "./peer-info.ts";
export type { Millis } from "./deadlines.ts";
export { DEFAULT_LIMITS, LIMIT_EXCEEDED, type Limits } from "./limits.ts";
export type { Statistics } from "./statistics.ts";
export {
  localAnonymous,
  type Applicant,
  type Authenticator,
  type AuthOutcome,
  type Identity,
} from "./authenticator.ts";
export { TrustedRoles, type Action, type Authorizer, type Decision, type Principal } from "./authorizer.ts";
export { ROUTER_ROLES } from "./realm.ts";
