/**
 * The books of everything that was asked of a router and of everything that came back, kept apart from the router: after each
 * step every message that anybody received must have been due, and nothing that was due may be missing.
 */
import assert from "node:assert/strict";
import { matches, type Dict, type Match, type Message } from "../../packages/wamp/index.ts";
import type { Authenticator } from "../../router-bridge/router/index.ts";
import { argsOf, World, type Peer } from "../router/world.ts";

interface Pattern {
  readonly match: Match;
  readonly text: string;
}

interface OpenCall {
  readonly tag: number;
  /** Progressive results may come. */
  readonly receives: boolean;
  /** Parts may follow. */
  sending: boolean;
  readonly procedure: string;
}

/** One session from its WELCOME to its end. */
export class Party {
  readonly peer: Peer;
  readonly session: number;
  readonly calls = new Map<number, OpenCall>();
  /** Invocations it has not answered, by id: the tag of the call. */
  readonly invoked = new Map<number, number>();
  readonly subscriptions = new Map<number, Pattern>();
  readonly registrations = new Map<number, Pattern>();
  readonly testaments: { readonly topic: string; readonly tag: number }[] = [];
  /** Requests that were made and not answered, but for calls and publications. */
  readonly asked = new Map<number, (reply: Message) => void>();
  /** Due events: subscription and tag. */
  due: string[] = [];
  lastInvocation = 0;
  dismissed = false;

  constructor(peer: Peer) {
    this.peer = peer;
    this.session = peer.sessionId;
  }
}

const FEATURES = {
  call_canceling: true,
  progressive_call_results: true,
  progressive_call_invocations: true,
  registration_revocation: true,
  subscription_revocation: true,
};
const ROLES = {
  roles: {
    publisher: {},
    subscriber: { features: FEATURES },
    caller: { features: FEATURES },
    callee: { features: FEATURES },
  },
};

/** All sessions are one principal, so that each may evict the others. */
const oneAccount: Authenticator = () => ({
  kind: "welcome",
  identity: { authid: "board", authrole: "anonymous", authmethod: "anonymous", authprovider: "test" },
});

export class Ledger {
  readonly world = new World({ authenticator: oneAccount, limits: { retainedEvents: 3, pendingCallsPerSession: 6 } });
  readonly parties = new Map<string, Party>();
  /** Who answered which call with this tag. */
  readonly #answers = new Map<number, { readonly call: number; readonly by: Party }>();
  #tag = 0;

  nextTag(): number {
    this.#tag += 1;
    return this.#tag;
  }

  join(name: string): void {
    const peer = this.world.connect(name).hello(ROLES);
    peer.takeOne("WELCOME");
    this.parties.set(name, new Party(peer));
    this.settle();
  }

  /** However it goes, its last will is published and all that was its is over. */
  leave(name: string, go: (party: Party) => void): void {
    const party = this.party(name);
    this.parties.delete(name);
    this.#execute(party);
    go(party);
    party.peer.take();
    this.settle();
  }

  party(name: string): Party {
    const party = this.parties.get(name);
    assert.ok(party, name);
    return party;
  }

  /** A publication of somebody: who must receive it. */
  expectEvents(topic: string, tag: number, except: Party | undefined): void {
    for (const party of this.parties.values()) {
      if (party === except || party.dismissed) continue;
      for (const [subscription, { match, text }] of party.subscriptions) {
        if (matches(text, match, topic)) party.due.push(`${subscription} ${tag}`);
      }
    }
  }

  answer(party: Party, invocation: number, tag: number): void {
    const call = party.invoked.get(invocation);
    if (call !== undefined) this.#answers.set(tag, { call, by: party });
  }

  /** Sends a request that is answered with SUBSCRIBED, REGISTERED and so on, or with ERROR, which changes nothing. */
  ask(party: Party, request: number, message: Message, granted: (reply: Message) => void): void {
    party.asked.set(request, granted);
    party.peer.send(message);
    this.settle();
    assert.ok(!party.asked.has(request), "the request was answered at once");
  }

