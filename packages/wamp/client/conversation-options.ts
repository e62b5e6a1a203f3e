/** What callers, callees, publishers and subscribers pass to and get from a client. */
import type { PublicationId, RegistrationId, RequestId, SessionId, SubscriptionId } from "../id.ts";
import type { Dict } from "../message.ts";
import type { Match, Uri } from "../uri.ts";
import type { Part } from "./further-parts.ts";
import type { Ppt } from "./passthru.ts";

export interface CallOptions {
  /** ms from the call of `call` to its end, waiting for the session included. 0: none, whatever the client's default. */
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Asks the dealer to tell the callee who calls. */
  readonly discloseMe?: boolean | undefined;
  /**
   * Called with each progressive result before the final one, which the promise gives. Asks the callee for them. What it
   * throws rejects the call, which is then canceled.
   */
  readonly onProgress?: ((result: CallResult) => void) | undefined;
  /** While the session is not ready: wait for it (default), or reject with `not_connected`. */
  readonly whenDown?: "wait" | "reject" | undefined;
  /** Sends an opaque payload, past a router that passes them on. */
  readonly ppt?: Ppt | undefined;
  /** Further CALL.Options, as on the wire. */
  readonly options?: Dict | undefined;
}

export interface CallResult {
  readonly args: readonly unknown[];
  readonly kwargs: Dict;
  readonly details: Dict;
}

/** A call whose arguments are sent in parts; the first was sent when it was made. */
export interface CallInParts {
  /** Sends a further part. False, and nothing is sent, when the call has ended. @throws UsageError `not_serializable` */
  send(args?: readonly unknown[], kwargs?: Dict): boolean;
  /** Sends the last part and gives the result. */
  end(args?: readonly unknown[], kwargs?: Dict): Promise<CallResult>;
  /** As of `call`. May come before the last part; then nothing more need be sent. */
  readonly result: Promise<CallResult>;
}

export interface PublishOptions {
  /** True: the promise resolves with the publication id once the broker has accepted, or rejects. */
  readonly acknowledge?: boolean | undefined;
  /** False: this session gets the event too if it is subscribed. */
  readonly excludeMe?: boolean | undefined;
  readonly discloseMe?: boolean | undefined;
  readonly exclude?: readonly SessionId[] | undefined;
  readonly eligible?: readonly SessionId[] | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Limit on the acknowledgement, ms. Default: the client's `requestTimeout`. */
  readonly timeout?: number | undefined;
  /** Sends an opaque payload, past a router that passes them on. */
  readonly ppt?: Ppt | undefined;
  /** Further PUBLISH.Options, as on the wire. */
  readonly options?: Dict | undefined;
}

export interface Invocation {
  /** The URI that was called; differs from the registered one for pattern registrations. */
  readonly procedure: string;
  readonly args: readonly unknown[];
  readonly kwargs: Dict;
  readonly details: Dict;
  readonly request: RequestId;
  /** Aborted when the caller cancels, the call times out (at the dealer, or here with `forwardTimeout`), or the session ends. */
  readonly signal: AbortSignal;
  /**
   * Sends a progressive result, made of the value as the final one is. False, and nothing is sent, when the caller takes none
   * or the call has ended. @throws UsageError `not_serializable`
   */
  readonly progress: (value?: unknown) => boolean;
  /**
   * What the caller sends of this call after the first part (progressive call invocation), up to the last; nothing if the call
   * came as a whole. Reading throws the reason of `signal` when the call ends before. At most `limits.unreadParts` may lie unread: with
   * one more the call fails with `wamp.error.unavailable`.
   */
  readonly parts: AsyncIterable<Part>;
}

/**
 * Answers an invocation: undefined = no args, `result(args, kwargs)` = both, anything else = one argument. A thrown
 * ApplicationError crosses the wire as it is, any other exception as `wamp.error.runtime_error` with its message.
 */
export type InvocationHandler = (invocation: Invocation) => unknown;

export interface RegisterOptions {
  readonly match?: Match | undefined;
  readonly invoke?: "single" | "roundrobin" | "random" | "first" | "last" | undefined;
  readonly discloseCaller?: boolean | undefined;
  /** Calls of this registration at a time, kept by a dealer that can; a dealer that cannot ignores it. */
  readonly concurrency?: number | undefined;
  /**
   * Watches the timeout of calls here instead of at the dealer (`forward_timeout`): the handler's signal is aborted, and the caller
   * gets `wamp.error.timeout` at once.
   */
  readonly forwardTimeout?: boolean | undefined;
  /**
   * When somebody else holds the procedure at the first try: reject (default), or keep trying. A registration that
   * has once succeeded is always retried.
   */
  readonly whenTaken?: "reject" | "retry" | undefined;
  /**
   * Take the procedure from a session of the same principal, as a rule this client's own ghost (`force_reregister`). True:
   * always; `{authid}`: only in a session that the router welcomed as that one, for routers that let anybody evict anybody.
   * Sent only to a dealer that announces `registration_revocation`, and not after being evicted oneself in this session:
   * two clients of one name do not evict each other in turns, the older one learns that the procedure is taken.
   */
  readonly force?: boolean | { readonly authid: string } | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Further REGISTER.Options, as on the wire. */
  readonly options?: Dict | undefined;
}

export interface Registration {
  readonly procedure: Uri;
  readonly match: Match;
  /** Undefined while the router does not hold it; changes with each session. */
  readonly id: RegistrationId | undefined;
  /** Ends it, now and for sessions to come. Resolves also when the link is down. */
  unregister(): Promise<void>;
}

export interface ReceivedEvent {
  readonly topic: string;
  readonly args: readonly unknown[];
  readonly kwargs: Dict;
  readonly details: Dict;
  readonly publication: PublicationId;
}

export type EventHandler = (event: ReceivedEvent) => void | Promise<void>;

/** Events that the router left out because this client did not take them fast enough. */
export interface EventGap {
  /** As subscribed to. */
  readonly topic: Uri;
  /** How many, since the event before. */
  readonly dropped: number;
}

export interface SubscribeOptions {
  readonly match?: Match | undefined;
  readonly getRetained?: boolean | undefined;
  /**
   * Called before the event that follows a gap: a Pinion router with a policy other than `disconnect` left out events of this
   * subscription, and said so (`pinion_dropped` in the details). What state they would have told has to be asked for.
   */
  readonly onGap?: ((gap: EventGap) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Further SUBSCRIBE.Options, as on the wire. */
  readonly options?: Dict | undefined;
}

export interface Subscription {
  readonly topic: Uri;
  readonly match: Match;
  /** Undefined while the router does not hold it; changes with each session. */
  readonly id: SubscriptionId | undefined;
  /** Ends this handler; the last one on a topic ends the subscription. Resolves also when the link is down. */
  unsubscribe(): Promise<void>;
}
