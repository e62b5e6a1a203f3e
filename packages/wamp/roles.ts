/* Roles and features as HELLO and WELCOME announce them (spec "Client: Role and Feature Announcement"). */
import type { Dict } from "./message.ts";
import { isDict } from "./option-rules.ts";

export type ClientRole = "publisher" | "subscriber" | "caller" | "callee";
export type RouterRole = "broker" | "dealer";
export type Role = ClientRole | RouterRole;

/** The flags of the Advanced Profile, as spelt on the wire. */
export type Feature =
  | "call_canceling"
  | "call_reroute"
  | "call_timeout"
  | "call_trustlevels"
  | "caller_identification"
  | "event_history"
  | "event_retention"
  | "pattern_based_registration"
  | "pattern_based_subscription"
  | "payload_passthru_mode"
  | "progressive_call_invocations"
  | "progressive_call_results"
  | "publication_trustlevels"
  | "publisher_exclusion"
  | "publisher_identification"
  | "registration_meta_api"
  | "registration_revocation"
  | "session_meta_api"
  | "shared_registration"
  | "sharded_registration"
  | "shareded_subscriptions"
  | "subscriber_blackwhite_listing"
  | "subscription_meta_api"
  | "subscription_revocation"
  | "testament_meta_api";

/* One chapter of the spec spells it so, and some peers follow that chapter. */
const OTHER_SPELLING: { readonly [Name in Feature]?: string } = { call_canceling: "call_cancelling" };

/** Whether HELLO.Details or WELCOME.Details announces that role. */
export function hasRole(details: Dict, role: Role): boolean {
  return member(member(details, "roles"), role) !== undefined;
}

/** Whether HELLO.Details or WELCOME.Details announces `feature` for `role`. Only `true` counts, whatever else stands there. */
export function hasFeature(details: Dict, role: Role, feature: Feature): boolean {
  const features = member(member(member(details, "roles"), role), "features");
  const other = OTHER_SPELLING[feature];
  return member(features, feature) === true || (other !== undefined && member(features, other) === true);
}

function member(value: unknown, key: string): unknown {
  return isDict(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}
