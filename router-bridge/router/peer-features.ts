/** What a peer announced in HELLO that changes what the router may send to it or how (spec "Feature Announcement"). */
import { hasFeature, ProtocolViolation, type Dict } from "@pinion/wamp";
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
  /** In which roles the peer knows opaque payloads. */
  readonly passthru: Passthru;
  /** The callee takes UNREGISTERED that it did not ask for. */
  readonly registrationRevocation: boolean;
  /** The subscriber takes UNSUBSCRIBED that it did not ask for. */
  readonly subscriptionRevocation: boolean;
}

export interface Passthru {
  readonly caller: boolean;
  readonly callee: boolean;
  readonly publisher: boolean;
}

const ROLES = ["publisher", "subscriber", "caller", "callee"] as const;
/** The roles whose features are read; what is no dict there is a violation. */
const FEATURED = ["callee", "caller", "subscriber", "publisher"] as const;

/** @throws ProtocolViolation if HELLO announces no client role at all. */
export function announcedFeatures(details: Dict): PeerFeatures {
  const roles = asDict("roles", details["roles"]);
  const announced = roles === undefined ? [] : ROLES.filter((role) => asDict(role, roles[role]) !== undefined);
  if (roles === undefined || announced.length === 0) {
    throw new ProtocolViolation(`HELLO must announce at least one role of ${ROLES.join(", ")} in Details.roles`);
  }
  for (const role of FEATURED) asDict("features", asDict(role, roles[role])?.["features"]);
  const callCanceling = hasFeature(details, "callee", "call_canceling");
  return shared({
    callCanceling,
    progressiveCalls: hasFeature(details, "caller", "progressive_call_invocations"),
    progressiveInvocations: callCanceling && hasFeature(details, "callee", "progressive_call_invocations"),
    progressiveResults: hasFeature(details, "callee", "progressive_call_results"),
    callReroute: hasFeature(details, "callee", "call_reroute"),
    callTimeout: hasFeature(details, "callee", "call_timeout"),
    passthru: {
      caller: hasFeature(details, "caller", "payload_passthru_mode"),
      callee: hasFeature(details, "callee", "payload_passthru_mode"),
      publisher: hasFeature(details, "publisher", "payload_passthru_mode"),
    },
    registrationRevocation: hasFeature(details, "callee", "registration_revocation"),
    subscriptionRevocation: hasFeature(details, "subscriber", "subscription_revocation"),
  });
}

/** Peers are of a few kinds; those of one kind share one object. There are no more than combinations of booleans. */
const known = new Map<string, PeerFeatures>();

function shared(features: PeerFeatures): PeerFeatures {
  const key = JSON.stringify(features);
  const earlier = known.get(key);
  if (earlier !== undefined) return earlier;
  known.set(key, features);
  return features;
}
