/** What all parts of one router share: its settings and the tables that are not of one realm. */
import { ErrorUri, isUri, type Dict, type Match, type Random, type Uri } from "@pinion/wamp";
import type { Authenticator } from "./authenticator.ts";
import type { Action, Authorizer, Decision } from "./authorizer.ts";
import type { Deadlines, Millis } from "./deadlines.ts";
import type { Delivery } from "./delivery.ts";
import type { DynamicAuthorizer } from "./dynamic-authorizer.ts";
import type { Enroll } from "./enroll-meta.ts";
import type { HistoryRule } from "./event-history.ts";
import type { HookRunner, HookWait } from "./hook-runner.ts";
import type { Invocation } from "./invocation.ts";
import type { Limits } from "./limits.ts";
import type { Member, RequestIdRule } from "./member.ts";
import type { RouterSession } from "./router-session.ts";
import type { Statistics } from "./statistics.ts";
import { Suspension } from "./suspension.ts";

/** What can be due: a step of a session's opening or closing, a call's answer, or what a hook says. */
export type Due<P> = RouterSession<P> | Invocation<P> | HookWait;

export interface RouterContext<P> {
  readonly agent: string;
  readonly random: Random;
  readonly limits: Limits;
  readonly requestIds: RequestIdRule;
  readonly forwardTimeouts: boolean;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  /** For roles whose rights a procedure of the realm decides; absent if there are none. */
  readonly dynamicAuthorizer: DynamicAuthorizer<P> | undefined;
  /** Lets boards in from afar; absent where there are no accounts. */
  readonly enroll: Enroll | undefined;
  /** Of the embedding program; absent if it has none. */
  readonly hooks: HookRunner<P> | undefined;
  /** Told when an authenticator or authorizer threw; the peer only learns that the check failed. */
  readonly report: (fault: unknown) => void;
  readonly statistics: Statistics;
  /** Which topics' past is kept, in every realm. */
  readonly history: readonly HistoryRule[];
  readonly deadlines: Deadlines<Due<P>>;
  /** The time that came in with the input being worked on; whether the router is about to stop and begins nothing new. */
  readonly moment: { now: Millis; retiring?: boolean };
  /** Told how many milliseconds each call took. */
  readonly observeCall: ((milliseconds: Millis) => void) | undefined;
  /** Milliseconds since 1970 at a `now`. */
  readonly wallTime: (now: Millis) => number;
  /** Says GOODBYE to a session, whatever realm it is in; it holds nothing and is delivered nothing else from then on. */
  readonly dismiss: (session: RouterSession<P>, parting: Parting, out: Delivery<P>[]) => void;
}

/** Publishes a meta event; `args` is only asked for if somebody listens. */
export type Announce<P> = (topic: Uri, args: () => readonly unknown[], out: Delivery<P>[]) => void;

/** What GOODBYE says. */
export interface Parting {
  readonly reason: Uri;
  /** For people; empty if there is nothing to say. */
  readonly words: string;
}

/** Why a request is refused, for its ERROR. */
export interface Refusal {
  readonly error: Uri;
  readonly words: string;
}

/**
 * The authorizer's decision; if it throws the request is refused, never let through. Nothing may have been done for the request
 * before: it is worked on again after a Suspension. @throws Suspension if a dynamic authorizer has to be asked first.
 */
export function decide<P>(context: RouterContext<P>, member: Member<P>, action: Action, on: UriUse): Decision {
  try {
    const decision =
      context.dynamicAuthorizer?.decide(member, action, on) ??
      context.authorizer.authorize(member, action, on.uri, on.match);
    if (!decision.allowed) context.statistics.refusals += 1;
    return decision;
  } catch (fault) {
    if (fault instanceof Suspension) throw fault;
    context.report(fault);
    context.statistics.refusals += 1;
    const words = `the router could not decide whether you may ${action} ${on.uri}`;
    return { allowed: false, reason: ErrorUri.authorizationFailed, words };
  }
}

/** A URI as a request uses it. */
export interface UriUse {
  readonly uri: Uri;
  readonly match: Match;
  /** Of the request, for a dynamic authorizer. */
  readonly options?: Dict;
}

/** What is wrong with a URI or pattern in a request, if anything (spec "URIs", loose rules). */
export function uriFault(uri: string, match: Match, limits: Limits): Refusal | undefined {
  if (uri.length > limits.uriLength) {
    return {
      error: ErrorUri.invalidUri,
      words: `URI of ${uri.length} characters; this router takes ${limits.uriLength}`,
    };
  }
  if (isUri(uri, match)) return undefined;
  const kind = match === "exact" ? "URI" : `${match} pattern`;
  return { error: ErrorUri.invalidUri, words: `${JSON.stringify(uri)} is not a valid ${kind}` };
}

/** Applications may not offer what begins with the component `wamp` (spec "URIs", reserved). */
export function reservedFault(uri: string): Refusal | undefined {
  if (uri !== "wamp" && !uri.startsWith("wamp.")) return undefined;
  return { error: ErrorUri.invalidUri, words: `${uri} is reserved: the first component wamp belongs to the protocol` };
}
