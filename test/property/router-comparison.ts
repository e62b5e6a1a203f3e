/** Runs steps against the router and against the model, and compares what every peer received after each. */
import assert from "node:assert/strict";
import type { Match, Message } from "../../packages/wamp/index.ts";
import { argsOf, PLAIN_ROLES, ALL_ROLES, id, uri, World, type Peer } from "../router/world.ts";
import { keyOf, RouterModel, type Pattern, type Policy } from "./router-model.ts";

export type Step =
  | { readonly kind: "leave"; readonly how: "vanish" | "goodbye" | "abort" | "forge" }
  | { readonly kind: "subscribe" | "unsubscribe" | "unregister"; readonly pattern: Pattern }
  | { readonly kind: "register"; readonly pattern: Pattern; readonly policy: Policy; readonly concurrency: number }
  | { readonly kind: "publish"; readonly uri: string; readonly excludeMe: boolean; readonly acknowledge: boolean }
  | { readonly kind: "call"; readonly uri: string; readonly timeout: number }
  | { readonly kind: "answer"; readonly which: number; readonly error: string | undefined }
  | { readonly kind: "cancel"; readonly which: number; readonly mode: "skip" | "kill" | "killnowait" }
  | { readonly kind: "wait"; readonly milliseconds: number }
  /** What the meta API tells is compared with the truth. */
  | { readonly kind: "census" };

export class RouterComparison {
  readonly #world = new World();
  readonly #model = new RouterModel();
  readonly #peers = new Map<string, Peer>();
  /** The ids that the router chose, by what they stand for while it exists; and all that were ever used. */
  readonly #ids = new Map<string, number>();
  readonly #spent = new Set<string>();
  readonly #publications = new Set<number>();
  readonly #open = new Map<string, Set<number>>();
  /** Who a session id was given to, for ever. */
  readonly #sessions = new Map<number, string>();
  #tag = 0;

  step(name: string, step: Step): void {
    this.#tag += 1;
    const peer = this.#peers.get(name);
    if (step.kind === "wait") {
      this.#world.wait(step.milliseconds);
      this.#model.wait(step.milliseconds);
    } else if (peer === undefined) {
      this.#join(name);
    } else if (step.kind === "census") {
      this.#census(peer);
    } else if (step.kind === "leave") {
      this.#leave(name, peer, step.how);
    } else {
      this.#request(name, peer, step);
    }
    this.#compare();
  }

  /** Everybody leaves: nothing may be left. */
  finish(): void {
    for (const [name, peer] of this.#peers) {
      this.#leave(name, peer, "vanish");
      this.#compare();
    }
    this.#world.assertEmpty();
  }

