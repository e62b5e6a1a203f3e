/** What the load process is asked to do, and what it answers. Plain data: both cross the boundary between processes. */
import type { Endpoint } from "./endpoint.ts";
import type { Percentiles } from "./latencies.ts";
import type { Match } from "./wire.ts";

interface Common {
  readonly endpoint: Endpoint;
  readonly seconds: number;
  /** Before the measuring begins. */
  readonly warmUp: number;
  /** Octets of application payload in each message. */
  readonly payload: number;
  /** The processes under test, whose CPU and memory are told. */
  readonly pids: readonly number[];
}

export interface EventsJob extends Common {
  readonly what: "events";
  readonly publishers: number;
  readonly subscribers: number;
  /** Further subscribers that read nothing, from their subscription on. What becomes of them is not counted. */
  readonly stuck: number;
  /** Where each subscriber differs from `endpoint`: taken in turn. */
  readonly subscriberEndpoints?: readonly Endpoint[];
  readonly match: Match;
  /** With `prefix` and `wildcard`: so many patterns, shared out among the subscribers; each event fits exactly one. */
  readonly patterns: number;
  /** Acknowledged publications that may be on their way; 0: unacknowledged. */
  readonly inFlight: number;
  /** Publications per second; 0: as many as go through. */
  readonly rate: number;
}

export interface CallsJob extends Common {
  readonly what: "calls";
  readonly inFlight: number;
}

export interface IdleJob extends Common {
  readonly what: "idle";
  readonly sessions: number;
}

export interface OpeningJob extends Common {
  readonly what: "opening";
  readonly atOnce: number;
}

export type Job = EventsJob | CallsJob | IdleJob | OpeningJob;

export interface Measured {
  /** What is counted: events delivered, publications acknowledged, calls answered, sessions opened. */
  readonly count: number;
  readonly seconds: number;
  readonly perSecond: number;
  /** Publications that were sent and never arrived, summed over the receivers. Zero, or the figure means nothing. */
  readonly lost: number;
  readonly latency?: Percentiles;
  /** CPU seconds during the measuring: of the processes under test, and of the load. */
  readonly cpu: { readonly tested: number; readonly load: number };
  readonly rss: { readonly before: number; readonly after: number };
}
