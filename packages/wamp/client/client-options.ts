import type { Random } from "../id.ts";
import type { Dict } from "../message.ts";
import type { Connector, Transport } from "../transport.ts";
import type { ReconnectOptions } from "./reconnect-schedule.ts";

/** The two functions of the platform, or of a virtual clock. `globalThis` fits. */
export interface Timers {
  setTimeout(run: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

/** What the router asks in a CHALLENGE (spec "Authentication"). */
export interface ChallengeRequest {
  readonly method: string;
  readonly extra: Dict;
}

/** What goes back in AUTHENTICATE. */
export interface ChallengeAnswer {
  readonly signature: string;
  readonly extra?: Dict | undefined;
}

/** What a login may know of the connection that it is made for. */
export type Channel = Pick<Transport, "channelId">;

/** One attempt to prove who the client is; made afresh for every connection. */
export interface Login {
  /** What it adds to HELLO.Details. */
  readonly details: Dict;
  /** A rejection ends the session with ABORT. */
  answer(challenge: ChallengeRequest): Promise<ChallengeAnswer>;
  /** Given WELCOME.Details. @throws if the router has not proved what it had to; that ends the session too. */
  check(welcome: Dict): void;
}

/** Bounds on what one client may hold at a time. Beyond one of them the request is refused with `limit_exceeded`. */
export interface ClientLimits {
  /** Calls sent and not answered. Default 10 000. */
  readonly pendingCalls: number;
  /** Calls that wait for the session to become ready. Default 1 000. */
  readonly waitingCalls: number;
  /** Publications not acknowledged, or not taken by a congested transport. Default 10 000. */
  readonly pendingPublishes: number;
  /** Declared registrations plus subscriptions. Default 10 000. */
  readonly declarations: number;
  /** Invocations whose handler still runs; further callers get `wamp.error.unavailable`. Default 1 000. */
  readonly invocations: number;
  /** Parts of one call that its handler has not read; with one more the call fails. Default 1 000. */
  readonly unreadParts: number;
  /** Calls in parts that ended before their last part came, whose rest is discarded. Default 100, the latest. */
  readonly endedInvocations: number;
}

export interface ClientOptions {
  /** Opens one connection; called again for each try. */
  readonly connect: Connector;
  readonly realm: string;
  /** Default `pinion`. */
  readonly agent?: string | undefined;
  readonly authid?: string | undefined;
  readonly authmethods?: readonly string[] | undefined;
  readonly authextra?: Dict | undefined;
  /** Answers a CHALLENGE. Without it a router that asks is told ABORT. */
  readonly onChallenge?: ((challenge: ChallengeRequest) => ChallengeAnswer | Promise<ChallengeAnswer>) | undefined;
  /** Logs in instead of authid, authmethods, authextra and onChallenge. */
  readonly login?: ((channel: Channel) => Login) | undefined;
  readonly timers: Timers;
  readonly random: Random;
  /** Milliseconds that never go back (`performance.now`). */
  readonly clock: () => number;
  /** `false`: the first failure closes the client. Otherwise it tries for ever. */
  readonly reconnect?: Partial<ReconnectOptions> | false | undefined;
  /** Limit on opening the connection, ms. Default 20 000. */
  readonly connectTimeout?: number | undefined;
  /** Limit from HELLO to WELCOME, ms. Default 10 000. */
  readonly joinTimeout?: number | undefined;
  /** Limit on the router's answer to REGISTER, SUBSCRIBE and their reverses, and on an acknowledged PUBLISH, ms. Default 10 000. */
  readonly requestTimeout?: number | undefined;
  /** How long procedures that are taken may delay `ready` after a join, ms; they are retried after it too. Default 10 000. */
  readonly restoreTimeout?: number | undefined;
  /** Limit on the GOODBYE reply, ms. Default 2 000. */
  readonly closeTimeout?: number | undefined;
  /** Default for `CallOptions.timeout`, ms. Default none. */
  readonly callTimeout?: number | undefined;
  readonly limits?: Partial<ClientLimits> | undefined;
  /** Gets what no promise can carry: exceptions of event handlers and listeners, and of restoring. `where` is for people. */
  readonly onError?: ((error: unknown, where: string) => void) | undefined;
}
