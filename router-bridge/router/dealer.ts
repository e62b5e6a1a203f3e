/**
 * Owns the calls of one realm on their way: who may answer which, and that every call ends with exactly one final answer,
 * whoever leaves and whatever time passes. It must not know topics, nor how a session joins and ends.
 */
import {
  ErrorUri,
  keptPayload,
  payloadOf,
  ProtocolViolation,
  toId,
  type Call,
  type Cancel,
  type Dict,
  type ErrorMessage,
  type Payload,
  type RequestId,
  type Uri,
  type Yield,
} from "@pinion/wamp";
import { chooseCallee } from "./callee-choice.ts";
import { callOptions } from "./call-options.ts";
import { callPermission, inquiryPermission, type CallTables, type Granted } from "./call-permission.ts";
import type { Millis } from "./deadlines.ts";
import { asBoolean, asWord, passthruOf } from "./dict-reading.ts";
import { errorMessage, NO_DETAILS, RequestCode, type Asked, type Delivery } from "./delivery.ts";
import { EndedCalls } from "./ended-calls.ts";
import { answerCall, keptCall } from "./hook-runner.ts";
import { inquirer, type Answer, type Caller, type Question } from "./inquiry.ts";
import {
  answer,
  interrupt,
  invocationDetails,
  isMovable,
  isProgressive,
  takesPassthru,
  nextInvocation,
  type Invocation,
} from "./invocation.ts";
import type { Member } from "./member.ts";
import type { Offer } from "./registration.ts";
import { Registrations } from "./registrations.ts";
import { uriFault, type Announce, type Refusal, type RouterContext } from "./router-context.ts";

/** What the dealer announces in WELCOME: only what it does. */
export const DEALER_FEATURES: Dict = Object.freeze({
  call_canceling: true,
  call_reroute: true,
  call_timeout: true,
  call_trustlevels: true,
  caller_identification: true,
  pattern_based_registration: true,
  payload_passthru_mode: true,
  progressive_call_invocations: true,
  progressive_call_results: true,
  registration_revocation: true,
  shared_registration: true,
});

const CANCEL_MODES = ["skip", "kill", "killnowait"] as const;

export class Dealer<P> {
  readonly registrations: Registrations<P>;
  readonly #realm: Uri;
  readonly #context: RouterContext<P>;
  readonly #tables: CallTables<P>;
  #pending = 0;

  constructor(realm: Uri, context: RouterContext<P>, announce: Announce<P>) {
    this.#realm = realm;
    this.#context = context;
    this.registrations = new Registrations(context, announce);
    this.#tables = { context, registrations: this.registrations };
  }

  get pendingCalls(): number {
    return this.#pending;
  }

  /**
   * A further part of a progressive call, which has the id of the first. False if this CALL begins a new call. Options other
   * than `progress` were settled by the first part; what comes after the call has ended is discarded.
   * @throws ProtocolViolation if that id belongs to a call that has no further parts, or to another procedure.
   */
  resume(caller: Member<P>, { request, procedure, options, payload }: Call, out: Delivery<P>[]): boolean {
    // most callers make one call after the other, and cost nothing here
    if (caller.calls.size === 0 && caller.endedCalls === undefined) return false;
    const invocation = caller.calls.get(request);
    if (invocation === undefined) {
      if (caller.endedCalls === undefined) return false;
      return caller.endedCalls.discards(request, { procedure, last: options["progress"] !== true });
    }
    if (!invocation.sending || invocation.called !== procedure)
      throw new ProtocolViolation(`call ${request} has not ended, its id cannot be used again`);
    invocation.sending = asBoolean("progress", options["progress"]);
    invocation.begun = true;
    const { id, match } = invocation.registration;
    let details: Dict = invocation.sending ? IN_PROGRESS : NO_DETAILS;
    if (match !== "exact") details = { ...details, procedure: invocation.procedure };
    out.push({
      to: invocation.offer.callee.alone,
      message: { type: "INVOCATION", request: invocation.request, registration: id, details, payload },
    });
    return true;
  }

