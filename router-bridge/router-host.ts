/**
 * The embedded router among real connections: gives it messages, time and ends, and carries out its deliveries in order.
 * Owns the router, its one timer and the peers. It must not know how a link transports octets, nor what a message means.
 */

import { ErrorUri, payloadOf, ProtocolViolation, toUri, type Message } from "@pinion/wamp";
import { withResolvers } from "@pinion/wamp/with-resolvers";
import { departures } from "./account-departures.ts";
import type { ParseLimits } from "@pinion/wamp/serializer";
import type { Admission } from "./admission.ts";
import type { Counters } from "./counters.ts";
import { Outgoing } from "./encoded.ts";
import { abortWith, farewellFor } from "./ending.ts";
import type { Farewell, Link } from "./link.ts";
import { hookOptions, type HookSettings } from "./hook-settings.ts";
import type { FoldedLog, Log } from "./log.ts";
import { Intake, Turns, WORK_OF_MESSAGE, type IntakeContext, type Rate } from "./intake.ts";
import { Traffic } from "./traffic.ts";
import { Peer, type QueueBounds, type SendOutcome } from "./peer.ts";
import { Patience } from "./patience.ts";
import { PeerEvents, type HostEvents } from "./peer-events.ts";
import { queueTotals, type QueueTotals } from "./queue-totals.ts";
import { Pressure } from "./pressure.ts";
import {
  Router,
  type DecisionSubject,
  type Delivery,
  type HistoryRule,
  type Limits,
  type Statistics,
} from "./router/index.ts";

/** The reason of the ABORT that a slow consumer finds at the end of its queue. The spec has no word for it. */
export const SLOW_CONSUMER = toUri("pinion.error.slow_consumer");

/** The code of INVOCATION, which ERROR of a callee names. */
const INVOCATION = 68;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export interface RouterHostOptions {
  readonly realms: readonly string[];
  readonly limits: Partial<Limits>;
  readonly history?: readonly HistoryRule[];
  /** What is taken of one message. Default: PARSE_LIMITS. */
  readonly parse?: ParseLimits | undefined;
  readonly queue: QueueBounds;
  /** Messages a second by role. Absent: as many as come. */
  readonly rate?: ((role: string | undefined) => Rate | undefined) | undefined;
  readonly agent: string;
  readonly log: Log;
  readonly folded: FoldedLog;
  readonly counters: Counters;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly random: () => number;
  /** Absent: whoever is on this machine may do everything, nobody else joins. */
  readonly admission?: Admission | undefined;
  /** Of the embedding program. */
  readonly hooks?: HookSettings | undefined;
  /** Whether a callee may watch the timeout of its calls alone. Default: true. */
  readonly forwardTimeouts?: boolean;
}

export type RouterSize = ReturnType<Router<Peer>["size"]>;

