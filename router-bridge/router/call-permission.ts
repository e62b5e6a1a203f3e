/** Whether a call may be made, and who serves it: found out before anything is done about it. */
import { ErrorUri, type Call, type Uri } from "@pinion/wamp";
import type { Decision } from "./authorizer.ts";
import { NO_CALL_OPTIONS, type CallOptions } from "./call-options.ts";
import { chooseCallee, onlyCallee } from "./callee-choice.ts";
import type { Millis } from "./deadlines.ts";
import { LIMIT_EXCEEDED } from "./limits.ts";
import type { Member } from "./member.ts";
import type { Offer, Registration } from "./registration.ts";
import type { Registrations } from "./registrations.ts";
import { decide, uriFault, type Refusal, type RouterContext } from "./router-context.ts";

export interface Granted<P> {
  readonly registration: Registration<P>;
  readonly offer: Offer<P>;
  readonly options: CallOptions;
  readonly disclose: boolean | undefined;
  readonly trustlevel: number | undefined;
}

export type CallPermission<P> = Granted<P> | (Refusal & { readonly offer?: undefined });

export interface CallTables<P> {
  readonly context: RouterContext<P>;
  readonly registrations: Registrations<P>;
}

/** For a session's call. */
export function callPermission<P>(
  { context, registrations }: CallTables<P>,
  caller: Member<P>,
  message: Call,
  options: CallOptions,
): CallPermission<P> {
  const { procedure } = message;
  const { limits } = context;
  const registration = registrations.serving(procedure);
  // a procedure with a registration of its own was checked then
  const known = registration?.match === "exact";
  const fault = known ? undefined : uriFault(procedure, "exact", limits);
  if (fault) return fault;
  const decision = decide(context, caller, "call", { uri: procedure, match: "exact", options: message.options });
  if (!decision.allowed) return { error: decision.reason, words: decision.words };
  if (registration === undefined) return nobody(procedure);
  if (caller.calls.size >= limits.pendingCallsPerSession) {
    const words = `${limits.pendingCallsPerSession} calls of this session wait for an answer, which is the limit`;
    return { error: LIMIT_EXCEEDED, words };
  }
  if (options.discloseMe && decision.disclose === false) {
    const words = `this router does not disclose the caller of ${procedure}`;
    return { error: ErrorUri.discloseMeDisallowed, words };
  }
  return granted(context, registration, options, decision);
}

/** For a question of the router itself, which asks nobody's leave. */
export function inquiryPermission<P>(
  { context, registrations }: CallTables<P>,
  procedure: Uri,
  timeout: Millis,
): CallPermission<P> {
  const registration = registrations.serving(procedure);
  if (registration === undefined) return nobody(procedure);
  return granted(context, registration, { ...NO_CALL_OPTIONS, timeout }, UNCONDITIONAL);
}

const UNCONDITIONAL: Allowed = { allowed: true };

type Allowed = Extract<Decision, { allowed: true }>;

function nobody(procedure: Uri): Refusal {
  return { error: ErrorUri.noSuchProcedure, words: `nobody has registered ${procedure}` };
}

function granted<P>(
  { random }: RouterContext<P>,
  registration: Registration<P>,
  options: CallOptions,
  decision: Allowed,
): CallPermission<P> {
  const offer = onlyCallee(registration) ?? chooseCallee(registration, random);
  if (offer === undefined) {
    const words = `every callee of ${registration.procedure} works on as many calls as it takes at a time (concurrency)`;
    return { error: ErrorUri.noAvailableCallee, words };
  }
  if (options.progress && !offer.callee.features.progressiveInvocations) {
    const words = `the callee of ${registration.procedure} takes no progressive calls`;
    return { error: ErrorUri.featureNotSupported, words };
  }
  if (options.passthru !== undefined && !offer.callee.features.passthru.callee) {
    const words = `the callee of ${registration.procedure} takes no opaque payload (payload_passthru_mode)`;
    return { error: ErrorUri.featureNotSupported, words };
  }
  const disclose = decision.disclose ?? (options.discloseMe ? true : undefined);
  return { registration, offer, options, disclose, trustlevel: decision.trustlevel };
}