  /** `now` starts the call's timeout. `asCalled`: before a hook changed it. */
  call(
    caller: Member<P>,
    message: Call,
    at: { readonly now: Millis; readonly out: Delivery<P>[] },
    asCalled: Call = message,
  ): void {
    const { request } = message;
    const options = callOptions(message.options, caller.features);
    if (options.progress && !caller.features.progressiveCalls)
      throw new ProtocolViolation("progress was used, but this session did not announce progressive_call_invocations");
    const permission = callPermission(this.#tables, caller, message, options);
    this.#context.statistics.calls += 1;
    if (permission.offer === undefined) {
      this.#context.statistics.callErrors += 1;
      if (options.progress) this.#rememberEnded(caller, request, asCalled.procedure);
      const { error, words } = permission;
      const failure = errorMessage({ code: RequestCode.call, request }, error, words);
      return answerCall(this.#context.hooks, { member: caller, message: asCalled }, failure, at.out);
    }
    const invocation = this.#begin(caller, message, permission, at);
    const { hooks } = this.#context;
    if (hooks === undefined) return;
    invocation.called = asCalled.procedure;
    if (hooks.watchesAnswers) invocation.origin = { member: caller, message: keptCall(asCalled) };
  }

  /** Puts a question of the router itself. Gives how to withdraw it: nobody is told an answer then. */
  ask(question: Question<P>, out: Delivery<P>[]): (out: Delivery<P>[]) => void {
    const { procedure, args, kwargs, timeout } = question;
    const caller = inquirer(this.#realm, question);
    const request = toId<RequestId>(1);
    const permission = inquiryPermission(this.#tables, procedure, timeout);
    if (permission.offer === undefined) {
      answer(caller, errorMessage({ code: RequestCode.call, request }, permission.error, permission.words), out);
      return () => undefined;
    }
    const { now } = this.#context.moment;
    this.#begin(caller, { request, procedure, payload: payloadOf(args, kwargs) }, permission, { now, out });
    return (later) => this.#withdrawCalls(caller, later);
  }

  /** An unknown or finished call is no fault: the answer may have been on its way (spec "Call Canceling"). */
  cancel(caller: Member<P>, { request, options }: Cancel, out: Delivery<P>[]): void {
    const asked = asWord("mode", options["mode"], CANCEL_MODES, "killnowait");
    const invocation = caller.calls.get(request);
    if (invocation === undefined) return;
    const mode = invocation.offer.callee.features.callCanceling ? asked : "skip";
    if (mode !== "skip" && !(mode === "kill" && invocation.killed)) interrupt(invocation, mode, out);
    if (mode === "kill") {
      invocation.killed = true;
      return;
    }
    this.#fail(invocation, { error: ErrorUri.canceled, words: "the call was canceled by its caller" }, out);
  }

  yield(
    callee: Member<P>,
    { request, options, payload }: Yield,
    at: { readonly now: Millis; readonly out: Delivery<P>[] },
  ) {
    const passthru = passthruOf(options, callee.features.passthru.callee);
    const progress = asBoolean("progress", options["progress"]);
    const invocation = this.#answered(callee, request);
    if (invocation === undefined) return;
    if (passthru !== undefined && !takesPassthru(invocation)) return this.#refuseOpaque(invocation, at.out);
    const { caller, call } = invocation;
    if (!progress) {
      this.#end(invocation);
      this.#context.statistics.results += 1;
      const details = passthru ?? NO_DETAILS;
      this.#answer(invocation, { type: "RESULT", request: call, details, payload }, at.out);
    } else if (isProgressive(invocation)) {
      invocation.begun = true;
      this.#rearm(invocation, at.now);
      const details = passthru === undefined ? IN_PROGRESS : { ...IN_PROGRESS, ...passthru };
      at.out.push({ to: caller.alone, message: { type: "RESULT", request: call, details, payload } });
    } else {
      if (callee.features.callCanceling) interrupt(invocation, "killnowait", at.out);
      const words = "the callee sent a progressive result that was not asked for";
      this.#fail(invocation, { error: ErrorUri.featureNotSupported, words }, at.out);
    }
  }

  /** The callee's ERROR, passed on as it is, unless somebody else can serve the call that this callee cannot. */
  error(
    callee: Member<P>,
    { request, error, details, payload }: ErrorMessage,
    at: { readonly now: Millis; readonly out: Delivery<P>[] },
  ): void {
    const passthru = passthruOf(details, callee.features.passthru.callee);
    const invocation = this.#answered(callee, request);
    if (invocation === undefined) return;
    if (passthru !== undefined && !takesPassthru(invocation)) return this.#refuseOpaque(invocation, at.out);
    const fault = uriFault(error, "exact", this.#context.limits);
    if (fault) return this.#fail(invocation, { ...fault, words: `the callee's error: ${fault.words}` }, at.out);
    const moves = error === ErrorUri.unavailable && isMovable(invocation);
    if (moves && this.#reroute(invocation, at)) return;
    this.#end(invocation);
    this.#context.statistics.callErrors += 1;
    const failure = { type: "ERROR", requestType: RequestCode.call, request: invocation.call } as const;
    const said = moves ? ErrorUri.noAvailableCallee : error;
    this.#answer(invocation, { ...failure, details: passthru ?? NO_DETAILS, error: said, payload }, at.out);
  }

  /** The call's time is over: the caller is told, the callee is interrupted if it can be. */
  expire(invocation: Invocation<P>, out: Delivery<P>[]): void {
    this.#context.statistics.callTimeouts += 1;
    if (invocation.offer.callee.features.callCanceling) interrupt(invocation, "killnowait", out);
    const words = `no answer within ${invocation.timeout} ms`;
    this.#fail(invocation, { error: ErrorUri.timeout, words }, out);
  }

  /**
   * Fails the call behind an INVOCATION, if it still waits: it could not be sent, or the router stops. A callee that got
   * the first parts of it need not go on.
   */
  failInvocation(callee: Member<P>, request: RequestId, refusal: Refusal, out: Delivery<P>[]): void {
    const invocation = callee.invocations.get(request);
    if (invocation === undefined) return;
    if (invocation.begun && callee.features.callCanceling) interrupt(invocation, "killnowait", out);
    this.#fail(invocation, refusal, out);
  }

  /** Fails the call behind a RESULT that could not be sent; if it was a progressive one, the callee need not go on. */
  failResult(caller: Member<P>, request: RequestId, refusal: Refusal, out: Delivery<P>[]): void {
    const invocation = caller.calls.get(request);
    if (invocation === undefined) return refuse(caller, { code: RequestCode.call, request }, refusal, out);
    if (invocation.offer.callee.features.callCanceling) interrupt(invocation, "killnowait", out);
    this.#fail(invocation, refusal, out);
  }

  /** Forgets a session that ended: its procedures, its calls, and what others wait for from it. */
  leave(member: Member<P>, out: Delivery<P>[]): void {
    this.registrations.leave(member, out);
    this.#withdrawCalls(member, out);
    for (const invocation of member.invocations.values()) {
      this.#fail(invocation, { error: ErrorUri.canceled, words: "the callee left before it answered" }, out);
    }
  }

  /** The caller has gone: nobody waits for its calls. */
  #withdrawCalls(caller: Caller<P>, out: Delivery<P>[]): void {
    for (const invocation of caller.calls.values()) {
      this.#end(invocation);
      const { callee } = invocation.offer;
      if (callee.calls !== caller.calls && callee.features.callCanceling) interrupt(invocation, "killnowait", out);
    }
  }

  #begin(
    caller: Caller<P>,
    { request, procedure, payload }: Pick<Call, "request" | "procedure" | "payload">,
    { registration, offer, options, disclose, trustlevel }: Granted<P>,
    at: { readonly now: Millis; readonly out: Delivery<P>[] },
  ): Invocation<P> {
    const { timeout, receiveProgress, progress: sending, passthru } = options;
    const invocation: Invocation<P> = {
      kind: "invocation",
      caller,
      call: request,
      procedure,
      called: procedure,
      origin: undefined,
      registration,
      offer,
      request: nextInvocation(offer.callee),
      disclose,
      trustlevel,
      passthru,
      receiveProgress,
      sending,
      begun: false,
      timeout,
      due: at.now + timeout,
      deadline: undefined,
      killed: false,
      payload: registration.offers.length > 1 ? keptPayload(payload).payload : undefined,
      declined: undefined,
    };
    caller.calls.set(request, invocation);
    this.#pending += 1;
    this.#dispatch(invocation, payload, at);
    return invocation;
  }

  /** Sends the call to its present callee, and watches its time unless the callee does. */
  #dispatch(
    invocation: Invocation<P>,
    payload: Payload,
    { now, out }: { readonly now: Millis; readonly out: Delivery<P>[] },
  ): void {
    const { offer, request, registration, timeout, deadline } = invocation;
    offer.callee.invocations.set(request, invocation);
    offer.running += 1;
    if (timeout > 0 && !offer.forwardTimeout) {
      invocation.deadline ??= this.#context.deadlines.add(invocation.due, invocation);
    } else if (deadline !== undefined) {
      this.#context.deadlines.remove(deadline);
      invocation.deadline = undefined;
    }
    const details = invocationDetails(invocation, now);
    out.push({
      to: offer.callee.alone,
      message: { type: "INVOCATION", request, registration: registration.id, details, payload },
    });
  }

  /** Begins the call anew with the next callee, as if those that declined it did not exist. False if there is none. */
  #reroute(invocation: Invocation<P>, at: { readonly now: Millis; readonly out: Delivery<P>[] }): boolean {
    const { offer, registration, payload, request, sending } = invocation;
    if (payload === undefined) return false;
    const declined = (invocation.declined ??= new Set()).add(offer);
    const fits = (other: Offer<P>): boolean =>
      !declined.has(other) &&
      (!sending || other.callee.features.progressiveInvocations) &&
      (invocation.passthru === undefined || other.callee.features.passthru.callee);
    const next = chooseCallee(registration, this.#context.random, fits);
    if (next === undefined) return false;
    offer.callee.invocations.delete(request);
    offer.running -= 1;
    invocation.offer = next;
    invocation.request = nextInvocation(next.callee);
    this.#dispatch(invocation, payload, at);
    return true;
  }

  /**
   * The invocation a callee answers. Undefined if it ended before (the answer is discarded).
   * @throws ProtocolViolation if this session never got such an INVOCATION.
   */
  #answered(callee: Member<P>, request: RequestId): Invocation<P> | undefined {
    const invocation = callee.invocations.get(request);
    if (invocation !== undefined) return invocation;
    if (request > callee.lastInvocation) {
      throw new ProtocolViolation(`this session was never sent an INVOCATION ${request}`);
    }
    this.#context.statistics.lateAnswers += 1;
    return undefined;
  }

  #rearm(invocation: Invocation<P>, now: Millis): void {
    if (invocation.deadline === undefined) return;
    this.#context.deadlines.remove(invocation.deadline);
    invocation.deadline = this.#context.deadlines.add(now + invocation.timeout, invocation);
  }

  /** The callee's answer is one that the caller cannot read: both are told. */
  #refuseOpaque(invocation: Invocation<P>, out: Delivery<P>[]): void {
    const { callee } = invocation.offer;
    const words = "the caller takes no opaque payload (payload_passthru_mode)";
    const { request } = invocation;
    refuse(callee, { code: RequestCode.yield, request }, { error: ErrorUri.featureNotSupported, words }, out);
    const told =
      "the callee answered with an opaque payload, which this session did not announce (payload_passthru_mode)";
    this.#fail(invocation, { error: ErrorUri.featureNotSupported, words: told }, out);
  }