  #join(name: string): void {
    const interruptible = name === "a" || name === "b";
    const peer = this.#world.connect(name).hello({ roles: interruptible ? ALL_ROLES : PLAIN_ROLES });
    this.#peers.set(name, peer);
    this.#open.set(name, new Set());
    this.#sessions.set(peer.sessionId, name);
    this.#model.join(name, interruptible);
  }

  #leave(name: string, peer: Peer, how: "vanish" | "goodbye" | "abort" | "forge"): void {
    if (how === "vanish") peer.vanish();
    if (how === "goodbye") peer.send({ type: "GOODBYE", details: {}, reason: uri("wamp.close.normal") });
    if (how === "abort") peer.publish("x", [], { acknowledge: 1 });
    if (how === "forge") peer.yield((this.#model.lastInvocation.get(name) ?? 0) + 1);
    assert.ok(peer.closed);
    const last = how === "vanish" ? undefined : how === "goodbye" ? "GOODBYE" : "ABORT";
    assert.deepEqual(
      peer.take().map((message) => message.type),
      last === undefined ? [] : [last],
    );
    this.#peers.delete(name);
    this.#open.delete(name);
    this.#model.leave(name);
  }

  #census(peer: Peer): void {
    const ask = (procedure: string, ...args: unknown[]): unknown => {
      peer.call(procedure, args);
      return argsOf(peer.takeOne("RESULT"))[0];
    };
    const present = [...this.#peers.values()].map(({ sessionId }) => sessionId);
    assert.deepEqual(ask("wamp.session.list"), present);
    assert.equal(ask("wamp.session.count"), present.length);
    for (const [kind, word, holders] of [
      ["subscription", "subscribers", this.#model.subscriptions],
      ["registration", "callees", this.#model.registrations],
    ] as const) {
      const lists = ask(`wamp.${kind}.list`) as Readonly<Record<Match, number[]>>; // compared with the truth below
      const listed = Object.entries(lists).flatMap(([match, ids]) => ids.map((one) => `${match} ${one}`));
      const held = new Map(holders.map((one) => [keyOf(one), one]));
      const idOf = (one: Pattern): number | undefined => this.#ids.get(`${kind.charAt(0)} ${keyOf(one)}`);
      const truth = [...held.values()].map((one) => `${one.match} ${idOf(one)}`);
      assert.deepEqual(listed.toSorted(), truth.toSorted(), `the list of ${kind}s`);
      for (const [key, one] of held) {
        const owners = holders
          .filter((each) => keyOf(each) === key)
          .map(({ owner }) => this.#peers.get(owner)?.sessionId);
        assert.deepEqual(ask(`wamp.${kind}.list_${word}`, idOf(one)), owners);
        assert.equal(ask(`wamp.${kind}.count_${word}`, idOf(one)), owners.length);
        assert.equal(ask(`wamp.${kind}.lookup`, one.text, { match: one.match }), idOf(one));
      }
    }
  }

  #request(name: string, peer: Peer, step: Exclude<Step, { kind: "wait" | "leave" | "census" }>): void {
    switch (step.kind) {
      case "publish": {
        const { excludeMe, acknowledge } = step;
        const request = peer.publish(step.uri, [this.#tag], { exclude_me: excludeMe, acknowledge }).lastRequest;
        this.#model.publish(name, step.uri, { tag: this.#tag, request, excludeMe, acknowledge });
        break;
      }
      case "call": {
        const request = peer.call(step.uri, [this.#tag], { timeout: step.timeout });
        this.#open.get(name)?.add(request);
        this.#model.call(name, step.uri, { tag: this.#tag, request, timeout: step.timeout });
        break;
      }
      case "answer": {
        const issued = this.#model.lastInvocation.get(name) ?? 0;
        if (issued === 0) break;
        const invocation = Math.max(1, issued - step.which);
        const { error } = step;
        if (error === undefined) peer.yield(invocation, [this.#tag]);
        else peer.fail(invocation, error, [this.#tag]);
        this.#model.answer(name, invocation, { tag: this.#tag, error });
        break;
      }
      case "cancel": {
        const call = [...(this.#open.get(name) ?? [])].at(-1 - step.which) ?? 1;
        peer.cancel(id(call), { mode: step.mode });
        this.#model.cancel(name, call, step.mode);
        break;
      }
      default:
        this.#hold(name, peer, step);
    }
  }

  #hold(name: string, peer: Peer, step: Extract<Step, { pattern: Pattern }>): void {
    const { kind, pattern } = step;
    const request = peer.nextRequest();
    const options = { match: pattern.match };
    const text = uri(pattern.text);
    const key = `${kind.endsWith("subscribe") ? "s" : "r"} ${keyOf(pattern)}`;
    const known = id(this.#ids.get(key) ?? 999_999);
    if (step.kind === "subscribe") {
      this.#model.subscribe(name, pattern, request);
      peer.send({ type: "SUBSCRIBE", request, options, topic: text });
      this.#learn(key, peer.inbox);
    } else if (step.kind === "register") {
      const { policy, concurrency } = step;
      const accepted = this.#model.register(name, pattern, { request, policy, concurrency });
      const wish = { ...options, invoke: policy, concurrency };
      peer.send({ type: "REGISTER", request, options: wish, procedure: text });
      if (accepted) this.#learn(key, peer.inbox);
    } else if (step.kind === "unsubscribe") {
      this.#model.unsubscribe(name, pattern, request);
      peer.send({ type: "UNSUBSCRIBE", request, subscription: known });
    } else {
      this.#model.unregister(name, pattern, request);
      peer.send({ type: "UNREGISTER", request, registration: known });
    }
  }

  /** A subscription or registration that exists keeps its id; a new one never gets an id that was used before. */
  #learn(key: string, inbox: readonly Message[]): void {
    const reply = inbox.find(({ type }) => type === "SUBSCRIBED" || type === "REGISTERED");
    const chosen =
      reply?.type === "SUBSCRIBED" ? reply.subscription : reply?.type === "REGISTERED" ? reply.registration : 0;
    const known = this.#ids.get(key);
    if (known !== undefined) {
      assert.equal(chosen, known, `the id of ${key}`);
      return;
    }
    const spent = `${key.charAt(0)}${chosen}`;
    assert.ok(!this.#spent.has(spent), `${key} got an id that was used before`);
    this.#spent.add(spent);
    this.#ids.set(key, chosen);
  }

  #compare(): void {
    const expected = this.#model.takeExpected();
    const publications = new Set<number>();
    for (const [name, peer] of this.#peers) {
      const lines = peer.take().map((message) => {
        const line = this.#describe(name, message);
        // meta events are publications of their own
        const own = message.type === "PUBLISHED" || (message.type === "EVENT" && !line.includes("wamp."));
        if (own) publications.add(message.publication);
        return line;
      });
      assert.deepEqual(inOrder(lines), inOrder(expected.get(name) ?? []), `received by ${name}`);
    }
    assert.ok(publications.size <= 1, "one publication id for all events of a publication");
    for (const publication of publications) {
      assert.ok(!this.#publications.has(publication), "a publication id of its own for each");
      this.#publications.add(publication);
    }
    this.#forget();
    assert.equal(this.#world.router.size().pendingCalls, this.#model.pending.length);
    for (const [name, open] of this.#open) {
      const waiting = this.#model.pending.filter(({ caller }) => caller === name).map(({ call }) => call);
      assert.deepEqual(
        [...open].toSorted(ascending),
        waiting.toSorted(ascending),
        `calls of ${name} without an answer`,
      );
    }
  }

  /** Ids of what no longer exists. */
  #forget(): void {
    for (const key of this.#ids.keys()) {
      const held = key.startsWith("s") ? this.#model.subscriptions : this.#model.registrations;
      if (!held.some((one) => keyOf(one) === key.slice(2))) this.#ids.delete(key);
    }
  }

  #describe(name: string, message: Message): string {
    switch (message.type) {
      case "EVENT": {
        const topic = message.details["topic"] ?? "";
        return `EVENT ${this.#meaning("s", message.subscription)} ${this.#subject(message)} ${JSON.stringify(topic)}`;
      }
      case "INVOCATION": {
        const key = this.#meaning("r", message.registration);
        const procedure = message.details["procedure"] ?? "";
        return `INVOCATION ${key} ${message.request} ${String(argsOf(message)[0])} ${JSON.stringify(procedure)}`;
      }
      case "RESULT":
        this.#finalAnswer(name, message.request);
        return `RESULT ${message.request} ${String(argsOf(message)[0])}`;
      case "ERROR":
        if (message.requestType === 48) this.#finalAnswer(name, message.request);
        return `ERROR ${message.requestType} ${message.request} ${message.error}`;
      case "INTERRUPT":
        return `INTERRUPT ${message.request} ${String(message.options["mode"])}`;
      case "WELCOME":
        return "WELCOME";
      default:
        return "request" in message ? `${message.type} ${message.request}` : message.type;
    }
  }

  /** What an event is about: the tag of a publication, or who a meta event tells of. */
  #subject(event: Message): string {
    const [first] = argsOf(event);
    const session = typeof first === "object" ? (first as { session: number }).session : Number(first); // on_join or not
    return this.#sessions.get(session) ?? String(first);
  }

  #finalAnswer(name: string, call: number): void {
    assert.ok(this.#open.get(name)?.delete(call), `${name} got an answer to call ${call}, which was not open`);
  }

  #meaning(kind: "s" | "r", chosen: number): string {
    const found = [...this.#ids].find(([key, known]) => key.startsWith(kind) && known === chosen);
    return found?.[0].slice(2) ?? `unknown ${chosen}`;
  }
}

/**
 * The order of events for one peer through several subscriptions is not laid down, within one subscription and among other
 * messages it is: runs of events are put in the order of their subscriptions.
 */
function inOrder(lines: readonly string[]): string[] {
  const ordered: string[] = [];
  let run: string[] = [];
  const subscription = (line: string): string => line.split(" ", 2)[1] ?? "";
  const flush = (): void => {
    ordered.push(...run.toSorted((a, b) => subscription(a).localeCompare(subscription(b))));
    run = [];
  };
  for (const line of lines) {
    if (line.startsWith("EVENT")) run.push(line);
    else {
      flush();
      ordered.push(line);
    }
  }
  flush();
  return ordered;
}

const ascending = (a: number, b: number): number => a - b;
