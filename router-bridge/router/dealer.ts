/**
 * Owns the calls of one realm on their way: who may answer which, and that every call ends with exactly one final answer,
 * whoever leaves and whatever time passes. It must not know topics, nor how a session joins and ends.
 */
import {
  ErrorUri,
  ProtocolViolation,
  toId,
  type Call,
  type Cancel,
  type Dict,
  type ErrorMessage,
  type RequestId,
  type Yield,
} from "@pinion/wamp";
import { chooseCallee } from "./callee-choice.ts";
import { callOptions, type CallOptions } from "./call-options.ts";
import type { Millis } from "./deadlines.ts";
import { asBoolean, asWord, refusePassthru } from "./dict-reading.ts";
import { errorMessage, NO_DETAILS, RequestCode, type Asked, type Delivery } from "./delivery.ts";
import { EndedCalls } from "./ended-calls.ts";
import type { Invocation } from "./invocation.ts";
import { LIMIT_EXCEEDED } from "./limits.ts";
import type { Member } from "./member.ts";
import type { Offer, Registration } from "./registration.ts";
import { Registrations } from "./registrations.ts";
import { decide, uriFault, type Announce, type Refusal, type RouterContext } from "./router-context.ts";

/** What the dealer announces in WELCOME: only what it does. */
export const DEALER_FEATURES: Dict = Object.freeze({
  call_canceling: true,
  call_timeout: true,
  caller_identification: true,
  pattern_based_registration: true,
  progressive_call_invocations: true,
  progressive_call_results: true,
  registration_revocation: true,
  shared_registration: true,
});

const CANCEL_MODES = ["skip", "kill", "killnowait"] as const;

export class Dealer<P> {
  readonly registrations: Registrations<P>;
  readonly #context: RouterContext<P>;
  #pending = 0;

  constructor(context: RouterContext<P>, announce: Announce<P>) {
    this.#context = context;
    this.registrations = new Registrations(context, announce);
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
    const invocation = caller.calls.get(request);
    if (invocation === undefined) {
      if (caller.endedCalls === undefined) return false;
      return caller.endedCalls.discards(request, { procedure, last: options["progress"] !== true });
    }
    if (!invocation.sending || invocation.procedure !== procedure)
      throw new ProtocolViolation(`call ${request} has not ended, its id cannot be used again`);
    invocation.sending = asBoolean("progress", options["progress"]);
    invocation.resumed = true;
    const { id, match } = invocation.registration;
    let details: Dict = invocation.sending ? IN_PROGRESS : NO_DETAILS;
    if (match !== "exact") details = { ...details, procedure };
    out.push({
      to: invocation.callee.alone,
      message: { type: "INVOCATION", request: invocation.request, registration: id, details, payload },
    });
    return true;
  }

  /** `now` starts the call's timeout. */
  call(caller: Member<P>, message: Call, at: { readonly now: Millis; readonly out: Delivery<P>[] }): void {
    const { request, procedure, payload } = message;
    const options = callOptions(message.options);
    if (options.progress && !caller.features.progressiveCalls)
      throw new ProtocolViolation("progress was used, but this session did not announce progressive_call_invocations");
    this.#context.statistics.calls += 1;
    const permission = this.#callPermission(caller, message);
    if (permission.offer === undefined) {
      this.#context.statistics.callErrors += 1;
      if (options.progress) rememberEnded(caller, request, procedure);
      return refuse(caller, { code: RequestCode.call, request }, permission, at.out);
    }
    const { registration, offer } = permission;
    const invocation = this.#invoke(caller, message, permission, options);
    if (options.timeout > 0) invocation.deadline = this.#context.deadlines.add(at.now + options.timeout, invocation);
    const { id, match } = registration;
    let details: Dict = permission.disclose ? caller.asCaller : NO_DETAILS;
    if (match !== "exact") details = { ...details, procedure };
    if (invocation.progressive) details = { ...details, receive_progress: true };
    if (options.progress) details = { ...details, progress: true };
    at.out.push({
      to: offer.callee.alone,
      message: { type: "INVOCATION", request: invocation.request, registration: id, details, payload },
    });
  }

