/**
 * One registration or subscription that is wanted, over any number of sessions. Owns its phase in the present session,
 * the id the router gave it, who waits for its first success, and its retries. Knows neither handlers nor the order of
 * restoring.
 */
import { ErrorUri } from "../error-uri.ts";
import { ApplicationError, UsageError } from "../errors.ts";
import { type RegistrationId, type SubscriptionId, toId } from "../id.ts";
import type { Dict } from "../message.ts";
import type { Match, Uri } from "../uri.ts";
import { after } from "./alarm.ts";
import type { Timers } from "./client-options.ts";
import type { ClientSession, Reply } from "./client-session.ts";
import { describeError } from "./describe-error.ts";
import { ReconnectSchedule, type ReconnectOptions } from "./reconnect-schedule.ts";
import { withResolvers } from "../with-resolvers.ts";
import { hasFeature } from "../roles.ts";

export interface DeclarationSpec {
  readonly kind: "registration" | "subscription";
  readonly uri: Uri;
  readonly match: Match;
  /** As on the wire. */
  readonly options: Dict;
  /** Keep trying when somebody else holds the procedure, also before the first success. */
  readonly retryTaken: boolean;
  /** Take the procedure from the same principal; `{authid}`: only when welcomed as that one. */
  readonly force?: boolean | { readonly authid: string } | undefined;
}

export interface DeclarationContext {
  readonly timers: Timers;
  readonly random: () => number;
  readonly clock: () => number;
  readonly requestTimeout: number;
  readonly retry: Partial<ReconnectOptions>;
  /** The router does not answer: the link is as good as dead. */
  onUnanswered(error: Error): void;
  /** The phase changed to held, failed or dropped. */
  onSettled(declaration: Declaration): void;
}

/** `dropped`: refused before it ever succeeded, or withdrawn. Final. */
type Phase = "absent" | "asked" | "held" | "failed" | "dropped";

export class Declaration {
  readonly spec: DeclarationSpec;
  readonly #context: DeclarationContext;
  readonly #retries: ReconnectSchedule;
  readonly #waiting = new Set<{ resolve: () => void; reject: (error: Error) => void }>();
  #phase: Phase = "absent";
  #session: ClientSession | undefined;
  #id: number | undefined;
  #error: Error | undefined;
  #wasHeld = false;
  #unwanted = false;
  /** The router took it away in the present session. */
  #evicted = false;
  #cancelTimer: (() => void) | undefined;

