/**
 * The publisher's half of a client. Owns the publications that wait: for PUBLISHED, or for a congested transport to
 * drain. An unacknowledged publication is handed to the transport at once, so that order is kept; its promise resolves
 * when the transport takes more, which is the backpressure that a producer feels. How many may wait is bounded.
 */
import { ErrorUri } from "../error-uri.ts";
import { ApplicationError, UsageError } from "../errors.ts";
import type { PublicationId, RequestId } from "../id.ts";
import type { Dict, Publish } from "../message.ts";
import type { Uri } from "../uri.ts";
import { after, checkMs } from "./alarm.ts";
import type { Timers } from "./client-options.ts";
import type { ClientSession, Reply, SessionEnd } from "./client-session.ts";
import type { PublishOptions } from "./conversation-options.ts";
import { outcomeUnknown } from "./outcome-unknown.ts";
import { checkPassthru, passthruOptions, sealedPayload } from "./passthru.ts";
import { checkUri, wireOptions } from "./wire-options.ts";
import { withResolvers } from "../with-resolvers.ts";

export interface PublishingContext {
  readonly timers: Timers;
  readonly requestTimeout: number;
  readonly maxPending: number;
  /** The joined session, if there is one. */
  joined(): ClientSession | undefined;
  whyNot(): UsageError;
  congested(): boolean;
}

interface Waiter {
  readonly topic: Uri;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class Publishing {
  readonly #context: PublishingContext;
  readonly #undrained = new Set<Waiter>();
  #unacknowledged = 0;

  constructor(context: PublishingContext) {
    this.#context = context;
  }

  async publish(
    topic: string,
    args: readonly unknown[],
    kwargs: Dict,
    options: PublishOptions,
  ): Promise<PublicationId | undefined> {
    const uri = checkUri("topic", topic);
    const { signal, acknowledge } = options;
    const timeout = checkMs("timeout", options.timeout ?? this.#context.requestTimeout, 1);
    if (signal?.aborted) throw aborted(uri, signal);
    const session = this.#context.joined();
    if (!session) throw this.#context.whyNot();
    checkPassthru(options.ppt, session, "broker");
    const { maxPending } = this.#context;
    if (this.#undrained.size + this.#unacknowledged >= maxPending) {
      throw new UsageError("limit_exceeded", `${maxPending} publications wait already: the router does not keep up`);
    }
    const message = {
      type: "PUBLISH",
      options: wireOptions(options.options, {
        acknowledge: acknowledge === true ? true : undefined,
        exclude_me: options.excludeMe,
        disclose_me: options.discloseMe,
        exclude: options.exclude,
        eligible: options.eligible,
        ...passthruOptions(options.ppt),
      }),
      topic: uri,
      payload: sealedPayload(options.ppt, { args, kwargs }),
    } as const;
    if (acknowledge === true) return await this.#acknowledged(session, message, { signal, timeout });
    session.announce((request) => ({ ...message, request }));
    if (this.#context.congested()) await this.#drained(uri, signal);
    return undefined;
  }

  /** The transport takes more. */
  drain(): void {
    const waiting = [...this.#undrained];
    this.#undrained.clear();
    for (const waiter of waiting) waiter.resolve();
  }

  /** The session ended with publications in its queue. */
  lost(end: SessionEnd): void {
    const waiting = [...this.#undrained];
    this.#undrained.clear();
    for (const { topic, reject } of waiting) reject(outcomeUnknown(`publication to ${topic}`, end));
  }

  async #drained(topic: Uri, signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve, reject } = withResolvers<void>();
    const waiter: Waiter = { topic, resolve, reject };
    this.#undrained.add(waiter);
    const onAbort = (): void => reject(aborted(topic, signal));
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      await promise;
    } finally {
      this.#undrained.delete(waiter);
      signal?.removeEventListener("abort", onAbort);
    }
  }

  async #acknowledged(
    session: ClientSession,
    message: Omit<Publish, "request">,
    { signal, timeout }: { signal: AbortSignal | undefined; timeout: number },
  ): Promise<PublicationId> {
    const { topic } = message;
    const { promise, resolve, reject } = withResolvers<PublicationId>();
    const pending = {
      type: "PUBLISH",
      onReply: (reply: Reply) => reply.type === "PUBLISHED" && resolve(reply.publication),
      onError: (error: ApplicationError) => reject(error),
      onLost: (end: SessionEnd) => reject(outcomeUnknown(`publication to ${topic}`, end)),
    } as const;
    const request: RequestId = session.request(pending, (request) => ({ ...message, request }));
    this.#unacknowledged += 1;
    const onAbort = (): void => reject(aborted(topic, signal));
    const cancelTimer = after(this.#context.timers, timeout, () => {
      const text = `the broker did not acknowledge the publication to ${topic} within ${timeout} ms`;
      reject(new ApplicationError(ErrorUri.timeout, [text], { outcome: "unknown" }));
    });
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      return await promise;
    } finally {
      this.#unacknowledged -= 1;
      cancelTimer();
      session.forget(request);
      signal?.removeEventListener("abort", onAbort);
    }
  }
}

function aborted(topic: Uri, signal: AbortSignal | undefined): UsageError {
  return new UsageError("aborted", `the publication to ${topic} was aborted`, { cause: signal?.reason });
}