  /** An unknown or finished call is no fault: the answer may have been on its way (spec "Call Canceling"). */
  cancel(caller: Member<P>, { request, options }: Cancel, out: Delivery<P>[]): void {
    const asked = asWord("mode", options["mode"], CANCEL_MODES, "killnowait");
    const invocation = caller.calls.get(request);
    if (invocation === undefined) return;
    const mode = invocation.callee.features.callCanceling ? asked : "skip";
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
    refusePassthru(options);
    const progress = asBoolean("progress", options["progress"]);
    const invocation = this.#answered(callee, request);
    if (invocation === undefined) return;
    const { caller, call } = invocation;
    if (!progress) {
      this.#end(invocation);
      this.#context.statistics.results += 1;
      at.out.push({ to: caller.alone, message: { type: "RESULT", request: call, details: NO_DETAILS, payload } });
    } else if (invocation.progressive) {
      this.#rearm(invocation, at.now);
      at.out.push({ to: caller.alone, message: { type: "RESULT", request: call, details: IN_PROGRESS, payload } });
    } else {
      if (callee.features.callCanceling) interrupt(invocation, "killnowait", at.out);
      const words = "the callee sent a progressive result that was not asked for";
      this.#fail(invocation, { error: ErrorUri.featureNotSupported, words }, at.out);
    }
  }

