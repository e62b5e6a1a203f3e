/**
 * Owns the subscriptions of one realm and turns publications into deliveries. It must not know procedures, nor how a session
 * joins and ends: it is told who asks and who left. Every matching subscription gets one EVENT, all with one publication id.
 */
import {
  ErrorUri,
  keptPayload,
  payloadOf,
  randomId,
  toId,
  type Dict,
  type Match,
  type PublicationId,
  type Publish,
  type Subscribe,
  type SubscriptionId,
  type Unsubscribe,
  type Uri,
} from "@pinion/wamp";
import { asBoolean, matchOption } from "./dict-reading.ts";
import { errorMessage, NO_DETAILS, RequestCode, type Asked, type Delivery } from "./delivery.ts";
import { EventHistory } from "./event-history.ts";
import type { KeptEvent } from "./kept-event.ts";
import { LIMIT_EXCEEDED } from "./limits.ts";
import type { Member } from "./member.ts";
import { PatternIndex } from "./pattern-index.ts";
import { publishOptions, type PublishOptions } from "./publish-options.ts";
import { RetainedEvents } from "./retained-events.ts";
import { decide, reservedFault, uriFault, type Refusal, type RouterContext } from "./router-context.ts";
import { Subscription } from "./subscription.ts";
import { Suspension } from "./suspension.ts";
import {
  SUBSCRIPTION_ON_CREATE,
  SUBSCRIPTION_ON_DELETE,
  SUBSCRIPTION_ON_SUBSCRIBE,
  SUBSCRIPTION_ON_UNSUBSCRIBE,
  subscriptionDetails,
} from "./subscription-details.ts";

/** What the broker announces in WELCOME: only what it does. */
export const BROKER_FEATURES: Dict = Object.freeze({
  event_retention: true,
  pattern_based_subscription: true,
  payload_passthru_mode: true,
  publication_trustlevels: true,
  publisher_exclusion: true,
  publisher_identification: true,
  session_meta_api: true,
  subscriber_blackwhite_listing: true,
  subscription_meta_api: true,
  subscription_revocation: true,
});

export class Broker<P> {
  readonly #context: RouterContext<P>;
  /** Subscriptions of all members together. */
  #held = 0;
  readonly #index = new PatternIndex<Subscription<P>>();
  readonly retained: RetainedEvents;
  readonly history: EventHistory;
  readonly #keepsHistory: boolean;
  readonly #byId = new Map<number, Subscription<P>>();
  #lastSubscription = 0;

  constructor(context: RouterContext<P>) {
    this.#context = context;
    this.history = new EventHistory(context.history);
    this.#keepsHistory = this.history.isKept;
    this.retained = new RetainedEvents(context.limits, context.statistics);
  }

  get subscriptions(): number {
    return this.#index.size;
  }

  values(match: Match): Iterable<Subscription<P>> {
    return this.#index.values(match);
  }

  byId(id: number): Subscription<P> | undefined {
    return this.#byId.get(id);
  }

  /** The subscription to this very text with this policy. */
  lookup(match: Match, topic: string): Subscription<P> | undefined {
    return this.#index.get(match, topic);
  }

  /** All subscriptions that a publication to this topic concerns. */
  matching(topic: string): readonly Subscription<P>[] {
    return this.#index.matching(topic);
  }

  subscribe(member: Member<P>, { request, options, topic }: Subscribe, out: Delivery<P>[]): void {
    const match = matchOption(options);
    const getRetained = asBoolean("get_retained", options["get_retained"]);
    const { limits } = this.#context;
    const fault = uriFault(topic, match, limits);
    if (fault) return this.#refuse(member, { code: RequestCode.subscribe, request }, fault, out);
    const decision = decide(this.#context, member, "subscribe", { uri: topic, match, options });
    if (!decision.allowed) {
      return this.#refuse(
        member,
        { code: RequestCode.subscribe, request },
        { error: decision.reason, words: decision.words },
        out,
      );
    }
    const known = this.#index.get(match, topic);
    const isNew = known?.members.has(member.id) !== true;
    if (isNew) {
      const words = this.#whyFull(member);
      if (words !== undefined) {
        return this.#refuse(member, { code: RequestCode.subscribe, request }, { error: LIMIT_EXCEEDED, words }, out);
      }
    }
    const subscription = known ?? this.#create(match, topic);
    const { id } = subscription;
    out.push({ to: member.alone, message: { type: "SUBSCRIBED", request, subscription: id } });
    if (isNew) this.#join(subscription, member, out);
    if (getRetained) this.#deliverRetained(subscription, member, out);
  }

