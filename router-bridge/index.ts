/** What a program that embeds the router-bridge uses. */
export { startRouterBridge, type RouterBridge, type RouterBridgeOptions } from "./start-router-bridge.ts";
export { BridgeError } from "./bridge-error.ts";
export type { Log } from "./log.ts";
export type {
  Deny,
  HookedCall,
  HookedError,
  HookedPayload,
  HookedPublication,
  HookedSession,
  HookedSubscription,
  Hooks,
  Verdict,
} from "./router/index.ts";
