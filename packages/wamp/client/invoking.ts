/**
 * The callee's half of one session: runs handlers and answers each invocation once. Owns the invocations whose handler
 * has not settled and their abort controllers; knows neither registrations nor time. What a handler throws never leaves
 * this file except as an ERROR to the caller.
 */
import { ErrorUri } from "../error-uri.ts";
import { ApplicationError, ProtocolViolation, UsageError } from "../errors.ts";
import type { RequestId } from "../id.ts";
import type { Dict, ErrorMessage, Invocation as InvocationMessage } from "../message.ts";
import { noPayload, type Payload, payloadOf } from "../payload.ts";
import { after, LONGEST } from "./alarm.ts";
import type { Timers } from "./client-options.ts";
import type { ClientSession, SessionEnd } from "./client-session.ts";
import type { InvocationHandler } from "./conversation-options.ts";
import { describeError } from "./describe-error.ts";
import { FurtherParts, NO_PARTS } from "./further-parts.ts";
import { openedPayload, passthruOptions, sealedPayload } from "./passthru.ts";
import { HandlerResult } from "./result.ts";
import { wireOptions } from "./wire-options.ts";

const INVOCATION_CODE = 68;
const UNREAD = "the callee does not read the parts of the call in time";

export interface InvokingLimits {
  /** Invocations whose handler still runs. */
  readonly invocations: number;
  /** Parts of one invocation that its handler has not read. */
  readonly unreadParts: number;
  /** Invocations that ended before their last part came, of which the rest is known to be discarded. */
  readonly endedInvocations: number;
}

interface Running {
  readonly controller: AbortController;
  /** Ends the watch on its time. */
  stopTimer: () => void;
  /** The payload of its parts is read as that of the first. */
  readonly details: Dict;
  /** Of a progressive invocation. */
  readonly parts: FurtherParts | undefined;
}

export class Invoking {
  readonly #session: ClientSession;
  readonly #limits: InvokingLimits;
  readonly #timers: Timers;
  readonly #running = new Map<RequestId, Running>();
  /** Progressive invocations that ended before their last part came: the rest of them is discarded. The latest only. */
  readonly #ended = new Set<RequestId>();

  constructor(session: ClientSession, limits: InvokingLimits, timers: Timers) {
    this.#session = session;
    this.#limits = limits;
    this.#timers = timers;
  }

  /** `registered`: the URI of the registration, and its handler; undefined when this session no longer offers it. */
  invoke(message: InvocationMessage, registered: { uri: string; handler: InvocationHandler } | undefined): void {
    const running = this.#running.get(message.request);
    if (running?.parts?.complete === false) {
      this.#more(message, running.parts);
    } else if (this.#ended.has(message.request)) {
      if (message.details["progress"] !== true) this.#ended.delete(message.request);
    } else if (running) {
      this.#session.abort(new ProtocolViolation(`the router sent INVOCATION ${message.request} twice`));
    } else if (!registered) {
      this.#decline(message, new ApplicationError(ErrorUri.noSuchProcedure, ["it was just unregistered"]));
    } else if (this.#running.size >= this.#limits.invocations) {
      const text = `the callee is busy with ${this.#limits.invocations} invocations, which is its limit`;
      this.#decline(message, new ApplicationError(ErrorUri.unavailable, [text]));
    } else {
      void this.#run(message, registered.uri, registered.handler);
    }
  }

  interrupt(request: RequestId): void {
    const running = this.#running.get(request);
    if (running) stop(running, new ApplicationError(ErrorUri.canceled, ["the call was canceled"]));
  }

