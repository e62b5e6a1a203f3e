/**
 * The caller's half of a client: every call from `call` to its one end. Owns the calls that wait for a session and those
 * that wait for an answer, with their limits of time and their abort signals. The limit of time is kept here whatever the
 * dealer does with it, because few dealers keep it (and some read seconds); it is sent only to a dealer that announces it.
 */
import { ErrorUri } from "../error-uri.ts";
import { ApplicationError, UsageError } from "../errors.ts";
import type { RequestId } from "../id.ts";
import type { Dict, Result } from "../message.ts";
import type { Payload } from "../payload.ts";
import type { Uri } from "../uri.ts";
import { after, checkMs } from "./alarm.ts";
import type { Timers } from "./client-options.ts";
import type { ClientSession, Reply, SessionEnd } from "./client-session.ts";
import type { CallInParts, CallOptions, CallResult } from "./conversation-options.ts";
import type { Part } from "./further-parts.ts";
import { outcomeUnknown } from "./outcome-unknown.ts";
import { checkPassthru, openedPayload, passthruOptions, type Ppt, sealedPayload } from "./passthru.ts";
import { checkUri, wireOptions } from "./wire-options.ts";
import { withResolvers } from "../with-resolvers.ts";
import { hasFeature } from "../roles.ts";

export interface CallingContext {
  readonly timers: Timers;
  readonly clock: () => number;
  readonly defaultTimeout: number | undefined;
  readonly maxPending: number;
  readonly maxWaiting: number;
  /** The session that is ready for use, if there is one. */
  ready(): ClientSession | undefined;
  /** Why there is none, for `not_connected`. */
  whyNot(): UsageError;
}

interface OpenCall {
  readonly procedure: Uri;
  readonly payload: Payload;
  readonly options: Dict;
  readonly ppt: Ppt | undefined;
  /** On the injected clock. */
  readonly deadline: number | undefined;
  readonly onProgress: ((result: CallResult) => void) | undefined;
  readonly resolve: (result: CallResult) => void;
  readonly reject: (error: Error) => void;
  /** The last part has not been sent. */
  more: boolean;
  sent: { session: ClientSession; request: RequestId } | undefined;
}

export class Calling {
  readonly #context: CallingContext;
  readonly #waiting = new Set<OpenCall>();
  readonly #pending = new Set<OpenCall>();

  constructor(context: CallingContext) {
    this.#context = context;
  }

  async call(procedure: string, args: readonly unknown[], kwargs: Dict, options: CallOptions): Promise<CallResult> {
    return await this.#start(procedure, { args, kwargs, more: false }, options).result;
  }

  /** Sends the first part at once: a call in parts does not wait for a session. */
  inParts(procedure: string, first: Part, options: CallOptions): CallInParts {
    const session = this.#context.ready();
    if (!session) throw this.#context.whyNot();
    if (!hasFeature(session.joined?.details ?? {}, "dealer", "progressive_call_invocations")) {
      throw new UsageError("invalid_option", "the router takes no calls in parts: it does not announce them");
    }
    const { call, result } = this.#start(procedure, { ...first, more: true }, options);
    result.catch(() => {}); // whoever sends parts only may never look at it
    const send = (part: Part, more: boolean): boolean => this.#sendPart(call, part, more);
    return {
      send: (args = [], kwargs = {}) => send({ args, kwargs }, true),
      end: async (args = [], kwargs = {}) => {
        send({ args, kwargs }, false);
        return await result;
      },
      result,
    };
  }

  #sendPart(call: OpenCall, { args, kwargs }: Part, more: boolean): boolean {
    const { sent, procedure } = call;
    if (!this.#pending.has(call) || !call.more || sent === undefined) return false;
    const { session, request } = sent;
    const payload = sealedPayload(call.ppt, { args: [...args], kwargs: { ...kwargs } });
    session.tell({ type: "CALL", request, options: more ? { progress: true } : {}, procedure, payload });
    call.more = more;
    return true;
  }

