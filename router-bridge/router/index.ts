export { Router, type RouterOptions } from "./router.ts";
export type { RouterSession } from "./router-session.ts";
export type { Delivery } from "./delivery.ts";
export type { PeerInfo } from "./peer-info.ts";
export type { Limits } from "./limits.ts";
export type { Statistics } from "./statistics.ts";
export type { AuthOutcome, Authenticator } from "./authenticator.ts";
export type { Authorizer } from "./authorizer.ts";
