/**
 * The client that applications use: one identity in one realm over any number of connections. Owns who listens and who
 * waits for readiness, and ties the parts together; each part keeps its own state.
 */
import { CloseUri } from "../error-uri.ts";
import { UsageError } from "../errors.ts";
import type { PublicationId } from "../id.ts";
import type { Dict } from "../message.ts";
import { Calling } from "./calling.ts";
import { clientSettings, type ClientSettings } from "./client-settings.ts";
import type { ClientOptions } from "./client-options.ts";
import type { ClientSession, SessionEnd } from "./client-session.ts";
import type { ClientState, ClientStatus, JoinedSession } from "./client-status.ts";
import { Connecting } from "./connecting.ts";
import type {
  CallInParts,
  CallOptions,
  CallResult,
  EventHandler,
  InvocationHandler,
  PublishOptions,
  Registration,
  RegisterOptions,
  SubscribeOptions,
  Subscription,
} from "./conversation-options.ts";
import { DeclaredState } from "./declared-state.ts";
import { Invoking } from "./invoking.ts";
import { Publishing } from "./publishing.ts";
import type { ReadingSubscribeOptions, ReadingSubscription } from "./readings/reading-options.ts";
import { checkUri } from "./wire-options.ts";
import { withResolvers } from "../with-resolvers.ts";

const NO_ARGS: readonly unknown[] = [];
const NO_KWARGS: Dict = {};

interface ReadyWaiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class Client {
  readonly #settings: ClientSettings;
  readonly #connecting: Connecting;
  readonly #declared: DeclaredState;
  readonly #calling: Calling;
  readonly #publishing: Publishing;
  readonly #listeners = new Set<(status: ClientStatus) => void>();
  readonly #waitingForReady = new Set<ReadyWaiter>();
  #invoking: Invoking | undefined;

