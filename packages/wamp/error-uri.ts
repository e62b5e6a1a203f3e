import type { Uri } from "./uri.ts";

const uri = (text: string): Uri => text as Uri; // literals below, checked by a test against the loose rules

/** Predefined error and close URIs (spec "Predefined URIs"), each said by the party the spec names. */
export const ErrorUri = {
  invalidUri: uri("wamp.error.invalid_uri"),
  noSuchProcedure: uri("wamp.error.no_such_procedure"),
  procedureAlreadyExists: uri("wamp.error.procedure_already_exists"),
  noSuchRegistration: uri("wamp.error.no_such_registration"),
  noSuchSubscription: uri("wamp.error.no_such_subscription"),
  noSuchSession: uri("wamp.error.no_such_session"),
  invalidArgument: uri("wamp.error.invalid_argument"),
  canceled: uri("wamp.error.canceled"),
  payloadSizeExceeded: uri("wamp.error.payload_size_exceeded"),
  protocolViolation: uri("wamp.error.protocol_violation"),
  notAuthorized: uri("wamp.error.not_authorized"),
  authorizationFailed: uri("wamp.error.authorization_failed"),
  noSuchRealm: uri("wamp.error.no_such_realm"),
  noSuchRole: uri("wamp.error.no_such_role"),
  noMatchingAuthMethod: uri("wamp.error.no_matching_auth_method"),
  noSuchPrincipal: uri("wamp.error.no_such_principal"),
  authenticationDenied: uri("wamp.error.authentication_denied"),
  authenticationFailed: uri("wamp.error.authentication_failed"),
  authenticationRequired: uri("wamp.error.authentication_required"),
  timeout: uri("wamp.error.timeout"),
  optionNotAllowed: uri("wamp.error.option_not_allowed"),
  discloseMeDisallowed: uri("wamp.error.option_disallowed.disclose_me"),
  networkFailure: uri("wamp.error.network_failure"),
  unavailable: uri("wamp.error.unavailable"),
  noAvailableCallee: uri("wamp.error.no_available_callee"),
  featureNotSupported: uri("wamp.error.feature_not_supported"),
  /** Not in the spec's list, used by every client for an exception without a URI of its own. */
  runtimeError: uri("wamp.error.runtime_error"),
} as const;

export const CloseUri = {
  normal: uri("wamp.close.normal"),
  goodbyeAndOut: uri("wamp.close.goodbye_and_out"),
  closeRealm: uri("wamp.close.close_realm"),
  systemShutdown: uri("wamp.close.system_shutdown"),
  killed: uri("wamp.close.killed"),
} as const;
