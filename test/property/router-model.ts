/**
 * What a router must do, written down as naively as possible: lists and linear searches, no index, no shared arrays. It
 * predicts what every peer receives for every step. Ids that a router may choose stay symbolic.
 */
import { matches, type Match } from "../../packages/wamp/index.ts";

export interface Pattern {
  readonly match: Match;
  readonly text: string;
}

interface Held extends Pattern {
  readonly owner: string;
}

/** `random` is not predicted here. */
export type Policy = "single" | "first" | "last" | "roundrobin";

interface Offer extends Held {
  readonly policy: Policy;
  /** Calls at a time; 0: any number. */
  readonly concurrency: number;
  /** Counts registrations. */
  readonly since: number;
  /** `since` of the first of those that share the registration. */
  readonly shared: number;
}

interface Pending {
  readonly caller: string;
  callee: string;
  offer: Offer;
  readonly call: number;
  invocation: number;
  readonly tag: number;
  readonly procedure: string;
  /** There was somebody else when the call came. */
  readonly movable: boolean;
  readonly declined: Set<Offer>;
  readonly due: number | undefined;
  readonly order: number;
  killed: boolean;
}

export const keyOf = ({ match, text }: Pattern): string => `${match}:${text}`;

export class RouterModel {
  /** Peers that have joined, and whether they can be interrupted. */
  readonly members = new Map<string, boolean>();
  subscriptions: Held[] = [];
  /** In the order of registration. */
  registrations: Offer[] = [];
  /** When the one that was invoked last had registered, by shared registration. */
  readonly #servedLast = new Map<string, number>();
  pending: Pending[] = [];
  readonly lastInvocation = new Map<string, number>();
  now = 0;
  #order = 0;
  #expected: { peer: string; line: string }[] = [];

