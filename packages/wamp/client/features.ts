import type { Dict } from "../message.ts";

/**
 * HELLO.Details.roles of this client. Every flag is kept: payload passthru is absent because there is no code for it; the
 * callee lacks `call_timeout` because it runs no timer.
 */
export const CLIENT_ROLES: Dict = {
  caller: {
    features: {
      caller_identification: true,
      call_canceling: true,
      call_timeout: true,
      progressive_call_invocations: true,
      progressive_call_results: true,
    },
  },
  callee: {
    features: {
      caller_identification: true,
      call_canceling: true,
      call_reroute: true,
      call_trustlevels: true,
      pattern_based_registration: true,
      progressive_call_invocations: true,
      progressive_call_results: true,
      shared_registration: true,
      registration_revocation: true,
    },
  },
  publisher: {
    features: { publisher_exclusion: true, publisher_identification: true, subscriber_blackwhite_listing: true },
  },
  subscriber: {
    features: { pattern_based_subscription: true, publisher_identification: true, subscription_revocation: true },
  },
};

/** Whether WELCOME.Details announces `roles.<role>.features.<feature>`. Anything odd in there counts as no. */
export function announces(welcome: Dict, role: "broker" | "dealer", feature: string): boolean {
  return at(at(at(at(welcome, "roles"), role), "features"), feature) === true;
}

function at(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Dict)[key]; // an object with that key, checked on the line above
}