  constructor(spec: DeclarationSpec, context: DeclarationContext) {
    this.spec = spec;
    this.#context = context;
    this.#retries = new ReconnectSchedule(context.retry, context.random);
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** In the present session, while held. */
  get id(): number | undefined {
    return this.#id;
  }

  /** Why the router does not hold it, in phase `failed`. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** Somebody else holds the procedure; quite often this client's own session of before, not yet missed by the router. */
  get taken(): boolean {
    return this.#error instanceof ApplicationError && this.#error.uri === ErrorUri.procedureAlreadyExists;
  }

  /** Withdrawn while the request was in flight: it goes when the answer comes, unless somebody wants it again. */
  get unwanted(): boolean {
    return this.#unwanted;
  }

  wantAgain(): void {
    this.#unwanted = false;
  }

  /** Resolves when the router holds it; rejects when it is refused for good, the signal aborts, or the client closes. */
  async held(signal: AbortSignal | undefined): Promise<void> {
    if (this.#phase === "held") return;
    const { promise, resolve, reject } = withResolvers<void>();
    const entry = { resolve, reject };
    const abort = (): void => {
      const text = `waiting for the ${this.spec.kind} of ${this.spec.uri} was aborted`;
      reject(new UsageError("aborted", text, { cause: signal?.reason }));
    };
    this.#waiting.add(entry);
    signal?.addEventListener("abort", abort, { once: true });
    try {
      await promise;
    } finally {
      this.#waiting.delete(entry);
      signal?.removeEventListener("abort", abort);
    }
  }

  ask(session: ClientSession): void {
    if (this.#phase === "dropped") return;
    this.#stopTimer();
    this.#session = session;
    this.#phase = "asked";
    const { kind, uri } = this.spec;
    const options = this.#mayForce(session) ? { ...this.spec.options, force_reregister: true } : this.spec.options;
    const type = kind === "registration" ? "REGISTER" : "SUBSCRIBE";
    const pending = {
      type,
      onReply: (reply: Reply) => this.#answered(reply),
      onError: (error: ApplicationError) => this.#refused(error),
      onLost: () => {},
    } as const;
    try {
      session.request(pending, (request) =>
        type === "REGISTER" ? { type, request, options, procedure: uri } : { type, request, options, topic: uri },
      );
      this.#expectAnswer(type);
    } catch (error) {
      this.#refused(error instanceof Error ? error : new Error(describeError(error)));
    }
  }

  /** The session ended. */
  lost(): void {
    this.#stopTimer();
    this.#session = undefined;
    this.#id = undefined;
    this.#evicted = false;
    if (this.#unwanted) this.#drop(undefined);
    else if (this.#phase !== "dropped") this.#phase = "absent";
  }

  /** The router took it away (spec "Registration revocation"); it is wanted all the same. */
  revoked(reason: string): void {
    if (this.#phase !== "held") return;
    this.#id = undefined;
    this.#evicted = true;
    this.#fail(new ApplicationError(ErrorUri.canceled, [`the router revoked it: ${reason}`]));
  }

  /** Wanted no longer. Resolves when the router has been told, at once if there is nothing to tell. */
  async withdraw(): Promise<void> {
    if (this.#phase === "dropped") return;
    if (this.#phase === "asked") {
      this.#unwanted = true;
      return;
    }
    const { promise, resolve } = withResolvers<void>();
    const told = this.#phase === "held" && this.#tellReverse(resolve);
    this.#drop(undefined, told);
    if (told) await promise;
  }

  /** The client closed. */
  close(error: Error): void {
    this.#drop(error);
  }

  #mayForce({ joined }: ClientSession): boolean {
    const { force } = this.spec;
    if (!force || this.#evicted || joined === undefined) return false;
    if (force !== true && joined.details["authid"] !== force.authid) return false;
    return hasFeature(joined.details, "dealer", "registration_revocation");
  }

  #answered(reply: Reply): void {
    this.#stopTimer();
    if (reply.type === "REGISTERED") this.#id = reply.registration;
    else if (reply.type === "SUBSCRIBED") this.#id = reply.subscription;
    if (this.#unwanted) {
      const told = this.#tellReverse(() => {});
      this.#drop(undefined, told);
      return;
    }
    this.#phase = "held";
    this.#wasHeld = true;
    this.#error = undefined;
    this.#retries.reset();
    this.#context.onSettled(this);
    for (const { resolve } of this.#waiting) resolve();
  }

  #refused(error: Error): void {
    this.#stopTimer();
    const taken = error instanceof ApplicationError && error.uri === ErrorUri.procedureAlreadyExists;
    if (this.#unwanted) this.#drop(undefined);
    else if (this.#wasHeld || (taken && this.spec.retryTaken)) this.#fail(error);
    else this.#drop(error);
  }

  #fail(error: Error): void {
    this.#phase = "failed";
    this.#error = error;
    const session = this.#session;
    const delay = this.#retries.down(this.#context.clock());
    this.#cancelTimer = after(this.#context.timers, delay, () => {
      if (session?.phase === "established") this.ask(session);
    });
    this.#context.onSettled(this);
  }

  #drop(error: Error | undefined, keepTimer = false): void {
    if (!keepTimer) this.#stopTimer();
    this.#phase = "dropped";
    this.#id = undefined;
    this.#context.onSettled(this);
    const reason = error ?? new UsageError("aborted", `the ${this.spec.kind} of ${this.spec.uri} was withdrawn`);
    for (const { reject } of this.#waiting) reject(reason);
  }

  /** Sends UNREGISTER or UNSUBSCRIBE; `done` is called when it is answered in any way. False if it could not be sent. */
  #tellReverse(done: () => void): boolean {
    const session = this.#session;
    const id = this.#id;
    if (session?.phase !== "established" || id === undefined) return false;
    const type = this.spec.kind === "registration" ? "UNREGISTER" : "UNSUBSCRIBE";
    const finish = (): void => {
      this.#stopTimer();
      done();
    };
    const pending = { type, onReply: finish, onError: finish, onLost: finish } as const;
    try {
      session.request(pending, (request) =>
        type === "UNREGISTER"
          ? { type, request, registration: toId<RegistrationId>(id) }
          : { type, request, subscription: toId<SubscriptionId>(id) },
      );
    } catch (error) {
      // The router would keep what nobody wants: only a new session makes it forget.
      this.#context.onUnanswered(new Error(`${type} of ${this.spec.uri} could not be sent: ${describeError(error)}`));
      return false;
    }
    this.#expectAnswer(type);
    return true;
  }

  #expectAnswer(type: string): void {
    const ms = this.#context.requestTimeout;
    this.#cancelTimer = after(this.#context.timers, ms, () => {
      const text = `the router did not answer ${type} of ${this.spec.uri} within ${ms} ms`;
      this.#context.onUnanswered(new ApplicationError(ErrorUri.timeout, [text]));
    });
  }

  #stopTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }
}
