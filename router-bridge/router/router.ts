/**
 * The embedded router: messages in, deliveries out. It owns the realms and the conversation of every peer from the accepted
 * transport to its end. It knows no socket, no clock and no entropy: peers are opaque objects of the outer room, time comes
 * in as a number, randomness is injected. One `now` must never be smaller than the one before.
 */
import {
  CloseUri,
  ErrorUri,
  noPayload,
  ProtocolViolation,
  toUri,
  type Hello,
  type Message,
  type Uri,
} from "@pinion/wamp";
import { Accepting, type Admission } from "./accepting.ts";
import type { DecisionSubject } from "./decision-cache.ts";
import { Deadlines, type Millis } from "./deadlines.ts";
import { errorMessage, NO_DETAILS, type Delivery } from "./delivery.ts";
import { Holding } from "./holding.ts";
import type { HookWait } from "./hook-runner.ts";
import type { HookOutcome } from "./hook-verdict.ts";
import type { Member } from "./member.ts";
import type { PeerInfo } from "./peer-info.ts";
import { Realm } from "./realm.ts";
import type { Due, Parting, Refusal, RouterContext } from "./router-context.ts";
import { routerContext, type RouterOptions } from "./router-options.ts";
import { RouterSession } from "./router-session.ts";
import { routerSize, type RouterSize } from "./router-size.ts";
import { emptyStatistics, type Statistics } from "./statistics.ts";
import { Suspension } from "./suspension.ts";

/** The reason by which a client says that its browser is to be forgotten (Crossbar's word; the spec has none). */
const LOGOUT = "wamp.close.logout";

/** Characters of the words about the end of a session. */
const LONGEST_REASON = 500;

export class Router<P> {
  readonly statistics: Statistics = emptyStatistics();
  readonly #context: RouterContext<P>;
  readonly #moment = { now: 0, retiring: false };
  readonly #realms = new Map<string, Realm<P>>();
  readonly #sessions = new Set<RouterSession<P>>();
  readonly #deadlines = new Deadlines<Due<P>>();
  readonly #accepting: Accepting<P>;
  readonly #holding: Holding<P>;
  #stopped = false;

