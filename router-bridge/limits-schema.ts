/** What peers may take from the router-bridge, as part of the one schema: each limit with its range and its default. */
import { MAX_DEPTH } from "@pinion/wamp/serializer";
import { Type } from "typebox";
import { count, milliseconds, octets } from "./bounded-number.ts";

const closed = { additionalProperties: false } as const;

export const rate = Type.Object(
  {
    messages: Type.Number({ exclusiveMinimum: 0, maximum: 10_000_000, description: "a second, in the long run" }),
    burst: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 10_000_000,
        description: "at once after a quiet time; default: of one second",
      }),
    ),
  },
  { ...closed, description: "messages that a session may send; one that sends more is read more slowly" },
);

export const limits = Type.Object(
  {
    connections: count(1024, "open connections of all listeners together"),
    firstOctetTimeout: milliseconds(10_000, "until the first octet, and for the head of a request"),
    joinTimeout: milliseconds(10_000, "until HELLO, and again until AUTHENTICATE"),
    goodbyeTimeout: milliseconds(2000, "until GOODBYE is answered"),
    queueOctets: octets(8 * 1024 * 1024, "a peer with more than this queued for queueGrace is disconnected"),
    queueGrace: milliseconds(5000, "how long a peer's queue may stay above queueOctets"),
    queueHardOctets: octets(64 * 1024 * 1024, "a peer with more than this queued is disconnected at once"),
    queueMessages: count(100_000, "a peer with more than this waiting is treated as one above queueOctets"),
    slowConsumer: Type.Union([Type.Literal("disconnect"), Type.Literal("coalesce"), Type.Literal("drop-oldest")], {
      default: "disconnect",
      description: "what happens to a peer whose queue is over its bounds",
    }),
    pressureOctets: octets(1024 * 1024, "who fills a queue beyond this is read more slowly"),
    rate: Type.Optional(rate),
    drainTimeout: milliseconds(5000, "how long calls may still be answered when the process stops"),
    sessionsPerRealm: count(10_000, "sessions joined to one realm"),
    halfOpenSessions: count(256, "sessions that were sent CHALLENGE and have not answered"),
    subscriptionsPerSession: count(10_000, "subscriptions of one session"),
    subscriptionsPerRealm: count(100_000, "subscriptions of all sessions of one realm"),
    registrationsPerSession: count(10_000, "registrations of one session"),
    registrationsPerRealm: count(100_000, "registrations of all sessions of one realm"),
    endedCallsPerSession: count(100, "progressive calls of one session that ended before their last part came"),
    forwardTimeouts: Type.Boolean({
      default: true,
      description: "a callee that registered with forward_timeout watches the timeout of its calls alone",
    }),
    pendingCallsPerSession: count(1000, "calls of one session that wait for an answer"),
    parkedMessagesPerSession: count(1000, "messages of one session that wait behind a request that waits"),
    parkedOctetsPerSession: octets(1024 * 1024, "roughly, of those messages"),
    retainedEvents: count(10_000, "retained events of one realm"),
    retainedOctets: octets(16 * 1024 * 1024, "roughly, of the retained events of one realm"),
    testamentsPerSession: count(100, "testaments of one session"),
    testamentOctets: octets(1024 * 1024, "roughly, of the testaments of one session"),
    uriLength: count(512, "characters of a URI"),
    retainedPerTopic: count(8, "retained events of one topic that are for some subscribers only"),
    nestingDepth: Type.Integer({
      minimum: 8,
      maximum: MAX_DEPTH,
      default: MAX_DEPTH,
      description: "levels of lists and dicts in a message received",
    }),
    detailsOctets: octets(1024 * 1024, "of the Options, Details or Extra of one message received"),
    headerOctets: Type.Integer({
      minimum: 1024,
      maximum: 1024 * 1024,
      default: 16_384,
      description: "octets; of the head of an HTTP request",
    }),
    requestTimeout: milliseconds(30_000, "for a whole HTTP request"),
    keepAliveTimeout: milliseconds(5000, "until the next HTTP request on a connection"),
    tlsTimeout: milliseconds(10_000, "for a TLS handshake"),
    closeTimeout: milliseconds(5000, "for a closing peer to take what is queued and to end its side"),
    refusedConnections: count(64, "connections beyond the limit that are heard, so that they can be told"),
    pageFiles: count(1000, "files and folders below one folder of pages"),
    pageOctets: octets(16 * 1024 * 1024, "of all files of one folder of pages, which are held in memory"),
    relayHeldOctets: octets(64 * 1024, "from a client before the relay has reached the router"),
  },
  { ...closed, default: {} },
);
