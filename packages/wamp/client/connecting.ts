/**
 * Keeps a client connected: connect, join, hold, and after every failure wait and try again, for ever unless told
 * otherwise. Owns the present transport and session, the limits of time on connecting, joining and closing, and the
 * state that the client reports. Knows nothing of calls, publications or what is declared.
 */
import { CloseUri, ErrorUri } from "../error-uri.ts";
import { ApplicationError, UsageError } from "../errors.ts";
import type { Challenge, Dict } from "../message.ts";
import type { Transport } from "../transport.ts";
import type { Uri } from "../uri.ts";
import { after } from "./alarm.ts";
import type { ChallengeAnswer, ChallengeRequest, Channel, Login, Timers } from "./client-options.ts";
import { ClientSession, type SessionEnd, type SessionListener } from "./client-session.ts";
import type { ClientState } from "./client-status.ts";
import { describeError } from "./describe-error.ts";
import type { ReconnectSchedule } from "./reconnect-schedule.ts";
import { withResolvers } from "../with-resolvers.ts";

export interface ConnectingSettings {
  readonly connect: (signal: AbortSignal) => Promise<Transport>;
  readonly realm: Uri;
  /** HELLO.Details. */
  readonly details: Dict;
  readonly onChallenge: ((challenge: ChallengeRequest) => ChallengeAnswer | Promise<ChallengeAnswer>) | undefined;
  readonly login: ((channel: Channel) => Login) | undefined;
  readonly timers: Timers;
  readonly clock: () => number;
  /** Undefined: the first failure is the end. */
  readonly schedule: ReconnectSchedule | undefined;
  readonly connectTimeout: number;
  readonly joinTimeout: number;
  readonly closeTimeout: number;
}

export interface ConnectingListener extends Pick<
  SessionListener,
  "onEvent" | "onInvocation" | "onInterrupt" | "onRevoked"
> {
  /** A session was joined; `restored` must be called when it is fit for use. */
  onJoined(session: ClientSession): void;
  /** The joined session ended. */
  onLost(end: SessionEnd): void;
  onState(): void;
  onDrain(): void;
}

export class Connecting {
  readonly #settings: ConnectingSettings;
  readonly #listener: ConnectingListener;
  #state: ClientState = "closed";
  #opened = false;
  #closing = false;
  #attempt = 0;
  #error: Error | undefined;
  #cause: string | undefined;
  #retryIn: number | undefined;
  #transport: Transport | undefined;
  #session: ClientSession | undefined;
  #congested = false;
  #cancelTimer: (() => void) | undefined;
  #connecting: AbortController | undefined;
  readonly #closed = withResolvers<void>();

  constructor(settings: ConnectingSettings, listener: ConnectingListener) {
    this.#settings = settings;
    this.#listener = listener;
  }

  get state(): ClientState {
    return this.#state;
  }
  get attempt(): number {
    return this.#attempt;
  }
  get error(): Error | undefined {
    return this.#error;
  }
  get cause(): string | undefined {
    return this.#cause;
  }
  get retryIn(): number | undefined {
    return this.#retryIn;
  }
  /** Present from WELCOME to the end of the session. */
  get session(): ClientSession | undefined {
    return this.#session?.joined && this.#session.phase === "established" ? this.#session : undefined;
  }
  /** The transport asked to wait and has not drained yet. */
  get congested(): boolean {
    return this.#congested;
  }
  /** Closed for good. */
  get over(): boolean {
    return this.#opened && this.#state === "closed";
  }

  open(): void {
    if (this.#closing || this.over) throw new UsageError("session_closed", "a client that was closed stays closed");
    if (this.#opened) return;
    this.#opened = true;
    this.#try();
  }

  /** What was declared is restored: the session is ready. */
  restored(): void {
    if (this.#state !== "restoring") return;
    this.#attempt = 0;
    this.#error = undefined;
    this.#cause = undefined;
    this.#settings.schedule?.up(this.#settings.clock());
    this.#enter("ready");
  }

  /** Drops the link: it is of no use any more. */
  giveUp(error: Error): void {
    const transport = this.#transport;
    this.#session?.lost(error);
    transport?.abort(error);
  }

  /** Closes for good; resolves when it is done, at the latest after the limit on the GOODBYE reply. */
  async close(reason: Uri, message: string | undefined): Promise<void> {
    if (!this.#opened) this.#opened = true;
    if (!this.#closing) {
      this.#closing = true;
      this.#cancel();
      this.#connecting?.abort(new UsageError("session_closed", "the client was closed"));
      const session = this.session;
      if (session) this.#sayGoodbye(session, reason, message);
      else if (this.#session) this.#session.abort(new Error("the client was closed"), CloseUri.normal);
      else this.#end();
    }
    await this.#closed.promise;
  }

  #sayGoodbye(session: ClientSession, reason: Uri, message: string | undefined): void {
    this.#cancelTimer = after(this.#settings.timers, this.#settings.closeTimeout, () => {
      const transport = this.#transport;
      session.lost(undefined);
      transport?.abort();
    });
    session.goodbye(reason, message);
  }

  #try(): void {
    this.#attempt += 1;
    this.#retryIn = undefined;
    this.#enter("connecting");
    if (this.#closing) return;
    const controller = new AbortController();
    this.#connecting = controller;
    const { timers, connectTimeout } = this.#settings;
    const stale = (): boolean => this.#connecting !== controller;
    this.#cancelTimer = after(timers, connectTimeout, () => {
      const error = new ApplicationError(ErrorUri.timeout, [`no connection within ${connectTimeout} ms`]);
      controller.abort(error);
      if (!stale()) this.#failed(error);
    });
    this.#connect(controller.signal).then(
      (transport) => (stale() ? discard(transport) : this.#join(transport)),
      (error: unknown) => {
        if (!stale()) this.#failed(error instanceof Error ? error : new Error(describeError(error)));
      },
    );
  }

