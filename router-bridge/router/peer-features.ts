/** What a peer announced in HELLO that changes what the router may send to it or how (spec "Feature Announcement"). */
import { ProtocolViolation, type Dict } from "@pinion/wamp";
import { asDict } from "./dict-reading.ts";

export interface PeerFeatures {
  /** The callee takes INTERRUPT. */
  readonly callCanceling: boolean;
  /** The callee may send progressive results. */
  readonly progressiveResults: boolean;
  /** The caller may send a call in parts. */
  readonly progressiveCalls: boolean;
  /** The callee takes a call in parts; to end one early it must be interruptible too. */
  readonly progressiveInvocations: boolean;
  /** The callee may be passed over when it says that it is unavailable. */
  readonly callReroute: boolean;
  /** The callee can watch the timeout of a call itself. */
  readonly callTimeout: boolean;
  /** The callee takes UNREGISTERED that it did not ask for. */
  readonly registrationRevocation: boolean;
  /** The subscriber takes UNSUBSCRIBED that it did not ask for. */
  readonly subscriptionRevocation: boolean;
}

const ROLES = ["publisher", "subscriber", "caller", "callee"] as const;

/** @throws ProtocolViolation if HELLO announces no client role at all. */
export function announcedFeatures(details: Dict): PeerFeatures {
  const roles = asDict("roles", details["roles"]);
  const announced = roles === undefined ? [] : ROLES.filter((role) => asDict(role, roles[role]) !== undefined);
  if (roles === undefined || announced.length === 0) {
    throw new ProtocolViolation(`HELLO must announce at least one role of ${ROLES.join(", ")} in Details.roles`);
  }
  const callee = asDict("features", asDict("callee", roles["callee"])?.["features"]) ?? {};
  const caller = asDict("features", asDict("caller", roles["caller"])?.["features"]) ?? {};
  const subscriber = asDict("features", asDict("subscriber", roles["subscriber"])?.["features"]) ?? {};
  // one chapter of the spec spells it with two l
  const callCanceling = callee["call_canceling"] === true || callee["call_cancelling"] === true;
  return {
    callCanceling,
    progressiveCalls: caller["progressive_call_invocations"] === true,
    progressiveInvocations: callCanceling && callee["progressive_call_invocations"] === true,
    progressiveResults: callee["progressive_call_results"] === true,
    callReroute: callee["call_reroute"] === true,
    callTimeout: callee["call_timeout"] === true,
    registrationRevocation: callee["registration_revocation"] === true,
    subscriptionRevocation: subscriber["subscription_revocation"] === true,
  };
}