  /** What was predicted since the last call, for one peer after the other. */
  takeExpected(): ReadonlyMap<string, string[]> {
    const lines = new Map<string, string[]>();
    for (const { peer, line } of this.#expected.splice(0)) lines.set(peer, [...(lines.get(peer) ?? []), line]);
    return lines;
  }

  join(peer: string, interruptible: boolean): void {
    this.members.set(peer, interruptible);
    this.lastInvocation.set(peer, 0);
    this.#expect(peer, "WELCOME");
    this.#announce("wamp.session.on_join", peer);
  }

  leave(peer: string): void {
    this.members.delete(peer);
    const subscriptions = this.subscriptions.filter(({ owner }) => owner === peer);
    this.subscriptions = this.subscriptions.filter(({ owner }) => owner !== peer);
    for (const one of subscriptions) this.#announceEnd("subscription", one, this.subscriptions);
    const registrations = this.registrations.filter(({ owner }) => owner === peer);
    this.registrations = this.registrations.filter(({ owner }) => owner !== peer);
    for (const one of registrations) this.#announceEnd("registration", one, this.registrations);
    for (const one of this.pending.filter(({ caller }) => caller === peer)) {
      this.#drop(one);
      if (one.callee !== peer) this.#interrupt(one, "killnowait");
    }
    const unanswered = this.pending.filter(({ callee }) => callee === peer);
    for (const one of unanswered.toSorted((a, b) => a.invocation - b.invocation))
      this.#fail(one, "wamp.error.canceled");
    this.#announce("wamp.session.on_stats", peer);
    this.#announce("wamp.session.on_leave", peer);
  }

  subscribe(peer: string, pattern: Pattern, request: number): void {
    const held = this.subscriptions.some((one) => one.owner === peer && keyOf(one) === keyOf(pattern));
    this.#expect(peer, `SUBSCRIBED ${request}`);
    if (held) return;
    const known = this.subscriptions.some((one) => keyOf(one) === keyOf(pattern));
    if (!known) this.#announce("wamp.subscription.on_create", peer);
    this.#announce("wamp.subscription.on_subscribe", peer);
    this.subscriptions.push({ ...pattern, owner: peer });
  }

  unsubscribe(peer: string, pattern: Pattern, request: number): void {
    const mine = (one: Held): boolean => one.owner === peer && keyOf(one) === keyOf(pattern);
    const known = this.subscriptions.some(mine);
    this.subscriptions = this.subscriptions.filter((one) => !mine(one));
    this.#expect(peer, known ? `UNSUBSCRIBED ${request}` : `ERROR 34 ${request} wamp.error.no_such_subscription`);
    if (known) this.#announceEnd("subscription", { ...pattern, owner: peer }, this.subscriptions);
  }

  publish(
    peer: string,
    topic: string,
    how: { tag: number; request: number; excludeMe: boolean; acknowledge: boolean },
  ): void {
    if (how.acknowledge) this.#expect(peer, `PUBLISHED ${how.request}`);
    for (const one of this.subscriptions) {
      if (!matches(one.text, one.match, topic) || (one.owner === peer && how.excludeMe)) continue;
      this.#expect(one.owner, `EVENT ${keyOf(one)} ${how.tag} ${JSON.stringify(one.match === "exact" ? "" : topic)}`);
    }
  }

  register(peer: string, pattern: Pattern, how: { request: number; policy: Policy; concurrency: number }): boolean {
    const { request, policy, concurrency } = how;
    const others = this.registrations.filter((one) => keyOf(one) === keyOf(pattern));
    const shares = policy !== "single" && others.every((one) => one.owner !== peer && one.policy === policy);
    const taken = others.length > 0 && !shares;
    if (!taken) {
      this.#order += 1;
      const shared = others[0]?.shared ?? this.#order;
      this.registrations.push({ ...pattern, owner: peer, policy, concurrency, since: this.#order, shared });
      if (others.length === 0) this.#servedLast.delete(keyOf(pattern));
    }
    this.#expect(peer, taken ? `ERROR 64 ${request} wamp.error.procedure_already_exists` : `REGISTERED ${request}`);
    if (!taken) {
      if (others.length === 0) this.#announce("wamp.registration.on_create", peer);
      this.#announce("wamp.registration.on_register", peer);
    }
    return !taken;
  }

  unregister(peer: string, pattern: Pattern, request: number): void {
    const mine = (one: Held): boolean => one.owner === peer && keyOf(one) === keyOf(pattern);
    const known = this.registrations.some(mine);
    this.registrations = this.registrations.filter((one) => !mine(one));
    this.#expect(peer, known ? `UNREGISTERED ${request}` : `ERROR 66 ${request} wamp.error.no_such_registration`);
    if (known) this.#announceEnd("registration", { ...pattern, owner: peer }, this.registrations);
  }

  call(peer: string, procedure: string, how: { tag: number; request: number; timeout: number }): void {
    const matching = this.registrations.filter(({ text, match }) => matches(text, match, procedure));
    const rank = ({ match, text }: Held): number =>
      match === "exact" ? 10_000 : match === "prefix" ? 1_000 + text.length : specificity(text);
    const highest = Math.max(...matching.map(rank));
    const offers = matching.filter((one) => rank(one) === highest);
    const best = this.#choose(offers, new Set());
    if (best === undefined) {
      const error = offers.length === 0 ? "no_such_procedure" : "no_available_callee";
      this.#expect(peer, `ERROR 48 ${how.request} wamp.error.${error}`);
      return;
    }
    this.#order += 1;
    const one: Pending = {
      caller: peer,
      callee: best.owner,
      offer: best,
      call: how.request,
      invocation: 0,
      tag: how.tag,
      procedure,
      movable: offers.length > 1,
      declined: new Set(),
      due: how.timeout > 0 ? this.now + how.timeout : undefined,
      order: this.#order,
      killed: false,
    };
    this.pending.push(one);
    this.#invoke(one, best);
  }

  #invoke(one: Pending, offer: Offer): void {
    one.offer = offer;
    one.callee = offer.owner;
    one.invocation = (this.lastInvocation.get(offer.owner) ?? 0) + 1;
    this.lastInvocation.set(offer.owner, one.invocation);
    const named = JSON.stringify(offer.match === "exact" ? "" : one.procedure);
    this.#expect(offer.owner, `INVOCATION ${keyOf(offer)} ${one.invocation} ${one.tag} ${named}`);
  }

  /** True if another callee has the call now. */
  #reroute(one: Pending): boolean {
    one.declined.add(one.offer);
    const offers = this.registrations.filter(({ shared }) => shared === one.offer.shared);
    const next = one.movable ? this.#choose(offers, one.declined) : undefined;
    if (next) this.#invoke(one, next);
    return next !== undefined;
  }

  /** An answer to an invocation that was issued to this peer; if it ended already nothing happens. */
  answer(peer: string, invocation: number, how: { tag: number; error: string | undefined }): void {
    const one = this.pending.find((each) => each.callee === peer && each.invocation === invocation);
    if (one === undefined) return;
    const passedOver = how.error === "wamp.error.unavailable" && one.offer.policy !== "single" && !one.killed;
    if (passedOver && this.#reroute(one)) return;
    this.#drop(one);
    const error = passedOver ? "wamp.error.no_available_callee" : how.error;
    const line = error === undefined ? `RESULT ${one.call} ${how.tag}` : `ERROR 48 ${one.call} ${error}`;
    this.#expect(one.caller, line);
  }

  cancel(peer: string, call: number, mode: "skip" | "kill" | "killnowait"): void {
    const one = this.pending.find((each) => each.caller === peer && each.call === call);
    if (one === undefined) return;
    const effective = this.members.get(one.callee) === true ? mode : "skip";
    if (effective === "killnowait" || (effective === "kill" && !one.killed)) this.#interrupt(one, effective);
    if (effective === "kill") one.killed = true;
    else this.#fail(one, "wamp.error.canceled");
  }

  wait(milliseconds: number): void {
    this.now += milliseconds;
    const overdue = this.pending.filter(({ due }) => due !== undefined && due <= this.now);
    for (const one of overdue.toSorted((a, b) => (a.due ?? 0) - (b.due ?? 0) || a.order - b.order)) {
      this.#interrupt(one, "killnowait");
      this.#fail(one, "wamp.error.timeout");
    }
  }

  /** Among the callees of one registration that have room. */
  #choose(all: readonly Offer[], declined: ReadonlySet<Offer>): Offer | undefined {
    const running = (offer: Offer): number => this.pending.filter((one) => one.offer === offer).length;
    const offers = all.filter(
      (offer) => !declined.has(offer) && (offer.concurrency === 0 || running(offer) < offer.concurrency),
    );
    const [first] = offers;
    if (first === undefined || first.policy === "single" || first.policy === "first") return first;
    if (first.policy === "last") return offers.at(-1);
    const before = this.#servedLast.get(keyOf(first)) ?? 0;
    const chosen = offers.find(({ since }) => since > before) ?? first;
    this.#servedLast.set(keyOf(first), chosen.since);
    return chosen;
  }

  /** A meta event about a peer. */
  #announce(topic: string, about: string): void {
    for (const one of this.subscriptions) {
      if (!matches(one.text, one.match, topic)) continue;
      const told = one.match === "exact" ? "" : topic;
      this.#expect(one.owner, `EVENT ${keyOf(one)} ${about} ${JSON.stringify(told)}`);
    }
  }

  #announceEnd(kind: "subscription" | "registration", gone: Held, left: readonly Held[]): void {
    this.#announce(`wamp.${kind}.on_un${kind === "subscription" ? "subscribe" : "register"}`, gone.owner);
    if (!left.some((one) => keyOf(one) === keyOf(gone))) this.#announce(`wamp.${kind}.on_delete`, gone.owner);
  }

  #fail(one: Pending, error: string): void {
    this.#drop(one);
    this.#expect(one.caller, `ERROR 48 ${one.call} ${error}`);
  }

  #interrupt({ callee, invocation }: Pending, mode: string): void {
    if (this.members.get(callee) === true) this.#expect(callee, `INTERRUPT ${invocation} ${mode}`);
  }

  #drop(one: Pending): void {
    this.pending = this.pending.filter((each) => each !== one);
  }

  #expect(peer: string, line: string): void {
    if (this.members.has(peer)) this.#expected.push({ peer, line });
  }
}

/** Orders the wildcards that match one URI: a named component counts the more the further left it stands. */
function specificity(text: string): number {
  return text.split(".").reduce((sum, component) => sum * 2 + (component === "" ? 0 : 1), 0);
}
