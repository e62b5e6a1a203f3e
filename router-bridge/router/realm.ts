/**
 * Owns one realm: who has joined, and its dealer and broker. It takes the messages of established sessions and keeps the
 * rules about what a client may say then (spec "Session Closing", "Protocol Violations"). Realms share nothing.
 */
import {
  ErrorUri,
  noPayload,
  ProtocolViolation,
  randomId,
  type Call,
  type Dict,
  type Message,
  type Publish,
  type SessionId,
  type Subscribe,
  type Uri,
} from "@pinion/wamp";
import { enrollProcedures } from "./enroll-meta.ts";
import { authorizerProcedures } from "./authorizer-meta.ts";
import { Broker, BROKER_FEATURES } from "./broker.ts";
import { Dealer, DEALER_FEATURES } from "./dealer.ts";
import type { Millis } from "./deadlines.ts";
import { errorMessage, RequestCode, type Delivery } from "./delivery.ts";
import type { Invocation } from "./invocation.ts";
import type { Member } from "./member.ts";
import { historyProcedures } from "./history-meta.ts";
import { MetaApi } from "./meta-api.ts";
import { registrationProcedures } from "./registration-meta.ts";
import type { RouterContext } from "./router-context.ts";
import {
  SESSION_ON_JOIN,
  SESSION_ON_LEAVE,
  SESSION_ON_STATS,
  sessionDetails,
  sessionProcedures,
  sessionStats,
} from "./session-meta.ts";
import { subscriptionProcedures } from "./subscription-meta.ts";
import { testamentProcedures } from "./testament-meta.ts";
import { Testaments } from "./testaments.ts";

/** What the realm itself does as a callee. */
const META_FEATURES: Dict = { registration_meta_api: true, session_meta_api: true, testament_meta_api: true };

/** The router's half of the feature announcement; `event_history` only where there is one. */
function routerRoles(history: { readonly isKept: boolean }): Dict {
  const kept = history.isKept ? { event_history: true } : {};
  return Object.freeze({
    broker: Object.freeze({ features: Object.freeze({ ...BROKER_FEATURES, ...kept }) }),
    dealer: Object.freeze({ features: Object.freeze({ ...DEALER_FEATURES, ...META_FEATURES }) }),
  });
}

/** Where and when the deliveries of one input arise. */
interface At<P> {
  readonly now: Millis;
  readonly out: Delivery<P>[];
}

export class Realm<P> {
  readonly name: Uri;
  readonly members = new Map<SessionId, Member<P>>();
  readonly broker: Broker<P>;
  readonly dealer: Dealer<P>;
  /** For WELCOME. */
  readonly roles: Dict;
  readonly #context: RouterContext<P>;
  readonly #testaments = new Testaments<P>();
  readonly #meta: MetaApi<P>;

  constructor(name: Uri, context: RouterContext<P>) {
    this.name = name;
    this.#context = context;
    this.broker = new Broker(context);
    this.dealer = new Dealer(name, context, (topic, args, out) => this.broker.announce(topic, args, out));
    this.roles = routerRoles(this.broker.history);
    this.#meta = new MetaApi(context, [
      sessionProcedures(this.members, context),
      registrationProcedures(this.dealer.registrations),
      subscriptionProcedures(this.broker),
      historyProcedures(this.broker, context),
      authorizerProcedures(context.dynamicAuthorizer),
      enrollProcedures(context.enroll),
      testamentProcedures({ testaments: this.#testaments, broker: this.broker, context }),
    ]);
  }

  get isFull(): boolean {
    return this.members.size >= this.#context.limits.sessionsPerRealm;
  }

