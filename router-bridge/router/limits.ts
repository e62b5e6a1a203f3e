/** What one realm and one session may take from the router. Reaching a limit is always answered with a named error. */
import { toUri } from "@pinion/wamp";

export interface Limits {
  /** Sessions joined to one realm; one more is refused with ABORT. */
  readonly sessionsPerRealm: number;
  readonly subscriptionsPerSession: number;
  /** Subscribers of all topics of one realm together, a session counted once for each of its subscriptions. */
  readonly subscriptionsPerRealm: number;
  readonly registrationsPerSession: number;
  /** Callees of all procedures of one realm together, counted alike. */
  readonly registrationsPerRealm: number;
  /** Sessions that were sent CHALLENGE and have not answered; one more is refused with ABORT. */
  readonly halfOpenSessions: number;
  /** Calls of one caller that wait for an answer. */
  readonly pendingCallsPerSession: number;
  /** Progressive calls of one caller that ended before their last part, of which the rest is discarded; the oldest are forgotten. */
  readonly endedCallsPerSession: number;
  /** Messages of one session that wait while its request before them waits for an answer from outside; one more ends it. */
  readonly parkedMessagesPerSession: number;
  /** Octets of those messages, roughly. */
  readonly parkedOctetsPerSession: number;
  /** Retained events of one realm; the topic that was silent longest is forgotten for one more. */
  readonly retainedEvents: number;
  /** Octets of the retained events of one realm, roughly. */
  readonly retainedOctets: number;
  /** Retained events of one topic that are for some only; the oldest of them is forgotten for one more. */
  readonly retainedPerTopic: number;
  readonly testamentsPerSession: number;
  /** Octets of the testaments of one session, roughly. */
  readonly testamentOctets: number;
  /** Characters of a realm, topic or procedure. */
  readonly uriLength: number;
  /** Milliseconds from the transport's start to HELLO, and again from CHALLENGE to AUTHENTICATE. */
  readonly joinTimeout: number;
  /** Milliseconds to wait for the answer to the router's GOODBYE before the connection is closed all the same. */
  readonly goodbyeTimeout: number;
}

export const DEFAULT_LIMITS: Limits = {
  sessionsPerRealm: 10_000,
  subscriptionsPerSession: 10_000,
  subscriptionsPerRealm: 100_000,
  registrationsPerSession: 10_000,
  registrationsPerRealm: 100_000,
  halfOpenSessions: 256,
  pendingCallsPerSession: 1_000,
  endedCallsPerSession: 100,
  parkedMessagesPerSession: 1_000,
  parkedOctetsPerSession: 1024 * 1024,
  retainedEvents: 10_000,
  retainedOctets: 16 * 1024 * 1024,
  retainedPerTopic: 8,
  testamentsPerSession: 100,
  testamentOctets: 1024 * 1024,
  uriLength: 512,
  joinTimeout: 10_000,
  goodbyeTimeout: 2_000,
};

/** The reason given when a limit is reached. The spec has no word for it. */
export const LIMIT_EXCEEDED = toUri("pinion.error.limit_exceeded");

/** @throws RangeError naming the limit that is not a whole number of at least 1. */
export function checkedLimits(given: Partial<Limits> = {}): Limits {
  const limits = { ...DEFAULT_LIMITS, ...given };
  for (const [name, value] of Object.entries(limits)) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new RangeError(`router limit ${name} must be a whole number of at least 1, not ${String(value)}`);
    }
  }
  return limits;
}
