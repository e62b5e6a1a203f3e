import type { Dict } from "../message.ts";

/** HELLO.Details.roles of this client. Every flag is kept. */
export const CLIENT_ROLES: Dict = {
  caller: {
    features: {
      caller_identification: true,
      call_canceling: true,
      call_timeout: true,
      payload_passthru_mode: true,
      progressive_call_invocations: true,
      progressive_call_results: true,
    },
  },
  callee: {
    features: {
      caller_identification: true,
      call_canceling: true,
      call_reroute: true,
      call_timeout: true,
      call_trustlevels: true,
      pattern_based_registration: true,
      payload_passthru_mode: true,
      progressive_call_invocations: true,
      progressive_call_results: true,
      shared_registration: true,
      registration_revocation: true,
    },
  },
  publisher: {
    features: {
      payload_passthru_mode: true,
      publisher_exclusion: true,
      publisher_identification: true,
      subscriber_blackwhite_listing: true,
    },
  },
  subscriber: {
    features: {
      pattern_based_subscription: true,
      payload_passthru_mode: true,
      publication_trustlevels: true,
      publisher_identification: true,
      subscription_revocation: true,
    },
  },
};