  /** The session is gone: nobody waits for the answers. */
  end(end: SessionEnd): void {
    const error = new ApplicationError(ErrorUri.canceled, [`the session ended: ${end.words}`]);
    const running = [...this.#running.values()];
    this.#running.clear();
    for (const each of running) {
      each.stopTimer();
      stop(each, error);
    }
  }

  async #run(message: InvocationMessage, uri: string, handler: InvocationHandler): Promise<void> {
    const { request, details, payload } = message;
    const controller = new AbortController();
    const further = details["progress"] === true ? new FurtherParts(this.#limits.unreadParts) : undefined;
    const running: Running = { controller, parts: further, details, stopTimer: () => undefined };
    this.#running.set(request, running);
    this.#watchTime(request, running);
    const called = details["procedure"];
    const procedure = typeof called === "string" ? called : uri;
    try {
      const { args, kwargs } = openedPayload(details, payload);
      const { signal } = controller;
      const parts = further ?? NO_PARTS;
      const progress = (value?: unknown): boolean => this.#progress(message, running, value);
      const value: unknown = await handler({ procedure, args, kwargs, details, request, signal, progress, parts });
      if (this.#running.get(request) !== running) return;
      this.#session.tell({ type: "YIELD", request, ...answerFrom(value) });
    } catch (error) {
      if (this.#running.get(request) === running) this.#refuse(request, asApplicationError(error));
    } finally {
      if (this.#running.get(request) === running) this.#forget(request, running);
    }
  }

  #more({ request, details, payload }: InvocationMessage, parts: FurtherParts): void {
    const running = this.#running.get(request);
    if (!running) return;
    try {
      if (parts.add(openedPayload(running.details, payload), details["progress"] !== true)) return;
      this.#give(request, new ApplicationError(ErrorUri.unavailable, [UNREAD]));
    } catch (error) {
      this.#give(request, asApplicationError(error));
    }
  }

  /** Ends an invocation with an error before its handler does. */
  #give(request: RequestId, error: ApplicationError): void {
    const running = this.#running.get(request);
    if (!running) return;
    this.#forget(request, running);
    this.#refuse(request, error);
    stop(running, error);
  }

  /** A dealer that forwards the timeout does not watch it (spec "Call Timeout"): to the first result, and between results. */
  #watchTime(request: RequestId, running: Running): void {
    const timeout = running.details["timeout"];
    if (typeof timeout !== "number" || timeout <= 0) return;
    running.stopTimer();
    const ms = Math.min(timeout, LONGEST);
    const words = `the call was not answered within ${timeout} ms`;
    running.stopTimer = after(this.#timers, ms, () =>
      this.#give(request, new ApplicationError(ErrorUri.timeout, [words])),
    );
  }

  #decline({ request, details }: InvocationMessage, error: ApplicationError): void {
    if (details["progress"] === true) this.#discardRest(request);
    this.#refuse(request, error);
  }

  #forget(request: RequestId, { parts, stopTimer }: Running): void {
    stopTimer();
    this.#running.delete(request);
    if (parts?.complete === false) this.#discardRest(request);
  }

  #discardRest(request: RequestId): void {
    this.#ended.add(request);
    if (this.#ended.size <= this.#limits.endedInvocations) return;
    for (const oldest of this.#ended) {
      this.#ended.delete(oldest);
      return;
    }
  }

  /** Not after an INTERRUPT: the caller has its answer, or waits for the final one only. */
  #progress({ request, details }: InvocationMessage, running: Running, value: unknown): boolean {
    const wanted = details["receive_progress"] === true && !running.controller.signal.aborted;
    if (!wanted || this.#running.get(request) !== running) return false;
    const { options, payload } = answerFrom(value);
    this.#session.tell({ type: "YIELD", request, options: { ...options, progress: true }, payload });
    this.#watchTime(request, running);
    return true;
  }

  #refuse(request: RequestId, error: ApplicationError): void {
    const answer = { type: "ERROR", requestType: INVOCATION_CODE, request, details: {}, error: error.uri } as const;
    try {
      this.#session.tell({ ...answer, payload: payloadOf(error.args, error.kwargs) });
    } catch {
      this.#refuseWithoutPayload({ ...answer, payload: noPayload });
    }
  }

  /** The payload is too large or cannot be serialized; the caller still has to be told the URI. */
  #refuseWithoutPayload(answer: ErrorMessage): void {
    try {
      this.#session.tell(answer);
    } catch (error) {
      this.#session.abort(new Error(`an invocation could not be answered: ${describeError(error)}`));
    }
  }
}

function stop({ controller, parts }: Running, error: Error): void {
  controller.abort(error);
  parts?.fail(error);
}

function answerFrom(value: unknown): { readonly options: Dict; readonly payload: Payload } {
  if (value === undefined) return { options: {}, payload: noPayload };
  if (!(value instanceof HandlerResult)) return { options: {}, payload: payloadOf([value]) };
  const { ppt } = value;
  return { options: wireOptions(undefined, passthruOptions(ppt)), payload: sealedPayload(ppt, value) };
}

function asApplicationError(error: unknown): ApplicationError {
  if (error instanceof ApplicationError) return error;
  const text = describeError(error);
  if (error instanceof UsageError && error.code === "not_serializable") {
    return new ApplicationError(ErrorUri.runtimeError, [`the result cannot be sent: ${text}`]);
  }
  return new ApplicationError(ErrorUri.runtimeError, [text]);
}
