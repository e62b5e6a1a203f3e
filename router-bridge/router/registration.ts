import type { Match, RegistrationId, Uri } from "@pinion/wamp";
import type { Member } from "./member.ts";

/** Which of several callees serves a call (spec "Shared Registration"). Fixed by the first of them. */
export type InvocationPolicy = "single" | "first" | "last" | "random" | "roundrobin";

/** One callee's part in a registration. */
export interface Offer<P> {
  readonly callee: Member<P>;
  /** The callee wants to know its callers (`disclose_caller`). */
  readonly discloseCaller: boolean;
  /** How many calls it takes at a time (`concurrency`); 0: any number. */
  readonly concurrency: number;
  /** The callee watches the timeout of calls itself (`forward_timeout`). */
  readonly forwardTimeout: boolean;
  /** Invocations that wait for its answer. */
  running: number;
}

/** A procedure that one callee offers, or several share: one per pair of URI and match policy. It lives until the last leaves. */
export interface Registration<P> {
  readonly id: RegistrationId;
  readonly procedure: Uri;
  readonly match: Match;
  readonly policy: InvocationPolicy;
  /** Milliseconds since 1970. */
  readonly created: number;
  /** In the order of registration; never empty. */
  readonly offers: Offer<P>[];
  /** Whose turn it is in `roundrobin`: an index of `offers`, or one past the end. */
  turn: number;
}