  /** @throws UsageError `invalid_option`. Nothing is connected before `open`. */
  constructor(options: ClientOptions) {
    const settings = clientSettings(options);
    this.#settings = settings;
    const { timers, clock, limits, requestTimeout } = settings;
    const whyNot = (): UsageError => this.#whyNot();
    this.#connecting = new Connecting(settings, {
      onEvent: (event) => this.#declared.dispatch(event),
      onInvocation: (invocation) => this.#invoking?.invoke(invocation, this.#declared.callee(invocation.registration)),
      onInterrupt: (interrupt) => this.#invoking?.interrupt(interrupt.request),
      onRevoked: (revocation) => this.#declared.revoked(revocation),
      onJoined: (session) => this.#joined(session),
      onLost: (end) => this.#lost(end),
      onState: () => this.#stateChanged(),
      onDrain: () => this.#publishing.drain(),
    });
    this.#declared = new DeclaredState({
      ...settings,
      retry: settings.retry,
      limit: limits.declarations,
      onUnanswered: (error) => this.#connecting.giveUp(error),
      onUnrestoredChanged: () => this.#tellListeners(),
    });
    this.#calling = new Calling({
      timers,
      clock,
      defaultTimeout: settings.callTimeout,
      maxPending: limits.pendingCalls,
      maxWaiting: limits.waitingCalls,
      ready: () => (this.state === "ready" ? this.#connecting.session : undefined),
      whyNot,
    });
    this.#publishing = new Publishing({
      timers,
      requestTimeout,
      maxPending: limits.pendingPublishes,
      joined: () => this.#connecting.session,
      whyNot,
      congested: () => this.#connecting.congested,
    });
  }

  get state(): ClientState {
    return this.#connecting.state;
  }

  get status(): ClientStatus {
    const { state, cause, error, retryIn, attempt } = this.#connecting;
    return { state, cause, error, retryIn, attempt, unrestored: this.#declared.unrestored };
  }

  /** The session, from WELCOME to its end. */
  get session(): JoinedSession | undefined {
    return this.#connecting.session?.joined;
  }

  /** Starts connecting; returns at once. Failures are told to `onState` and retried. A second call does nothing. */
  open(): void {
    this.#connecting.open();
  }

  /** Resolves when the client is `ready` (also again, after a loss). Rejects when it is closed or the signal aborts. */
  async ready(signal?: AbortSignal): Promise<void> {
    if (signal?.aborted)
      throw new UsageError("aborted", "waiting for the session was aborted", { cause: signal.reason });
    if (this.state === "ready") return;
    if (this.#connecting.over) throw this.#whyNot();
    const { promise, resolve, reject } = withResolvers<void>();
    const waiter: ReadyWaiter = { resolve, reject };
    const onAbort = (): void =>
      reject(new UsageError("aborted", "waiting for the session was aborted", { cause: signal?.reason }));
    this.#waitingForReady.add(waiter);
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      await promise;
    } finally {
      this.#waitingForReady.delete(waiter);
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /** Calls `listener` after each change of `status`, not for the present one. Returns how to stop it. */
  onState(listener: (status: ClientStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Calls a procedure. Rejects with the callee's or router's ApplicationError; `wamp.error.timeout` after
   * `options.timeout`; `wamp.error.network_failure` with kwargs `{outcome: "unknown"}` when the session ends first; or a
   * UsageError: `aborted`, `not_connected`, `session_closed`, `limit_exceeded`, `invalid_option`, `not_serializable`.
   */
  call(
    procedure: string,
    args: readonly unknown[] = NO_ARGS,
    kwargs: Dict = NO_KWARGS,
    options: CallOptions = {},
  ): Promise<CallResult> {
    return this.#calling.call(procedure, args, kwargs, options);
  }

  /**
   * Calls a procedure and sends its arguments in parts, these being the first. The router and the callee must know
   * progressive call invocations: `invalid_option` if the router does not, `wamp.error.feature_not_supported` if the callee
   * does not. @throws UsageError as `call` rejects; without a session `not_connected`, whatever `whenDown` says.
   */
  callInParts(
    procedure: string,
    args: readonly unknown[] = NO_ARGS,
    kwargs: Dict = NO_KWARGS,
    options: CallOptions = {},
  ): CallInParts {
    return this.#calling.inParts(procedure, { args, kwargs }, options);
  }

  /**
   * Publishes an event. Unacknowledged (default): resolves with undefined once the transport has taken it, later while
   * the transport is congested. Without a session it rejects with `not_connected`: nothing is kept. An unacknowledged
   * publication may be left unawaited; its rejection then counts as seen.
   */
  publish(
    topic: string,
    args: readonly unknown[] = NO_ARGS,
    kwargs: Dict = NO_KWARGS,
    options: PublishOptions = {},
  ): Promise<PublicationId | undefined> {
    const published = this.#publishing.publish(topic, args, kwargs, options);
    if (options.acknowledge !== true) published.catch(() => {});
    return published;
  }

  /**
   * Declares a registration: for this session and every later one. Resolves at its first success, which may be long
   * after if the link is down; rejects if the router refuses it then, and it is not declared any more.
   */
  async register(procedure: string, handler: InvocationHandler, options: RegisterOptions = {}): Promise<Registration> {
    if (this.#connecting.over) throw this.#whyNot();
    return await this.#declared.register(procedure, handler, options);
  }

  /**
   * Declares a subscription, like `register`. Several handlers on one topic and match share it. With `from`, of readings: what the
   * boards' histories hold after the cursor and what comes live are joined, in order per stream, each reading once; what will not come is
   * told to `onReadingGap`.
   */
  subscribe(topic: string, handler: EventHandler, options: ReadingSubscribeOptions): Promise<ReadingSubscription>;
  subscribe(topic: string, handler: EventHandler, options?: SubscribeOptions): Promise<Subscription>;
  async subscribe(
    topic: string,
    handler: EventHandler,
    options: SubscribeOptions | ReadingSubscribeOptions = {},
  ): Promise<Subscription> {
    if (this.#connecting.over) throw this.#whyNot();
    if ("from" in options) {
      const settings = this.#settings;
      const onError = (error: unknown, where: string): void => settings.onError(error, where);
      const context = { client: this, timers: settings.timers, onError };
      // the half of a client that boards never need
      const { ResumedReadings } = await import("./readings/resumed-readings.ts");
      return await new ResumedReadings(context, topic, handler, options).subscribe();
    }
    return await this.#declared.subscribe(topic, handler, options);
  }

  /** Says GOODBYE, waits for the reply within a limit, and stays closed. Never rejects for a link that is down. */
  async close(reason: string = CloseUri.closeRealm, message?: string): Promise<void> {
    await this.#connecting.close(checkUri("reason", reason), message);
  }

  #joined(session: ClientSession): void {
    this.#invoking = new Invoking(session, this.#settings.limits, this.#settings.timers);
    this.#declared.restore(session, () => this.#connecting.restored());
  }

  #lost(end: SessionEnd): void {
    this.#invoking?.end(end);
    this.#invoking = undefined;
    this.#declared.lost();
    this.#publishing.lost(end);
  }

  #stateChanged(): void {
    if (this.state === "ready") this.#nowReady();
    if (this.#connecting.over) this.#nowClosed();
    this.#tellListeners();
  }

  #nowReady(): void {
    this.#calling.flush();
    for (const { resolve } of this.#waitingForReady) resolve();
  }

  #nowClosed(): void {
    const error = this.#whyNot();
    this.#calling.close(error);
    this.#declared.close(error);
    for (const { reject } of this.#waitingForReady) reject(error);
  }

  #tellListeners(): void {
    const status = this.status;
    for (const listener of this.#listeners) {
      try {
        listener(status);
      } catch (error) {
        this.#settings.onError(error, "listener of the client's state");
      }
    }
  }

  #whyNot(): UsageError {
    const { over, cause, error, state } = this.#connecting;
    const why = cause === undefined ? "" : `: ${cause}`;
    if (over) return new UsageError("session_closed", `the client is closed${why}`, { cause: error });
    return new UsageError("not_connected", `the session is not ready (${state})${why}`, { cause: error });
  }
}