  #start(
    procedure: string,
    { args, kwargs, more }: Part & { readonly more: boolean },
    options: CallOptions,
  ): { readonly call: OpenCall; readonly result: Promise<CallResult> } {
    const { signal } = options;
    const uri = checkUri("procedure", procedure);
    const timeout = options.timeout ?? this.#context.defaultTimeout ?? 0;
    checkMs("timeout", timeout);
    if (signal?.aborted) throw aborted(uri, signal);
    const { promise, resolve, reject } = withResolvers<CallResult>();
    const call: OpenCall = {
      procedure: uri,
      // Copied: it may be sent much later, and the caller may go on using its list.
      payload: sealedPayload(options.ppt, { args: [...args], kwargs: { ...kwargs } }),
      ppt: options.ppt,
      options: wireOptions(options.options, {
        disclose_me: options.discloseMe,
        receive_progress: options.onProgress ? true : undefined,
        progress: more ? true : undefined,
        ...passthruOptions(options.ppt),
      }),
      deadline: timeout > 0 ? this.#context.clock() + timeout : undefined,
      onProgress: options.onProgress,
      more,
      resolve,
      reject,
      sent: undefined,
    };
    this.#begin(call, options.whenDown ?? "wait");
    return { call, result: this.#settled(call, { promise, timeout, signal }) };
  }

  async #settled(
    call: OpenCall,
    { promise, timeout, signal }: { promise: Promise<CallResult>; timeout: number; signal: AbortSignal | undefined },
  ): Promise<CallResult> {
    const { procedure: uri } = call;
    const onAbort = (): void => this.#giveUp(call, aborted(uri, signal));
    const cancelTimer =
      timeout > 0 ? after(this.#context.timers, timeout, () => this.#giveUp(call, timedOut(uri, timeout))) : undefined;
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      return await promise;
    } finally {
      cancelTimer?.();
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /** A session is ready: sends what waited, in order. */
  flush(): void {
    const waiting = [...this.#waiting];
    for (const call of waiting) {
      const session = this.#context.ready();
      if (!session) return;
      if (!this.#waiting.delete(call)) continue;
      try {
        this.#send(session, call);
      } catch (error) {
        call.reject(error instanceof Error ? error : new Error(String(error)));
      }
    }
  }

  /** The client closed: nothing that waits will ever be sent. */
  close(error: Error): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const call of waiting) call.reject(error);
  }

  #begin(call: OpenCall, whenDown: "wait" | "reject"): void {
    const { maxWaiting } = this.#context;
    const session = this.#context.ready();
    if (session) {
      this.#send(session, call);
      return;
    }
    const why = this.#context.whyNot();
    if (whenDown === "reject" || why.code === "session_closed") throw why;
    if (this.#waiting.size >= maxWaiting) {
      throw new UsageError("limit_exceeded", `${maxWaiting} calls wait for the session already; ${why.message}`);
    }
    this.#waiting.add(call);
  }

  #send(session: ClientSession, call: OpenCall): void {
    const { maxPending } = this.#context;
    if (this.#pending.size >= maxPending) {
      throw new UsageError("limit_exceeded", `${maxPending} calls wait for their answer already`);
    }
    const { procedure, payload } = call;
    checkPassthru(call.ppt, session, "dealer");
    const options = this.#withTimeout(session, call);
    const pending = {
      type: "CALL",
      onReply: (reply: Reply) => this.#answered(call, reply),
      onProgress: (result: Result) => this.#progressed(call, result),
      onError: (error: ApplicationError) => this.#settle(call, () => call.reject(error)),
      onLost: (end: SessionEnd) => this.#settle(call, () => call.reject(outcomeUnknown(`call of ${procedure}`, end))),
    } as const;
    const request = session.request(pending, (request) => ({ type: "CALL", request, options, procedure, payload }));
    call.sent = { session, request };
    this.#pending.add(call);
  }

  #withTimeout(session: ClientSession, call: OpenCall): Dict {
    const welcome = session.joined?.details ?? {};
    if (call.deadline === undefined || !hasFeature(welcome, "dealer", "call_timeout")) return call.options;
    const left = Math.max(1, Math.ceil(call.deadline - this.#context.clock()));
    return { ...call.options, timeout: left };
  }

  #answered(call: OpenCall, reply: Reply): void {
    if (reply.type !== "RESULT") return;
    const { payload, details } = reply;
    this.#settle(call, () => call.resolve({ ...openedPayload(details, payload), details }));
  }

  #progressed(call: OpenCall, { payload, details }: Result): void {
    try {
      call.onProgress?.({ ...openedPayload(details, payload), details });
    } catch (error) {
      this.#giveUp(call, error instanceof Error ? error : new Error(String(error)));
    }
  }

  #settle(call: OpenCall, settle: () => void): void {
    this.#pending.delete(call);
    try {
      settle();
    } catch (error) {
      call.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** The caller does not wait any longer. A dealer that can cancel is told, so that the callee need not go on. */
  #giveUp(call: OpenCall, error: Error): void {
    this.#waiting.delete(call);
    this.#pending.delete(call);
    call.reject(error);
    if (call.sent) {
      const { session, request } = call.sent;
      session.forget(request);
      const welcome = session.joined?.details ?? {};
      if (hasFeature(welcome, "dealer", "call_canceling")) {
        session.tell({ type: "CANCEL", request, options: { mode: "killnowait" } });
      }
    }
  }
}

function aborted(procedure: Uri, signal: AbortSignal | undefined): UsageError {
  return new UsageError("aborted", `the call of ${procedure} was aborted`, { cause: signal?.reason });
}

function timedOut(procedure: Uri, ms: number): ApplicationError {
  return new ApplicationError(ErrorUri.timeout, [`${procedure} did not answer within ${ms} ms`]);
}