  #fail(invocation: Invocation<P>, refusal: Refusal, out: Delivery<P>[]): void {
    this.#end(invocation);
    this.#context.statistics.callErrors += 1;
    const asked = { code: RequestCode.call, request: invocation.call };
    this.#answer(invocation, errorMessage(asked, refusal.error, refusal.words), out);
  }

  #answer({ caller, origin }: Invocation<P>, message: Answer, out: Delivery<P>[]): void {
    if (origin === undefined) answer(caller, message, out);
    else answerCall(this.#context.hooks, origin, message, out);
  }

  #rememberEnded(caller: Caller<P>, call: RequestId, procedure: string): void {
    (caller.endedCalls ??= new EndedCalls(this.#context.limits.endedCallsPerSession)).add(call, procedure);
  }

  #end(invocation: Invocation<P>): void {
    invocation.caller.calls.delete(invocation.call);
    if (invocation.sending) this.#rememberEnded(invocation.caller, invocation.call, invocation.called);
    invocation.offer.callee.invocations.delete(invocation.request);
    invocation.offer.running -= 1;
    if (invocation.deadline !== undefined) this.#context.deadlines.remove(invocation.deadline);
    invocation.deadline = undefined;
    this.#pending -= 1;
    // `due` counts from the call on, also where there is no timeout
    this.#context.observeCall?.(this.#context.moment.now - (invocation.due - invocation.timeout));
  }
}

const IN_PROGRESS: Dict = Object.freeze({ progress: true });

function refuse<P>(member: Member<P>, asked: Asked, refusal: Refusal, out: Delivery<P>[]): void {
  out.push({ to: member.alone, message: errorMessage(asked, refusal.error, refusal.words) });
}
