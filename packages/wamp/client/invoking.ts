/**
 * The callee's half of one session: runs handlers and answers each invocation once. Owns the invocations whose handler
 * has not settled and their abort controllers; knows neither registrations nor time. What a handler throws never leaves
 * this file except as an ERROR to the caller.
 */
import { ErrorUri } from "../error-uri.ts";
import { ApplicationError, ProtocolViolation, UsageError } from "../errors.ts";
import type { RequestId } from "../id.ts";
import type { ErrorMessage, Invocation as InvocationMessage } from "../message.ts";
import { noPayload, type Payload, payloadOf } from "../payload.ts";
import type { ClientSession, SessionEnd } from "./client-session.ts";
import type { InvocationHandler } from "./conversation-options.ts";
import { describeError } from "./describe-error.ts";
import { FurtherParts, NO_PARTS } from "./further-parts.ts";
import { HandlerResult } from "./result.ts";

const INVOCATION_CODE = 68;

const MOST_ENDED = 100;

interface Running {
  readonly controller: AbortController;
  /** Of a progressive invocation. */
  readonly parts: FurtherParts | undefined;
}

export class Invoking {
  readonly #session: ClientSession;
  readonly #limit: number;
  readonly #running = new Map<RequestId, Running>();
  /** Progressive invocations that ended before their last part came: the rest of them is discarded. The latest only. */
  readonly #ended = new Set<RequestId>();

  constructor(session: ClientSession, limit: number) {
    this.#session = session;
    this.#limit = limit;
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
    } else if (this.#running.size >= this.#limit) {
      const text = `the callee is busy with ${this.#limit} invocations, which is its limit`;
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
    for (const each of running) stop(each, error);
  }

  async #run(message: InvocationMessage, uri: string, handler: InvocationHandler): Promise<void> {
    const { request, details, payload } = message;
    const controller = new AbortController();
    const further = details["progress"] === true ? new FurtherParts() : undefined;
    const running: Running = { controller, parts: further };
    this.#running.set(request, running);
    const called = details["procedure"];
    const procedure = typeof called === "string" ? called : uri;
    try {
      const { args, kwargs } = payload;
      const { signal } = controller;
      const parts = further ?? NO_PARTS;
      const progress = (value?: unknown): boolean => this.#progress(message, running, value);
      const value: unknown = await handler({ procedure, args, kwargs, details, request, signal, progress, parts });
      if (this.#running.get(request) !== running) return;
      this.#session.tell({ type: "YIELD", request, options: {}, payload: payloadFrom(value) });
    } catch (error) {
      if (this.#running.get(request) === running) this.#refuse(request, asApplicationError(error));
    } finally {
      if (this.#running.get(request) === running) this.#forget(request, running);
    }
  }

  #more({ request, details, payload: { args, kwargs } }: InvocationMessage, parts: FurtherParts): void {
    if (parts.add({ args, kwargs }, details["progress"] !== true)) return;
    const running = this.#running.get(request);
    if (!running) return;
    this.#forget(request, running);
    const error = new ApplicationError(ErrorUri.unavailable, [
      "the callee does not read the parts of the call in time",
    ]);
    this.#refuse(request, error);
    stop(running, error);
  }

  #decline({ request, details }: InvocationMessage, error: ApplicationError): void {
    if (details["progress"] === true) this.#discardRest(request);
    this.#refuse(request, error);
  }

  #forget(request: RequestId, { parts }: Running): void {
    this.#running.delete(request);
    if (parts?.complete === false) this.#discardRest(request);
  }

  #discardRest(request: RequestId): void {
    this.#ended.add(request);
    if (this.#ended.size <= MOST_ENDED) return;
    for (const oldest of this.#ended) {
      this.#ended.delete(oldest);
      return;
    }
  }

  /** Not after an INTERRUPT: the caller has its answer, or waits for the final one only. */
  #progress({ request, details }: InvocationMessage, running: Running, value: unknown): boolean {
    const wanted = details["receive_progress"] === true && !running.controller.signal.aborted;
    if (!wanted || this.#running.get(request) !== running) return false;
    this.#session.tell({ type: "YIELD", request, options: { progress: true }, payload: payloadFrom(value) });
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

function payloadFrom(value: unknown): Payload {
  if (value === undefined) return noPayload;
  if (value instanceof HandlerResult) return payloadOf(value.args, value.kwargs);
  return payloadOf([value]);
}

function asApplicationError(error: unknown): ApplicationError {
  if (error instanceof ApplicationError) return error;
  const text = describeError(error);
  if (error instanceof UsageError && error.code === "not_serializable") {
    return new ApplicationError(ErrorUri.runtimeError, [`the result cannot be sent: ${text}`]);
  }
  return new ApplicationError(ErrorUri.runtimeError, [text]);
}