  /** Why this session may not subscribe to one more. */
  #whyFull({ subscriptions }: Member<P>): string | undefined {
    const { subscriptionsPerSession, subscriptionsPerRealm } = this.#context.limits;
    if (subscriptions.size >= subscriptionsPerSession)
      return `this session has ${subscriptionsPerSession} subscriptions, which is the limit`;
    if (this.#held < subscriptionsPerRealm) return undefined;
    return `the sessions of this realm have ${subscriptionsPerRealm} subscriptions together, which is the limit`;
  }

  #join(subscription: Subscription<P>, member: Member<P>, out: Delivery<P>[]): void {
    const { id, members } = subscription;
    // a subscription does not hear of its own making, however wide its pattern
    if (members.size === 0) {
      this.announce(SUBSCRIPTION_ON_CREATE, () => [member.id, subscriptionDetails(subscription)], out);
    }
    this.announce(SUBSCRIPTION_ON_SUBSCRIBE, () => [member.id, id], out);
    subscription.add(member);
    member.subscriptions.set(id, subscription);
    this.#held += 1;
  }

  unsubscribe(member: Member<P>, { request, subscription: id }: Unsubscribe, out: Delivery<P>[]): void {
    const subscription = member.subscriptions.get(id);
    if (subscription === undefined) {
      const refusal = { error: ErrorUri.noSuchSubscription, words: `this session has no subscription ${id}` };
      return this.#refuse(member, { code: RequestCode.unsubscribe, request }, refusal, out);
    }
    member.subscriptions.delete(id);
    this.#held -= 1;
    subscription.remove(member);
    out.push({ to: member.alone, message: { type: "UNSUBSCRIBED", request } });
    this.#announceEnd(subscription, member, out);
  }

  /**
   * Takes a subscription from one of its subscribers. It is told only if it announced subscription_revocation; to anybody
   * else the message would be a violation.
   */
  revoke(subscription: Subscription<P>, { from, reason }: Revocation<P>, out: Delivery<P>[]): void {
    const { id } = subscription;
    if (from.subscriptions.delete(id)) this.#held -= 1;
    subscription.remove(from);
    if (from.features.subscriptionRevocation) {
      const details = reason === undefined ? { subscription: id } : { subscription: id, reason };
      out.push({ to: from.alone, message: { type: "UNSUBSCRIBED", request: 0, details } });
    }
    this.#announceEnd(subscription, from, out);
  }

  publish(member: Member<P>, message: Publish, out: Delivery<P>[]): void {
    const { topic, request } = message;
    const options = publishOptions(message.options, member.features);
    const exact = this.#index.exact(topic);
    const permission = this.#permission(member, message, options, exact !== undefined);
    if ("error" in permission) {
      // an unacknowledged publication that fails is not answered (spec "Publishing and Events")
      if (options.acknowledge) this.#refuse(member, { code: RequestCode.publish, request }, permission, out);
      return;
    }
    this.#release(this.#outgoing(member, message, options, permission), exact, out);
  }

  /**
   * Publishes what a session has left behind. A dynamic authorizer that has forgotten what it said cannot be asked any more:
   * then the permission holds that was given when it was left.
   */
  publishTestament(member: Member<P>, message: Publish, permission: Permission, out: Delivery<P>[]): void {
    try {
      this.publish(member, message, out);
    } catch (fault) {
      if (!(fault instanceof Suspension)) throw fault;
      const options = publishOptions(message.options, member.features);
      const event = this.#outgoing(member, message, options, permission);
      this.#release(event, this.#index.exact(message.topic), out);
    }
  }

  #outgoing(publisher: Member<P>, message: Publish, options: PublishOptions, permission: Permission): Outgoing<P> {
    const known = permission === UNDISCLOSED ? NO_DETAILS : detailsOf(publisher, permission);
    const details = options.passthru === undefined ? known : { ...known, ...options.passthru };
    const publication = randomId<PublicationId>(this.#context.random);
    return { publisher, message, publication, options, details };
  }

  #release(event: Outgoing<P>, exact: Subscription<P> | undefined, out: Delivery<P>[]): void {
    const { publisher, message, publication, options } = event;
    const { topic, request } = message;
    this.#context.statistics.publications += 1;
    if (options.acknowledge) out.push({ to: publisher.alone, message: { type: "PUBLISHED", request, publication } });
    if (options.retain || this.#keepsHistory) this.#keep(event);
    if (!this.#index.hasPatterns) {
      if (exact !== undefined) this.#deliver(event, exact, out);
      return;
    }
    for (const subscription of this.#index.matching(topic)) this.#deliver(event, subscription, out);
  }

  /** Whether this publication would be let through now. @throws ProtocolViolation for an option of a wrong type. */
  publishPermission(member: Member<P>, message: Publish): Permission | Refusal {
    return this.#permission(member, message, publishOptions(message.options, member.features), false);
  }

  /** Publishes what happened in the realm itself (spec, meta events). `args` is only asked for if somebody listens. */
  announce(topic: Uri, args: () => readonly unknown[], out: Delivery<P>[]): void {
    const concerned = this.#index.matching(topic).filter(({ members }) => members.size > 0);
    if (concerned.length === 0) return;
    const publication = randomId<PublicationId>(this.#context.random);
    const payload = payloadOf(args());
    for (const subscription of concerned) {
      const to = subscription.peers();
      const details = subscription.match === "exact" ? NO_DETAILS : { topic };
      this.#context.statistics.eventsDelivered += to.length;
      out.push({ to, message: { type: "EVENT", subscription: subscription.id, publication, details, payload } });
    }
  }

  /** Forgets a session that ended. */
  leave(member: Member<P>, out: Delivery<P>[]): void {
    const held = [...member.subscriptions.values()];
    member.subscriptions.clear();
    this.#held -= held.length;
    // out of all of them first: nothing may be addressed to it any more, not even what is told of its own leaving
    for (const subscription of held) subscription.remove(member);
    for (const subscription of held) this.#announceEnd(subscription, member, out);
  }

  /** Whether the publication may go out, and with its publisher's name or not. */
  #permission(member: Member<P>, message: Publish, options: PublishOptions, known: boolean): Permission | Refusal {
    const { topic } = message;
    // a topic that somebody subscribed to was checked then
    const fault = (known ? undefined : uriFault(topic, "exact", this.#context.limits)) ?? reservedFault(topic);
    if (fault) return fault;
    const decision = decide(this.#context, member, "publish", { uri: topic, match: "exact", options: message.options });
    if (!decision.allowed) return { error: decision.reason, words: decision.words };
    const { disclose, trustlevel } = decision;
    if (disclose === undefined && trustlevel === undefined) return options.discloseMe ? DISCLOSED : UNDISCLOSED;
    if (!options.discloseMe || disclose !== false) {
      const discloses = disclose ?? options.discloseMe;
      if (trustlevel !== undefined) return { disclose: discloses, trustlevel };
      return discloses ? DISCLOSED : UNDISCLOSED;
    }
    const words = `this router does not disclose the publisher of ${topic}`;
    return { error: ErrorUri.discloseMeDisallowed, words };
  }

  /** The last word on each topic, for a newcomer (spec, event retention). */
  #deliverRetained({ id, match, topic: pattern }: Subscription<P>, member: Member<P>, out: Delivery<P>[]): void {
    for (const { topic, publication, details: base, payload } of this.retained.visibleTo(member, match, pattern)) {
      this.#context.statistics.eventsDelivered += 1;
      const details = match === "exact" ? { ...base, retained: true } : { ...base, topic, retained: true };
      out.push({ to: member.alone, message: { type: "EVENT", subscription: id, publication, details, payload } });
    }
  }

  #keep(event: Outgoing<P>): void {
    const { options, message } = event;
    if (options.retain) this.retained.keep(this.#kept(event));
    if (!this.#keepsHistory || options.audience?.namesSessions === true) return;
    this.history.record(message.topic, this.#context.moment.now, () => this.#kept(event));
  }

  #kept({ publisher, message, publication, options, details }: Outgoing<P>): KeptEvent {
    return {
      topic: message.topic,
      publication,
      details,
      ...keptPayload(message.payload),
      audience: options.audience,
      excluded: options.excludeMe ? publisher.id : undefined,
      at: this.#context.wallTime(this.#context.moment.now),
    };
  }

  #deliver(event: Outgoing<P>, subscription: Subscription<P>, out: Delivery<P>[]): void {
    const to = receivers(event, subscription);
    if (to.length === 0) return;
    this.#context.statistics.eventsDelivered += to.length;
    const { topic, payload } = event.message;
    const { publication, details: base } = event;
    const details = subscription.match === "exact" ? base : base === NO_DETAILS ? { topic } : { ...base, topic };
    out.push({ to, message: { type: "EVENT", subscription: subscription.id, publication, details, payload } });
  }

  #create(match: Match, topic: Uri): Subscription<P> {
    this.#lastSubscription += 1;
    const id = toId<SubscriptionId>(this.#lastSubscription);
    const created = this.#context.wallTime(this.#context.moment.now);
    const subscription = new Subscription<P>({ id, topic, match, created });
    this.#index.set(match, topic, subscription);
    this.#byId.set(id, subscription);
    return subscription;
  }

  /** A subscriber is gone; with the last one goes the subscription. */
  #announceEnd({ id, match, topic, members }: Subscription<P>, gone: Member<P>, out: Delivery<P>[]): void {
    const ends = members.size === 0;
    if (ends) {
      this.#index.delete(match, topic);
      this.#byId.delete(id);
    }
    this.announce(SUBSCRIPTION_ON_UNSUBSCRIBE, () => [gone.id, id], out);
    if (ends) this.announce(SUBSCRIPTION_ON_DELETE, () => [gone.id, id], out);
  }

  #refuse(member: Member<P>, asked: Asked, refusal: Refusal, out: Delivery<P>[]): void {
    out.push({ to: member.alone, message: errorMessage(asked, refusal.error, refusal.words) });
  }
}

