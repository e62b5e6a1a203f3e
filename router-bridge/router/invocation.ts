import { toId, type Dict, type Payload, type RequestId, type Uri } from "@pinion/wamp";
import type { Millis, Deadline } from "./deadlines.ts";
import { NO_DETAILS, type Delivery } from "./delivery.ts";
import type { CallOrigin } from "./hook-runner.ts";
import type { Answer, Caller } from "./inquiry.ts";
import type { Member } from "./member.ts";
import type { Offer, Registration } from "./registration.ts";
import type { Due } from "./router-context.ts";

/**
 * A call on its way: from CALL until the caller has its answer. It is in `caller.calls` and in `offer.callee.invocations` or
 * in neither.
 */
export interface Invocation<P> {
  readonly kind: "invocation";
  readonly caller: Caller<P>;
  /** The id of CALL, in the caller's session. */
  readonly call: RequestId;
  readonly procedure: Uri;
  /** What the caller called, which a hook may have turned into `procedure`. */
  called: Uri;
  /** What a hook is shown with the answer; absent if there is no such hook. */
  origin: CallOrigin<P> | undefined;
  readonly registration: Registration<P>;
  /** Who was invoked; another one when the call is re-routed. */
  offer: Offer<P>;
  /** The id of INVOCATION, in the callee's session. */
  request: RequestId;
  /** Whether the callee is told who calls; undefined: as it wishes itself. */
  readonly disclose: boolean | undefined;
  readonly trustlevel: number | undefined;
  /** How the call's opaque payload is to be read; absent if it is none. */
  readonly passthru: Dict | undefined;
  /** The caller takes progressive results. */
  readonly receiveProgress: boolean;
  /** The caller will send more of this call: further CALLs with the same id. */
  sending: boolean;
  /** More than the first part, or a progressive result, was passed on: no other callee can take over. */
  begun: boolean;
  /** Milliseconds to the first result and between results; 0: no limit. */
  readonly timeout: Millis;
  /** When the first result is due; without meaning if `timeout` is 0. */
  readonly due: Millis;
  /** Set while the router watches the timeout. */
  deadline: Deadline<Due<P>> | undefined;
  /** CANCEL in mode kill was passed on; the callee's answer is still awaited. */
  killed: boolean;
  /** For another callee; kept only while there is one. */
  readonly payload: Payload | undefined;
  /** Callees that were unavailable. */
  declined: Set<Offer<P>> | undefined;
}

/** INVOCATION.Details for the present callee; the usual empty ones cost nothing. */
export function invocationDetails<P>(invocation: Invocation<P>, now: Millis): Dict {
  const { caller, registration, offer, procedure, trustlevel, timeout, due } = invocation;
  let details: Dict = (invocation.disclose ?? offer.discloseCaller) ? caller.asCaller : NO_DETAILS;
  if (registration.match !== "exact") details = { ...details, procedure };
  if (isProgressive(invocation)) details = { ...details, receive_progress: true };
  if (invocation.sending) details = { ...details, progress: true };
  if (trustlevel !== undefined) details = { ...details, trustlevel };
  if (timeout > 0 && offer.forwardTimeout) details = { ...details, timeout: Math.max(1, due - now) };
  if (invocation.passthru !== undefined) details = { ...details, ...invocation.passthru };
  return details;
}

/** The caller takes progressive results and the callee can send them. */
export function isProgressive<P>({ receiveProgress, offer }: Invocation<P>): boolean {
  return receiveProgress && offer.callee.features.progressiveResults;
}

/** Tells the caller. */
export function answer<P>({ alone, onAnswer }: Caller<P>, message: Answer, out: Delivery<P>[]): void {
  if (onAnswer === undefined) out.push({ to: alone, message });
  else onAnswer(message, out);
}

/** A fresh id of an INVOCATION to this callee. */
export function nextInvocation<P>(callee: Member<P>): RequestId {
  callee.lastInvocation = callee.lastInvocation >= 2 ** 53 ? 1 : callee.lastInvocation + 1;
  return toId<RequestId>(callee.lastInvocation);
}

/** Whether an unavailable callee may be passed over; of a single one that did not announce it, it is an error like any. */
export function isMovable<P>({ killed, begun, registration, offer }: Invocation<P>): boolean {
  return !killed && !begun && (registration.policy !== "single" || offer.callee.features.callReroute);
}

export function interrupt<P>(
  { offer: { callee }, request }: Invocation<P>,
  mode: "kill" | "killnowait",
  out: Delivery<P>[],
): void {
  out.push({ to: callee.alone, message: { type: "INTERRUPT", request, options: { mode } } });
}

/** The caller can be answered with an opaque payload. */
export function takesPassthru<P>({ caller }: Invocation<P>): boolean {
  return caller.features?.passthru.caller === true;
}