  /** A session id that nobody in this realm has. */
  freshId(): SessionId {
    for (;;) {
      const id = randomId<SessionId>(this.#context.random);
      if (!this.members.has(id)) return id;
    }
  }

  join(member: Member<P>): void {
    this.members.set(member.id, member);
    this.#context.statistics.joined += 1;
  }

  /** Tells the realm about a session that has been welcomed. */
  announceJoin(member: Member<P>, out: Delivery<P>[]): void {
    member.welcomed = true;
    this.broker.announce(SESSION_ON_JOIN, () => [sessionDetails(member)], out);
  }

  /** Disposes of everything the session held and tells those who waited for it. Nothing is addressed to it. */
  leave(member: Member<P>, reason: string, out: Delivery<P>[]): void {
    if (!this.members.delete(member.id)) return;
    this.#context.statistics.left += 1;
    const stats = sessionStats(member);
    this.broker.leave(member, out);
    for (const { publication, permission } of this.#testaments.take(member)) {
      this.broker.publishTestament(member, publication, permission, out);
    }
    this.dealer.leave(member, out);
    const { authid, authrole } = member.identity;
    if (member.welcomed) this.broker.announce(SESSION_ON_STATS, () => [member.id, stats], out);
    if (member.welcomed) this.broker.announce(SESSION_ON_LEAVE, () => [member.id, authid, authrole], out);
    this.#context.hooks?.closed(member, reason);
  }

  /**
   * A message of an established session, other than those that end it. @throws ProtocolViolation @throws Suspension if it is a
   * request that has to wait and be performed later; nothing but its id has been accepted then.
   */
  receive(member: Member<P>, message: Message, at: At<P>): void {
    const { out } = at;
    switch (message.type) {
      case "PUBLISH":
        member.acceptRequest(message.request, this.#context.requestIds);
        return this.#publish(member, message, out);
      case "CALL":
        if (this.dealer.resume(member, message, out)) return;
        member.acceptRequest(message.request, this.#context.requestIds);
        return this.#call(member, message, at);
      case "YIELD":
        return this.dealer.yield(member, message, at);
      case "ERROR":
        if (message.requestType !== RequestCode.invocation) {
          throw new ProtocolViolation(
            `a client answers INVOCATION (68) with ERROR, not request type ${message.requestType}`,
          );
        }
        return this.dealer.error(member, message, at);
      case "CANCEL":
        return this.dealer.cancel(member, message, out);
      case "SUBSCRIBE":
        member.acceptRequest(message.request, this.#context.requestIds);
        return this.#subscribe(member, message, out);
      case "UNSUBSCRIBE":
        member.acceptRequest(message.request, this.#context.requestIds);
        return this.broker.unsubscribe(member, message, out);
      case "REGISTER":
        member.acceptRequest(message.request, this.#context.requestIds);
        return this.dealer.registrations.register(member, message, out);
      case "UNREGISTER":
        member.acceptRequest(message.request, this.#context.requestIds);
        return this.dealer.registrations.unregister(member, message, out);
      default:
        throw new ProtocolViolation(`${message.type} is not for a client to send in an established session`);
    }
  }

  /** A request that waited after it was received. @throws as `receive`. */
  perform(member: Member<P>, message: Message, at: At<P>): void {
    switch (message.type) {
      case "PUBLISH":
        return this.#publish(member, message, at.out);
      case "CALL":
        return this.#call(member, message, at);
      case "SUBSCRIBE":
        return this.#subscribe(member, message, at.out);
      case "REGISTER":
        return this.dealer.registrations.register(member, message, at.out);
      default:
        // nothing else asks for permission
        return this.receive(member, message, at);
    }
  }

  #publish(member: Member<P>, message: Publish, out: Delivery<P>[]): void {
    const { hooks } = this.#context;
    if (hooks === undefined) return this.broker.publish(member, message, out);
    const changed = hooks.publish(member, message, out);
    if (changed !== undefined) hooks.passing(() => this.broker.publish(member, changed, out));
  }

  #subscribe(member: Member<P>, message: Subscribe, out: Delivery<P>[]): void {
    const { hooks } = this.#context;
    if (hooks === undefined) return this.broker.subscribe(member, message, out);
    const changed = hooks.subscribe(member, message, out);
    if (changed !== undefined) hooks.passing(() => this.broker.subscribe(member, changed, out));
  }

  #call(member: Member<P>, message: Call, at: At<P>): void {
    if (this.#context.moment.retiring === true && member.invocations.size === 0) {
      const asked = { code: RequestCode.call, request: message.request };
      const words = "the router shuts down and begins no more calls";
      at.out.push({ to: member.alone, message: errorMessage(asked, ErrorUri.unavailable, words) });
      return;
    }
    const { hooks } = this.#context;
    if (hooks === undefined) return this.#serve(member, message, at, message);
    const changed = hooks.call(member, message, at.out);
    if (changed !== undefined) hooks.passing(() => this.#serve(member, changed, at, message));
  }

  #serve(member: Member<P>, message: Call, at: At<P>, asCalled: Call): void {
    if (this.#meta.serves(message.procedure)) return this.#meta.call(member, message, at.out, asCalled);
    return this.dealer.call(member, message, at, asCalled);
  }

  /** Fails a call that was not answered in time. */
  expire(invocation: Invocation<P>, out: Delivery<P>[]): void {
    this.dealer.expire(invocation, out);
  }

  /** Answers for a message that could not be sent to this session; false if there is no way to say so but to end it. */
  undeliverable(member: Member<P>, message: Message, out: Delivery<P>[]): boolean {
    const error = ErrorUri.payloadSizeExceeded;
    switch (message.type) {
      case "INVOCATION": {
        const words = "the call is too large for the callee's transport";
        this.dealer.failInvocation(member, message.request, { error, words }, out);
        return true;
      }
      case "RESULT": {
        const words = "the result is too large for your transport";
        this.dealer.failResult(member, message.request, { error, words }, out);
        return true;
      }
      case "ERROR":
        if (message.error === error && message.payload.elements === 0) return false;
        out.push({ to: member.alone, message: { ...message, error, payload: noPayload } });
        return true;
      default:
        return false;
    }
  }

  /** Ends every pending call with an ERROR, before everybody is sent away. */
  cancelCalls(out: Delivery<P>[]): void {
    const refusal = { error: ErrorUri.canceled, words: "the router shuts down" };
    for (const member of this.members.values()) {
      for (const { request } of member.invocations.values()) this.dealer.failInvocation(member, request, refusal, out);
    }
  }
}