  /** The callee's ERROR, passed on as it is. */
  error(callee: Member<P>, { request, error, details, payload }: ErrorMessage, out: Delivery<P>[]): void {
    refusePassthru(details);
    const invocation = this.#answered(callee, request);
    if (invocation === undefined) return;
    const fault = uriFault(error, "exact", this.#context.limits);
    if (fault) return this.#fail(invocation, { ...fault, words: `the callee's error: ${fault.words}` }, out);
    this.#end(invocation);
    this.#context.statistics.callErrors += 1;
    const { caller, call } = invocation;
    out.push({
      to: caller.alone,
      message: { type: "ERROR", requestType: RequestCode.call, request: call, details: NO_DETAILS, error, payload },
    });
  }

  /** The call's time is over: the caller is told, the callee is interrupted if it can be. */
  expire(invocation: Invocation<P>, out: Delivery<P>[]): void {
    this.#context.statistics.callTimeouts += 1;
    if (invocation.callee.features.callCanceling) interrupt(invocation, "killnowait", out);
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
    if (invocation.resumed && callee.features.callCanceling) interrupt(invocation, "killnowait", out);
    this.#fail(invocation, refusal, out);
  }

  /** Fails the call behind a RESULT that could not be sent; if it was a progressive one, the callee need not go on. */
  failResult(caller: Member<P>, request: RequestId, refusal: Refusal, out: Delivery<P>[]): void {
    const invocation = caller.calls.get(request);
    if (invocation === undefined) return refuse(caller, { code: RequestCode.call, request }, refusal, out);
    if (invocation.callee.features.callCanceling) interrupt(invocation, "killnowait", out);
    this.#fail(invocation, refusal, out);
  }

  /** Forgets a session that ended: its procedures, its calls, and what others wait for from it. */
  leave(member: Member<P>, out: Delivery<P>[]): void {
    this.registrations.leave(member, out);
    for (const invocation of member.calls.values()) {
      this.#end(invocation);
      const { callee } = invocation;
      if (callee !== member && callee.features.callCanceling) interrupt(invocation, "killnowait", out);
    }
    for (const invocation of member.invocations.values()) {
      this.#fail(invocation, { error: ErrorUri.canceled, words: "the callee left before it answered" }, out);
    }
  }

  #callPermission(caller: Member<P>, message: Call): CallPermission<P> {
    const { procedure } = message;
    const { limits } = this.#context;
    const registration = this.registrations.serving(procedure);
    // a procedure with a registration of its own was checked then
    const known = registration?.match === "exact";
    const fault = known ? undefined : uriFault(procedure, "exact", limits);
    if (fault) return fault;
    const decision = decide(this.#context, caller, "call", { uri: procedure, match: "exact" });
    if (!decision.allowed) return { error: decision.reason, words: decision.words };
    if (registration === undefined) {
      return { error: ErrorUri.noSuchProcedure, words: `nobody has registered ${procedure}` };
    }
    if (caller.calls.size >= limits.pendingCallsPerSession) {
      const words = `${limits.pendingCallsPerSession} calls of this session wait for an answer, which is the limit`;
      return { error: LIMIT_EXCEEDED, words };
    }
    const wished = message.options["disclose_me"] === true;
    if (wished && decision.disclose === false) {
      const words = `this router does not disclose the caller of ${procedure}`;
      return { error: ErrorUri.discloseMeDisallowed, words };
    }
    const offer = chooseCallee(registration, this.#context.random);
    if (offer === undefined) return { error: ErrorUri.noAvailableCallee, words: `nobody can serve ${procedure} now` };
    if (message.options["progress"] === true && !offer.callee.features.progressiveInvocations) {
      return { error: ErrorUri.featureNotSupported, words: `the callee of ${procedure} takes no progressive calls` };
    }
    const disclose = decision.disclose ?? (wished || offer.discloseCaller);
    return { registration, offer, disclose };
  }

  #invoke(
    caller: Member<P>,
    { request: call, procedure }: Call,
    { registration, offer: { callee } }: Granted<P>,
    options: CallOptions,
  ): Invocation<P> {
    callee.lastInvocation = callee.lastInvocation >= 2 ** 53 ? 1 : callee.lastInvocation + 1;
    const request = toId<RequestId>(callee.lastInvocation);
    const { timeout, receiveProgress, progress: sending } = options;
    const progressive = receiveProgress && callee.features.progressiveResults;
    const kind = "invocation";
    const invocation: Invocation<P> = {
      kind,
      caller,
      callee,
      call,
      registration,
      procedure,
      request,
      progressive,
      sending,
      resumed: false,
      timeout,
      deadline: undefined,
      killed: false,
    };
    caller.calls.set(call, invocation);
    callee.invocations.set(request, invocation);
    this.#pending += 1;
    return invocation;
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

  #fail(invocation: Invocation<P>, refusal: Refusal, out: Delivery<P>[]): void {
    this.#end(invocation);
    this.#context.statistics.callErrors += 1;
    refuse(invocation.caller, { code: RequestCode.call, request: invocation.call }, refusal, out);
  }

  #end(invocation: Invocation<P>): void {
    invocation.caller.calls.delete(invocation.call);
    if (invocation.sending) rememberEnded(invocation.caller, invocation.call, invocation.procedure);
    invocation.callee.invocations.delete(invocation.request);
    if (invocation.deadline !== undefined) this.#context.deadlines.remove(invocation.deadline);
    invocation.deadline = undefined;
    this.#pending -= 1;
  }
}

const IN_PROGRESS: Dict = Object.freeze({ progress: true });

interface Granted<P> {
  readonly registration: Registration<P>;
  readonly offer: Offer<P>;
  readonly disclose: boolean;
}

type CallPermission<P> = Granted<P> | (Refusal & { readonly offer?: undefined });

function rememberEnded<P>(caller: Member<P>, call: RequestId, procedure: string): void {
  (caller.endedCalls ??= new EndedCalls()).add(call, procedure);
}

function interrupt<P>({ callee, request }: Invocation<P>, mode: "kill" | "killnowait", out: Delivery<P>[]): void {
  out.push({ to: callee.alone, message: { type: "INTERRUPT", request, options: { mode } } });
}

function refuse<P>(member: Member<P>, asked: Asked, refusal: Refusal, out: Delivery<P>[]): void {
  out.push({ to: member.alone, message: errorMessage(asked, refusal.error, refusal.words) });
}