export class RouterHost {
  readonly traffic = new Traffic();
  readonly #router: Router<Peer>;
  readonly #options: RouterHostOptions;
  readonly #peers = new Set<Peer>();
  readonly #patience = new Patience((peer) => this.#overflow(peer));
  readonly #pressure: Pressure;
  readonly #intake: IntakeContext;
  readonly #events: HostEvents = {
    onMessage: (peer, octets, room) => this.#receive(peer, octets, room),
    onViolation: (peer, words) => this.#violate(peer, new ProtocolViolation(words)),
    onDrain: (peer) => this.#drained(peer),
    onClose: (peer, words) => this.#ended(peer, words),
  };
  /** Whose message is being worked on, and how much work it has been. */
  #feeder: Peer | undefined;
  #workDone = 0;
  /** What the delivery of other things has led to. */
  #arisen: Delivery<Peer>[] = [];
  #working = false;
  #timer: { readonly handle: NodeJS.Timeout; readonly at: number } | undefined;
  #whenAnswered: (() => void) | undefined;
  #whenEmpty: (() => void) | undefined;

  constructor(options: RouterHostOptions) {
    const { realms, limits, agent, random, log, now, counters, history = [] } = options;
    const report = (fault: unknown): void => log.error({ err: fault }, "an authenticator or authorizer threw");
    const wallTime = (at: number): number => Date.now() - now() + at;
    const hooks = hookOptions(options.hooks, {
      log,
      now,
      settle: (wait, outcome) => this.#deliver(this.#router.settle(wait, outcome, now())),
    });
    this.#router = new Router({
      realms,
      limits,
      agent,
      random,
      report,
      wallTime,
      history,
      hooks,
      forwardTimeouts: options.forwardTimeouts ?? true,
      observeCall: (milliseconds) => this.traffic.calls.add(milliseconds),
      ...options.admission,
    });
    this.#options = options;
    options.admission?.accounts.watch((accounts) => {
      for (const { session, reason, words } of departures(accounts, this.#peers, log)) {
        this.#deliver(this.#router.dismiss(session, reason, { now: now(), words }));
      }
    });
    this.#pressure = new Pressure(() => counters.add("publishersHeld"));
    this.#intake = { turns: new Turns(), now, onRateHeld: () => counters.add("ratesHeld") };
  }

  get sessions(): number {
    return this.#router.size().members;
  }

  queues(): QueueTotals {
    return queueTotals(this.#peers);
  }

  size(): RouterSize {
    return this.#router.size();
  }

  /** Forgets what a dynamic authorizer has answered; gives how many answers. */
  flushAuthorizations(who: Partial<DecisionSubject>): number {
    return this.#router.flushAuthorizations(who);
  }

  get statistics(): Readonly<Statistics> {
    return this.#router.statistics;
  }

  /** Makes a connection a peer of the router. */
  accept(link: Link): void {
    const { queue, now, log } = this.#options;
    const peer = new Peer(link, queue, now);
    peer.open(this.#router.open(peer, link.info, now()));
    peer.intake = new Intake(peer, this.#intake);
    this.#peers.add(peer);
    log.debug({ peer: peer.address, serializer: link.serializer.name }, "connected");
    link.start(new PeerEvents(peer, this.#events));
    this.#arm();
  }

  /** Nobody joins and no call begins any more; resolves when none waits for its answer, or after `patience` milliseconds. */
  async drain(patience: number): Promise<void> {
    this.#router.retire();
    if (this.#router.size().pendingCalls === 0) return;
    const { promise, resolve } = withResolvers<void>();
    this.#whenAnswered = resolve;
    const timer = setTimeout(resolve, patience);
    await promise;
    clearTimeout(timer);
    this.#whenAnswered = undefined;
  }

  /** GOODBYE to everyone; resolves when all have gone, or after `patience` milliseconds with the rest dropped. */
  async stop(patience: number): Promise<void> {
    const { promise, resolve } = withResolvers<void>();
    this.#options.admission?.accounts.stop();
    this.#whenEmpty = resolve;
    this.#deliver(this.#router.shutdown(this.#options.now()));
    const timer = setTimeout(() => {
      for (const peer of this.#peers) peer.link.abort("the router shuts down and the peer did not go");
    }, patience);
    if (this.#peers.size > 0) await promise;
    clearTimeout(timer);
    clearTimeout(this.#timer?.handle);
  }

  #receive(peer: Peer, octets: Uint8Array, room?: number): void {
    if (peer.closed) return;
    let message: Message;
    try {
      message = peer.link.serializer.parse(octets, this.#options.parse, room);
    } catch (fault) {
      if (fault instanceof ProtocolViolation) return this.#violate(peer, fault);
      return this.#broken(peer, fault);
    }
    this.traffic.received[message.type] += 1;
    this.#feeder = peer;
    this.#workDone = WORK_OF_MESSAGE;
    try {
      this.#deliver(this.#router.receive(peer.session, message, this.#options.now()));
    } catch (fault) {
      this.#broken(peer, fault);
    } finally {
      this.#feeder = undefined;
    }
    if (!peer.admitted) this.#admit(peer);
    peer.intake?.took(this.#workDone);
  }

  #admit(peer: Peer): void {
    const { role } = peer;
    if (role === undefined) return;
    peer.admitted = true;
    peer.intake?.limit(this.#options.rate?.(role));
  }

  #drained(peer: Peer): void {
    try {
      peer.drained();
    } catch (fault) {
      this.#broken(peer, fault);
    }
    this.#pressure.relieve(peer);
  }

  #violate(peer: Peer, violation: ProtocolViolation): void {
    if (peer.closed) return;
    const { counters, folded, now } = this.#options;
    counters.add("violations");
    const fields = { peer: peer.address, reason: violation.reason };
    folded.warn("protocol_violation", fields, violation.message);
    this.#deliver(this.#router.violate(peer.session, violation, now()));
  }

  /** A fault of our own while one peer was served: that session ends with a word, all others go on. */
  #broken(peer: Peer, fault: unknown): void {
    this.#options.log.error({ peer: peer.address, err: fault }, "a fault of the router itself ended this session");
    const words = "the router failed on this message; the session ends";
    try {
      this.#expel(peer, { code: 1011, words }, abortWith(ErrorUri.unavailable, words));
    } catch (second) {
      this.#options.log.error({ peer: peer.address, err: second }, "the session's link failed as well and is dropped");
      peer.link.abort(words);
    }
  }

  #ended(peer: Peer, words: string): void {
    this.#options.log.debug({ peer: peer.address, words }, "connection ended");
    peer.ended();
    this.#peers.delete(peer);
    this.#pressure.forget(peer);
    this.#deliver(this.#router.leave(peer.session, this.#options.now()));
    if (this.#peers.size === 0) this.#whenEmpty?.();
  }

  /** Closes a peer for our own reasons; from the router's view it has left. */
  #expel(peer: Peer, farewell: Farewell, last: Message): void {
    peer.close(farewell, new Outgoing(last));
    this.#deliver(this.#router.leave(peer.session, this.#options.now()));
  }

  /** Works through deliveries in order; what arises from them comes after them. */
  #deliver(deliveries: readonly Delivery<Peer>[]): void {
    if (this.#working) {
      for (const delivery of deliveries) this.#arisen.push(delivery);
      return;
    }
    this.#working = true;
    try {
      for (const delivery of deliveries) this.#carryOut(delivery);
      // grows while it is gone through
      for (const delivery of this.#arisen) this.#carryOut(delivery);
    } finally {
      if (this.#arisen.length > 0) this.#arisen = [];
      this.#working = false;
    }
    if (this.#whenAnswered !== undefined && this.#router.size().pendingCalls === 0) this.#whenAnswered();
    this.#arm();
  }

  #carryOut(delivery: Delivery<Peer>): void {
    if ("close" in delivery) {
      delivery.close.close(farewellFor(delivery.reason));
      return;
    }
    const { to, message } = delivery;
    const outgoing = new Outgoing(message);
    this.#workDone += to.length;
    this.traffic.sent[message.type] += to.length;
    let pressing: Peer[] | undefined;
    for (const peer of to) {
      const outcome = this.#send(peer, outgoing);
      if (outcome === "sent") continue;
      this.#notSent(peer, outgoing, outcome);
      if (outcome === "waiting" && peer.isPressing) (pressing ??= []).push(peer);
    }
    if (pressing !== undefined) this.#press(pressing, delivery);
  }

  /** Publishers wait for subscribers, and everybody for what was said to himself; callees and callers for nobody else. */
  #press(
    pressing: readonly Peer[],
    { to, message }: { readonly to: readonly Peer[]; readonly message: Message },
  ): void {
    const feeder = this.#feeder;
    if (feeder === undefined || feeder.closed) return;
    if (message.type !== "EVENT" && to[0] !== feeder) return;
    this.#pressure.feel(feeder, pressing, pressing.length === to.length);
  }

  /** A fault while one peer is served must not cost another its message. */
  #send(peer: Peer, outgoing: Outgoing): SendOutcome {
    try {
      return peer.send(outgoing);
    } catch (fault) {
      this.#broken(peer, fault);
      return "closed";
    }
  }

  #notSent(peer: Peer, outgoing: Outgoing, outcome: SendOutcome): void {
    switch (outcome) {
      case "waiting":
        this.#countLost(peer);
        return this.#patience.watch(peer);
      case "oversize":
        return this.#oversize(peer, outgoing.message);
      case "refused":
        return this.#refuse(peer, outgoing.message);
      case "overflow":
        return this.#overflow(peer);
      case "sent":
      case "closed":
        return;
    }
  }

  /** EVENTs that its policy took from a slow peer, which is told of them in the next one. */
  #countLost(peer: Peer): void {
    const { folded, dropped } = peer.takeLosses();
    if (folded + dropped === 0) return;
    const { counters, folded: log } = this.#options;
    counters.add("eventsFolded", folded);
    counters.add("eventsDropped", dropped);
    const fields = { peer: peer.address, queued: peer.queuedOctets };
    log.warn(
      "events_left_out",
      fields,
      "a peer does not read fast enough: events for it were left out, and it is told",
    );
  }

  /** A callee that does not read its calls counts as one that answered so: another one may serve the call, or the caller is told. */
  #refuse(callee: Peer, message: Message): void {
    if (message.type !== "INVOCATION") return;
    const { counters, now } = this.#options;
    counters.add("callsRefused");
    const answer: Message = {
      type: "ERROR",
      requestType: INVOCATION,
      request: message.request,
      details: {},
      error: ErrorUri.unavailable,
      payload: payloadOf(["the callee does not read the calls that wait for it"]),
    };
    this.#deliver(this.#router.receive(callee.session, answer, now()));
  }

  #oversize(peer: Peer, message: Message): void {
    const { counters, folded, now } = this.#options;
    counters.add(message.type === "EVENT" ? "oversizeDropped" : "oversizeAnswered");
    const fields = { peer: peer.address, type: message.type, limit: peer.link.maxSend };
    folded.warn("message_over_peer_limit", fields, "a message was not sent: the peer cannot take one that large");
    this.#deliver(this.#router.undeliverable(peer.session, message, now()));
  }

  #overflow(peer: Peer): void {
    const { counters, folded } = this.#options;
    counters.add("slowConsumers");
    const queued = peer.queuedOctets;
    const words = `slow consumer: ${String(queued)} octets are queued and not read`;
    folded.warn("slow_consumer", { peer: peer.address, queued }, "a peer was disconnected: it does not read");
    this.#expel(peer, { code: 1008, words }, abortWith(SLOW_CONSUMER, words));
  }

  /** One timer for the router's next deadline. One that is early does no harm, so it is only ever moved forward. */
  #arm(): void {
    const at = this.#router.nextDeadline();
    if (at === undefined || (this.#timer !== undefined && this.#timer.at <= at)) return;
    clearTimeout(this.#timer?.handle);
    const wait = Math.min(LONGEST_TIMER_MS, Math.max(0, Math.ceil(at - this.#options.now())));
    const handle = setTimeout(() => {
      this.#timer = undefined;
      this.#deliver(this.#router.expire(this.#options.now()));
    }, wait);
    this.#timer = { handle, at };
  }
}