  /** @throws RangeError for no realm, a realm that is no URI or a limit that is no whole number. */
  constructor(options: RouterOptions) {
    this.#context = routerContext(options, {
      statistics: this.statistics,
      deadlines: this.#deadlines,
      moment: this.#moment,
      dealerOf: (realm) => this.#realms.get(realm)?.dealer,
      dismiss: (session, parting, out) => this.#dismiss(session, parting, out),
    });
    this.#holding = new Holding(this.#context.limits, {
      again: (member, message, out) => this.#later(member, message, out, "again"),
      receive: (member, message, out) => {
        if (message instanceof ProtocolViolation) this.#violated(member.session, message, out);
        else this.#later(member, message, out, "receive");
      },
    });
    for (const name of options.realms ?? ["realm1"]) this.#realms.set(name, new Realm(toUri(name), this.#context));
    if (this.#realms.size === 0) throw new RangeError("a router needs at least one realm");
    this.#accepting = new Accepting(this.#context, this.#realms, (session, admission, out) =>
      this.#admit(session, admission, { now: this.#moment.now, out }),
    );
  }

  /** A transport was accepted; nothing was said yet. HELLO is awaited for `limits.joinTimeout`. */
  open(peer: P, info: PeerInfo, now: Millis): RouterSession<P> {
    this.#moment.now = now;
    const session = new RouterSession(peer, info);
    this.#sessions.add(session);
    this.statistics.opened += 1;
    this.#awaitUntil(session, now + this.#context.limits.joinTimeout);
    return session;
  }

  /** One message of a peer. What is received after the session ended is ignored. */
  receive(session: RouterSession<P>, message: Message, now: Millis): readonly Delivery<P>[] {
    this.#moment.now = now;
    const out: Delivery<P>[] = [];
    this.statistics.messagesReceived += 1;
    session.received += 1;
    this.#receive(session, message, { now, out });
    return out;
  }

  /**
   * The transport's parser refused what the peer sent: ABORT with the violation's reason, then the end. Only a request whose
   * URI alone is wrong is answered with ERROR, and the session goes on (spec "URIs").
   */
  violate(session: RouterSession<P>, violation: ProtocolViolation, now: Millis): readonly Delivery<P>[] {
    this.#moment.now = now;
    const out: Delivery<P>[] = [];
    this.#violated(session, violation, out);
    return out;
  }

  #violated(session: RouterSession<P>, violation: ProtocolViolation, out: Delivery<P>[]): void {
    const { request } = violation;
    const { member, state } = session;
    if (request === undefined || member === undefined || state !== "established") {
      // a wrong URI before WELCOME is no request yet, so there is nothing that ERROR could answer
      const cause = request === undefined ? violation : new ProtocolViolation(violation.message);
      return this.#abort(session, cause, out);
    }
    try {
      if (member.held !== undefined && this.#holding.park(member, violation)) return;
      member.acceptRequest(request.id, this.#context.requestIds);
      if (!request.reply) return;
      const asked = { code: request.type, request: request.id };
      out.push({ to: session.alone, message: errorMessage(asked, violation.reason, violation.message) });
    } catch (fault) {
      if (!(fault instanceof ProtocolViolation)) throw fault;
      this.#abort(session, fault, out);
    }
  }

  /** The transport is gone. Nothing is addressed to this peer any more. */
  leave(session: RouterSession<P>, now: Millis): readonly Delivery<P>[] {
    this.#moment.now = now;
    const out: Delivery<P>[] = [];
    this.#end(session, "the connection ended", out);
    return out;
  }

  /**
   * The transport could not carry a delivery to this peer: it is over the peer's limit or cannot be serialized for it. A call
   * or request behind it fails with `wamp.error.payload_size_exceeded`, so that nobody waits for ever; an EVENT is only
   * counted; a session that cannot even be told so much is aborted.
   */
  undeliverable(session: RouterSession<P>, message: Message, now: Millis): readonly Delivery<P>[] {
    this.#moment.now = now;
    const out: Delivery<P>[] = [];
    this.statistics.undeliverable += 1;
    const { member, state } = session;
    if (message.type === "EVENT" || state === "closing" || state === "closed") return out;
    const realm = member && this.#realms.get(member.realm);
    if (member !== undefined && realm?.undeliverable(member, message, out) === true) return out;
    const words = `your transport cannot take a ${message.type}`;
    this.#abort(session, new ProtocolViolation(words, ErrorUri.payloadSizeExceeded), out);
    return out;
  }

  /** Says GOODBYE to one peer; its connection is closed when it has answered or after `limits.goodbyeTimeout`. */
  dismiss(
    session: RouterSession<P>,
    reason: Uri,
    at: { readonly now: Millis; readonly words?: string },
  ): readonly Delivery<P>[] {
    this.#moment.now = at.now;
    const out: Delivery<P>[] = [];
    this.#dismiss(session, { reason, words: at.words ?? "" }, out);
    return out;
  }

  /** Lets nobody in any more, and no call begin but those that a callee makes to answer another one. `shutdown` follows. */
  retire(): void {
    this.#stopped = true;
    this.#moment.retiring = true;
  }

  /** Ends pending calls, says GOODBYE `wamp.close.system_shutdown` to everyone and lets nobody in any more. */
  shutdown(now: Millis): readonly Delivery<P>[] {
    this.#moment.now = now;
    const out: Delivery<P>[] = [];
    this.#stopped = true;
    for (const realm of this.#realms.values()) realm.cancelCalls(out);
    const parting = { reason: CloseUri.systemShutdown, words: "the router shuts down" };
    for (const session of this.#sessions) this.#dismiss(session, parting, out);
    return out;
  }

  /**
   * Forgets what a dynamic authorizer has answered, of all or of those that `filter` names, so that it is asked again. Gives
   * the number of answers forgotten.
   */
  flushAuthorizations(filter?: Partial<DecisionSubject>): number {
    return this.#context.dynamicAuthorizer?.flush(filter) ?? 0;
  }

  /** A promise of a hook has settled: see `HookOptions.whenSettled`. Too late, and it changes nothing. */
  settle(wait: HookWait, outcome: HookOutcome, now: Millis): readonly Delivery<P>[] {
    this.#moment.now = now;
    const out: Delivery<P>[] = [];
    this.#context.hooks?.settle(wait, outcome, out);
    return out;
  }

  /** When `expire` has something to do; may be further away than a timer of the platform can count. */
  nextDeadline(): Millis | undefined {
    return this.#deadlines.next();
  }

  /** Does what is due at `now`: calls that time out, peers that never said HELLO or never answered GOODBYE. */
  expire(now: Millis): readonly Delivery<P>[] {
    this.#moment.now = now;
    const out: Delivery<P>[] = [];
    for (let due = this.#deadlines.takeDue(now); due !== undefined; due = this.#deadlines.takeDue(now)) {
      const { subject } = due;
      if (subject.kind === "invocation") this.#realms.get(subject.caller.realm)?.expire(subject, out);
      else if (subject.kind === "hook") this.#context.hooks?.expire(subject, out);
      else this.#overdue(subject, out);
    }
    return out;
  }

  size(): RouterSize {
    return routerSize(this.#realms.values(), { sessions: this.#sessions.size, deadlines: this.#deadlines.size });
  }

  #receive(session: RouterSession<P>, message: Message, at: At<P>): void {
    try {
      if (session.state === "established") this.#converse(session, message, at);
      else this.#handshake(session, message, at);
    } catch (fault) {
      this.#faulty(session, message, fault, at.out);
    }
  }

  /** A message that had to wait. What arrived is another peer's: a fault of our own must not fall on that one. */
  #later(member: Member<P>, message: Message, out: Delivery<P>[], how: "again" | "receive"): void {
    const { session } = member;
    const at = { now: this.#moment.now, out };
    try {
      if (how === "receive") return this.#receive(session, message, at);
      if (message.type === "WELCOME") return this.#welcome(session, message, out);
      this.#realms.get(member.realm)?.perform(member, message, at);
    } catch (fault) {
      if (fault instanceof ProtocolViolation || fault instanceof Suspension) {
        return this.#faulty(session, message, fault, out);
      }
      this.#context.report(fault);
      const words = "the router failed on this message; the session ends";
      this.#abort(session, new ProtocolViolation(words, ErrorUri.unavailable), out);
    }
  }

  /** A message could not be worked on: it waits, or its session ends; faults of our own are for the outer room. */
  #faulty(session: RouterSession<P>, message: Message, fault: unknown, out: Delivery<P>[]): void {
    if (fault instanceof ProtocolViolation) return this.#abort(session, fault, out);
    if (!(fault instanceof Suspension) || session.member === undefined) throw fault;
    const suspension = fault as Suspension<P>; // thrown by a part of this router
    this.#holding.hold(session.member, message, suspension, out);
  }

  /** Messages of an established session. */
  #converse(session: RouterSession<P>, message: Message, at: At<P>): void {
    const { member } = session;
    const realm = member && this.#realms.get(member.realm);
    if (member === undefined || realm === undefined) return;
    if (member.held !== undefined && this.#holding.park(member, message)) return;
    switch (message.type) {
      case "GOODBYE":
        if (message.reason === LOGOUT) session.info.cookie?.revoke();
        at.out.push({
          to: session.alone,
          message: { type: "GOODBYE", details: NO_DETAILS, reason: CloseUri.goodbyeAndOut },
        });
        return this.#close(session, message.reason, at.out);
      case "ABORT":
        return this.#close(session, message.reason, at.out);
      default:
        return realm.receive(member, message, at);
    }
  }

  /** Messages before WELCOME and after the router's GOODBYE. */
  #handshake(session: RouterSession<P>, message: Message, at: At<P>): void {
    switch (session.state) {
      case "opening":
        if (message.type === "HELLO") return this.#admit(session, this.#hello(session, message, at.out), at);
        break;
      case "challenging":
        if (message.type === "AUTHENTICATE") {
          return this.#admit(session, this.#accepting.authenticate(session, message, at.out), at);
        }
        break;
      default:
        // closing: only the answer to GOODBYE counts. closed: nothing does.
        if (message.type === "GOODBYE" || message.type === "ABORT") this.#close(session, message.reason, at.out);
        return;
    }
    if (message.type === "ABORT") return this.#close(session, message.reason, at.out);
    throw new ProtocolViolation(`${message.type} is not for a client to send before WELCOME`);
  }

  #hello(session: RouterSession<P>, hello: Hello, out: Delivery<P>[]): Admission {
    if (!this.#stopped) return this.#accepting.hello(session, hello, out);
    return { kind: "abort", reason: CloseUri.systemShutdown, words: "the router shuts down" };
  }

  #admit(session: RouterSession<P>, admission: Admission, { now, out }: At<P>): void {
    if (admission.kind === "abort") {
      return this.#abort(session, new ProtocolViolation(admission.words, admission.reason), out, admission.details);
    }
    this.#awaitNothing(session);
    // the question has a limit of time of its own
    if (admission.kind === "wait") return;
    if (session.state === "challenging") this.#awaitUntil(session, now + this.#context.limits.joinTimeout);
    if (admission.message.type === "WELCOME") return this.#welcome(session, admission.message, out);
    out.push({ to: session.alone, message: admission.message });
  }

  /** The last word on who comes in is a hook's. While it takes its time the session waits with WELCOME. */
  #welcome(session: RouterSession<P>, message: Message, out: Delivery<P>[]): void {
    const { member } = session;
    if (member === undefined) return;
    let refusal: Refusal | undefined;
    try {
      refusal = this.#context.hooks?.opening(member);
    } catch (fault) {
      return this.#faulty(session, message, fault, out);
    }
    if (refusal !== undefined) return this.#abort(session, new ProtocolViolation(refusal.words, refusal.error), out);
    out.push({ to: session.alone, message });
    this.#realms.get(member.realm)?.announceJoin(member, out);
  }

  /** ABORT first; then the session is disposed of at once; then the connection ends (spec "Protocol Violations"). */
  #abort(session: RouterSession<P>, violation: ProtocolViolation, out: Delivery<P>[], more?: object): void {
    const { state } = session;
    if (state === "closed") return;
    if (state !== "closing") {
      this.statistics.aborted += 1;
      const details = { ...more, message: violation.message };
      out.push({
        to: session.alone,
        message: { type: "ABORT", details, reason: violation.reason, payload: noPayload },
      });
    }
    this.#close(session, `${violation.reason}: ${violation.message}`, out);
  }

  #dismiss(session: RouterSession<P>, { reason, words }: Parting, out: Delivery<P>[]): void {
    const { state, member } = session;
    if (state === "closing" || state === "closed") return;
    if (state !== "established") return this.#abort(session, new ProtocolViolation(words, reason), out);
    this.#disposeOf(member, words === "" ? reason : `${reason}: ${words}`, out);
    session.state = "closing";
    const details = words === "" ? NO_DETAILS : { message: words };
    out.push({ to: session.alone, message: { type: "GOODBYE", details, reason } });
    const { limits, moment } = this.#context;
    this.#awaitUntil(session, moment.now + limits.goodbyeTimeout);
  }

  /** A peer did not say in time what was awaited. */
  #overdue(session: RouterSession<P>, out: Delivery<P>[]): void {
    session.deadline = undefined;
    if (session.state === "closing") return this.#close(session, "GOODBYE was not answered in time", out);
    const awaited = session.state === "opening" ? "HELLO" : "AUTHENTICATE";
    const words = `no ${awaited} within ${this.#context.limits.joinTimeout} ms`;
    this.#abort(session, new ProtocolViolation(words, ErrorUri.timeout), out);
  }

  #close(session: RouterSession<P>, said: string, out: Delivery<P>[]): void {
    // it may be the peer's own word, as long as a message can be
    const reason = said.slice(0, LONGEST_REASON);
    if (this.#end(session, reason, out)) out.push({ close: session.peer, reason });
  }

  /** Disposes of all that belongs to a session; false if it had ended before. */
  #end(session: RouterSession<P>, reason: string, out: Delivery<P>[]): boolean {
    if (session.state === "closed") return false;
    session.state = "closed";
    session.challenge = undefined;
    session.withdraw?.(out);
    session.withdraw = undefined;
    this.#awaitNothing(session);
    this.#sessions.delete(session);
    this.#disposeOf(session.member, reason, out);
    return true;
  }

  #disposeOf(member: Member<P> | undefined, reason: string, out: Delivery<P>[]): void {
    if (member === undefined) return;
    if (member.held !== undefined) this.#holding.leave(member, out);
    this.#realms.get(member.realm)?.leave(member, reason, out);
  }

  #awaitUntil(session: RouterSession<P>, at: Millis): void {
    session.deadline = this.#deadlines.add(at, session);
  }

  #awaitNothing(session: RouterSession<P>): void {
    if (session.deadline !== undefined) this.#deadlines.remove(session.deadline);
    session.deadline = undefined;
  }
}

/** Where and when the deliveries of one input arise. */
interface At<P> {
  readonly now: Millis;
  readonly out: Delivery<P>[];
}
