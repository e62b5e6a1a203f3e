/*
 * What the router is asked for, and the words of the table for it. A flag that the router announces and that is missing here gets
 * a row all the same, under its own name; a meta procedure, method or transport has to be written down once.
 */

/** Where long-poll transports are opened. */
export const LONG_POLL_PATH = "/lp";

export const CALL_FLAGS: Readonly<Record<string, string>> = {
  progressive_call_results: "Progressive call results",
  progressive_call_invocations: "Progressive call invocations",
  call_timeout: "Call timeout",
  call_canceling: "Call canceling",
  call_reroute: "Call re-routing",
  caller_identification: "Caller identification",
  call_trustlevels: "Call trust levels",
  pattern_based_registration: "Pattern-based registration",
  shared_registration: "Shared registration",
  registration_revocation: "Registration revocation, forced re-register",
  registration_meta_api: "Registration meta API",
  session_meta_api: "Session meta API",
  testament_meta_api: "Testaments",
  payload_passthru_mode: "Payload passthru mode",
};

export const EVENT_FLAGS: Readonly<Record<string, string>> = {
  pattern_based_subscription: "Pattern-based subscription",
  publisher_exclusion: "Publisher exclusion",
  subscriber_blackwhite_listing: "Subscriber black- and whitelisting",
  publisher_identification: "Publisher identification",
  publication_trustlevels: "Publication trust levels",
  event_retention: "Event retention",
  event_history: "Event history",
  subscription_revocation: "Subscription revocation",
  subscription_meta_api: "Subscription meta API",
  session_meta_api: "Session meta API",
  payload_passthru_mode: "Payload passthru mode",
};

/** Rows of procedures that belong together: yes only when all of them answer. */
export const META_ROWS: Readonly<Record<string, readonly string[]>> = {
  "Sessions: count, list, look at": ["wamp.session.count", "wamp.session.list", "wamp.session.get"],
  "Sessions: statistics": ["wamp.session.get_stats"],
  "Sessions: testaments": ["wamp.session.add_testament", "wamp.session.flush_testaments"],
  "Registrations: list, look up, count": [
    "wamp.registration.list",
    "wamp.registration.lookup",
    "wamp.registration.match",
    "wamp.registration.get",
    "wamp.registration.list_callees",
    "wamp.registration.count_callees",
  ],
  "Registrations: take from a callee": ["wamp.registration.remove_callee"],
  "Subscriptions: list, look up, count": [
    "wamp.subscription.list",
    "wamp.subscription.lookup",
    "wamp.subscription.match",
    "wamp.subscription.get",
    "wamp.subscription.list_subscribers",
    "wamp.subscription.count_subscribers",
  ],
  "Subscriptions: take from a subscriber": ["wamp.subscription.remove_subscriber"],
  "Subscriptions: past events": ["wamp.subscription.get_events"],
  "Sessions: kill one, by authid, by authrole, all": [
    "wamp.session.kill",
    "wamp.session.kill_by_authid",
    "wamp.session.kill_by_authrole",
    "wamp.session.kill_all",
  ],
};

export const META_PROCEDURES = Object.values(META_ROWS).flat();

/** Topics that belong together: yes only when an event of each was received. */
export const META_EVENT_ROWS: Readonly<Record<string, readonly string[]>> = {
  "Events of sessions": ["wamp.session.on_join", "wamp.session.on_stats", "wamp.session.on_leave"],
  "Events of registrations": ["on_create", "on_register", "on_unregister", "on_delete"].map(
    (name) => `wamp.registration.${name}`,
  ),
  "Events of subscriptions": ["on_create", "on_subscribe", "on_unsubscribe", "on_delete"].map(
    (name) => `wamp.subscription.${name}`,
  ),
};

export const METHOD_ROWS: Readonly<Record<string, string>> = {
  anonymous: "Anonymous",
  ticket: "Ticket",
  wampcra: "WAMP-CRA, plain and salted",
  "wamp-scram": "WAMP-SCRAM",
  cryptosign: "Cryptosign",
  tls: "TLS client certificate",
  cookie: "Cookie",
};

export const METHODS = Object.keys(METHOD_ROWS);

/** Of cryptosign, over TLS. */
export const BINDINGS = ["tls-exporter", "tls-unique"] as const;

export const TRANSPORT_ROWS = {
  rs: ["Raw socket over TCP", "`rs://`"],
  rss: ["Raw socket over TLS", "`rss://`"],
  unix: ["Raw socket over a Unix socket", "`unix://`"],
  ws: ["WebSocket", "`ws://`"],
  wss: ["WebSocket over TLS", "`wss://`"],
  batched: ["Batched WebSocket", "`wamp.2.*.batched`"],
  "long-poll": ["HTTP long-poll", `\`${LONG_POLL_PATH}\``],
} as const;