interface Revocation<P> {
  readonly from: Member<P>;
  readonly reason: string | undefined;
}

/** On which terms a publication may go out. */
export interface Permission {
  readonly disclose: boolean;
  readonly trustlevel: number | undefined;
}
const DISCLOSED: Permission = Object.freeze({ disclose: true, trustlevel: undefined });
const UNDISCLOSED: Permission = Object.freeze({ disclose: false, trustlevel: undefined });

interface Outgoing<P> {
  readonly publisher: Member<P>;
  readonly message: Publish;
  readonly publication: PublicationId;
  readonly options: PublishOptions;
  /** EVENT.Details without the topic. */
  readonly details: Dict;
}

function detailsOf<P>(publisher: Member<P>, { disclose, trustlevel }: Permission): Dict {
  const details = disclose ? publisher.asPublisher : NO_DETAILS;
  return trustlevel === undefined ? details : { ...details, trustlevel };
}

function receivers<P>({ publisher, options }: Outgoing<P>, subscription: Subscription<P>): readonly P[] {
  const { audience, excludeMe } = options;
  if (audience === undefined) return excludeMe ? subscription.peersWithout(publisher) : subscription.peers();
  const chosen: P[] = [];
  for (const member of subscription.members.values()) {
    if (excludeMe && member === publisher) continue;
    if (audience.includes(member)) chosen.push(member.peer);
  }
  return chosen;
}