  /** Reads what everybody received. */
  settle(): void {
    for (const party of this.parties.values()) for (const message of party.peer.take()) this.#received(party, message);
    for (const [name, party] of this.parties) {
      assert.deepEqual(party.due, [], `events that ${name} did not get`);
      if (party.dismissed) this.parties.delete(name);
    }
    assert.equal(this.world.router.size().pendingCalls, this.#pending(), "pending calls");
  }

  /** What the meta API says is what the books say. */
  census(name: string): void {
    const party = this.party(name);
    const ask = (procedure: string, ...args: unknown[]): unknown => {
      const request = party.peer.call(procedure, args);
      const [reply] = party.peer.take();
      assert.ok(reply?.type === "RESULT" && reply.request === request, procedure);
      return argsOf(reply)[0];
    };
    const all = [...this.parties.values()];
    assert.equal(ask("wamp.session.count"), all.length);
    assert.deepEqual(new Set(ask("wamp.session.list") as number[]), new Set(all.map(({ session }) => session)));
    for (const [kind, word, held] of [
      ["subscription", "subscribers", (one: Party) => one.subscriptions],
      ["registration", "callees", (one: Party) => one.registrations],
    ] as const) {
      const ids = new Set(all.flatMap((one) => [...held(one).keys()]));
      const lists = ask(`wamp.${kind}.list`) as Record<string, number[]>; // compared with the books
      assert.deepEqual(new Set(Object.values(lists).flat()), ids, `${kind}s`);
      for (const one of ids) {
        const count = all.filter((each) => held(each).has(one)).length;
        assert.equal(ask(`wamp.${kind}.count_${word}`, one), count);
      }
    }
  }

  /** A call to the router itself: its RESULT carries no tag. */
  accept(party: Party, request: number): void {
    party.calls.delete(request);
    party.asked.set(request, (reply) => assert.equal(reply.type, "RESULT"));
  }

  /** The session is over without its own doing; what it had is settled as if it had left. */
  dismiss(party: Party): void {
    party.dismissed = true;
    this.#execute(party);
  }

  finish(): void {
    for (const name of this.parties.keys()) this.leave(name, ({ peer }) => peer.vanish());
    this.world.wait(100_000);
    this.world.assertEmpty();
  }

  #execute(party: Party): void {
    party.due = [];
    for (const { topic, tag } of party.testaments) this.expectEvents(topic, tag, party);
  }

  #pending(): number {
    let calls = 0;
    for (const party of this.parties.values()) calls += party.calls.size;
    return calls;
  }

  #received(party: Party, message: Message): void {
    switch (message.type) {
      case "EVENT":
        return this.#event(party, message.subscription, message.details, Number(argsOf(message)[0]));
      case "INVOCATION":
        return this.#invocation(party, message);
      case "INTERRUPT":
        return assert.ok(message.request <= party.lastInvocation, "INTERRUPT of what was never sent");
      case "RESULT":
        if (party.asked.has(message.request)) break;
        return this.#answered(party, message.request, message.details["progress"] === true, Number(argsOf(message)[0]));
      case "ERROR":
        if (message.requestType === 48) return this.#ended(party, message.request);
        return assert.ok(party.asked.delete(message.request), "an ERROR for nothing");
      case "GOODBYE":
        return assert.ok(party.dismissed, "GOODBYE for nothing");
      case "UNREGISTERED":
      case "UNSUBSCRIBED":
        if (message.request === 0) return this.#revoked(party, message.details ?? {});
        break;
      default:
    }
    const request = "request" in message ? message.request : -1;
    const granted = party.asked.get(request);
    assert.ok(granted, `${message.type} for nothing`);
    party.asked.delete(request);
    granted(message);
  }

  #event(party: Party, subscription: number, details: Dict, tag: number): void {
    assert.ok(party.subscriptions.has(subscription), "an event of no subscription");
    // a prefix of nothing covers the router's own topics too
    if (details["retained"] === true || String(details["topic"]).startsWith("wamp.")) return;
    const at = party.due.indexOf(`${subscription} ${tag}`);
    assert.ok(at >= 0, `event ${tag} of subscription ${subscription} was not due, or came twice`);
    party.due.splice(at, 1);
  }

  #invocation(
    party: Party,
    { request, registration, payload, details }: Extract<Message, { type: "INVOCATION" }>,
  ): void {
    const [tag] = payload.args;
    if (party.invoked.has(request)) {
      assert.equal(party.invoked.get(request), tag, "a further part of the same call");
      return;
    }
    assert.equal(request, party.lastInvocation + 1, "invocation ids count");
    party.lastInvocation = request;
    const pattern = party.registrations.get(registration);
    assert.ok(pattern, "an invocation of no registration");
    const { procedure = pattern.text } = details;
    assert.ok(typeof procedure === "string" && matches(pattern.text, pattern.match, procedure), "of the right one");
    party.invoked.set(request, Number(tag));
  }

  #answered(party: Party, request: number, progress: boolean, tag: number): void {
    const call = party.calls.get(request);
    assert.ok(call, `RESULT for call ${request}, which is not open`);
    const answer = this.#answers.get(tag);
    assert.ok(answer && answer.call === call.tag, "the answer of the session that was invoked for this call");
    if (progress) assert.ok(call.receives, "progress that nobody asked for");
    else this.#ended(party, request);
  }

  #ended(party: Party, request: number): void {
    const call = party.calls.get(request);
    assert.ok(call, `call ${request} ended twice`);
    party.calls.delete(request);
    for (const other of this.parties.values()) {
      for (const [invocation, tag] of other.invoked) if (tag === call.tag) other.invoked.delete(invocation);
    }
  }

  #revoked(party: Party, details: Dict): void {
    const { registration, subscription } = details as { registration?: number; subscription?: number }; // ids, by the spec
    if (registration !== undefined) assert.ok(party.registrations.delete(registration), "revoked what it had not");
    else assert.ok(party.subscriptions.delete(Number(subscription)), "revoked what it had not");
  }
}