  /** So that a connector that throws is one that rejects. */
  async #connect(signal: AbortSignal): Promise<Transport> {
    return await this.#settings.connect(signal);
  }

  #join(transport: Transport): void {
    this.#cancel();
    this.#connecting = undefined;
    this.#transport = transport;
    const { timers, joinTimeout, realm, details } = this.#settings;
    const login = this.#settings.login?.(transport);
    const session = this.#newSession(transport, realm, login);
    this.#session = session;
    transport.start({
      onMessage: (message) => session.receive(message),
      onClose: (error) => session.lost(error),
      onDrain: () => this.#drained(transport),
    });
    this.#cancelTimer = after(timers, joinTimeout, () => {
      const text = `no WELCOME from ${transport.url} within ${joinTimeout} ms`;
      this.giveUp(new ApplicationError(ErrorUri.timeout, [text]));
    });
    this.#enter("joining");
    if (session.phase !== "new") return;
    try {
      session.join({ ...details, ...login?.details });
    } catch (error) {
      this.giveUp(error instanceof Error ? error : new Error(describeError(error)));
    }
  }

  #newSession(transport: Transport, realm: Uri, login: Login | undefined): ClientSession {
    const listener = this.#listener;
    let joined = false;
    const session = new ClientSession(
      realm,
      {
        send: (message) => {
          const flowing = transport.send(message);
          if (!flowing && this.#transport === transport) this.#congested = true;
          return flowing;
        },
        close: () => transport.close(),
      },
      {
        onEvent: (event) => listener.onEvent(event),
        onInvocation: (invocation) => listener.onInvocation(invocation),
        onInterrupt: (interrupt) => listener.onInterrupt(interrupt),
        onRevoked: (revocation) => listener.onRevoked(revocation),
        onChallenge: (challenge) => void this.#challenged(session, challenge, login),
        onJoined: ({ details }) => {
          if (!proved(session, login, details)) return;
          joined = true;
          this.#cancel();
          this.#enter("restoring");
          if (session.phase === "established") listener.onJoined(session);
        },
        onEnd: (end) => this.#sessionEnded(end, joined),
      },
    );
    return session;
  }

  async #challenged(session: ClientSession, { method, extra }: Challenge, login: Login | undefined): Promise<void> {
    const { onChallenge } = this.#settings;
    try {
      if (login) session.authenticate(await login.answer({ method, extra }));
      else if (onChallenge) session.authenticate(await onChallenge({ method, extra }));
      else throw new Error("this client has no credentials (no onChallenge)");
    } catch (error) {
      const text = `the router asks for authentication by ${method}: ${describeError(error)}`;
      session.abort(new Error(text, { cause: error }), ErrorUri.authenticationFailed);
    }
  }

  #sessionEnded(end: SessionEnd, joined: boolean): void {
    const where = this.#transport?.url ?? "the router";
    this.#cancel();
    this.#transport = undefined;
    this.#session = undefined;
    this.#congested = false;
    if (joined) this.#listener.onLost(end);
    if (this.#closing) this.#end();
    else this.#failed(end.error ?? new Error(end.words), `${where}: ${end.words}`);
  }

  #failed(error: Error, words = describeError(error)): void {
    this.#cancel();
    this.#connecting = undefined;
    this.#error = error;
    this.#cause = words;
    const { schedule, clock, timers } = this.#settings;
    if (this.#closing || !schedule) {
      this.#end();
      return;
    }
    this.#retryIn = schedule.down(clock());
    this.#cancelTimer = after(timers, this.#retryIn, () => this.#try());
    this.#enter("waiting");
  }

  #drained(transport: Transport): void {
    if (this.#transport !== transport) return;
    this.#congested = false;
    this.#listener.onDrain();
  }

  #end(): void {
    this.#cancel();
    this.#retryIn = undefined;
    this.#connecting = undefined;
    this.#enter("closed");
    this.#closed.resolve();
  }

  #enter(state: ClientState): void {
    this.#state = state;
    this.#listener.onState();
  }

  #cancel(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }
}

/** False, and the session over, if the router has not proved what the login asks of it. */
function proved(session: ClientSession, login: Login | undefined, details: Dict): boolean {
  try {
    login?.check(details);
    return true;
  } catch (error) {
    session.abort(new Error(describeError(error), { cause: error }), ErrorUri.authenticationFailed);
    return false;
  }
}

/** A connection that came too late. */
function discard(transport: Transport): void {
  transport.start({ onMessage: () => {}, onClose: () => {} });
  transport.abort();
}
