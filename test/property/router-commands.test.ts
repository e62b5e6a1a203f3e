/** fast-check commands against the router on a clock of its own, everything that was ever due kept in books beside it. */
import { it } from "node:test";
import assert from "node:assert/strict";
import * as fc from "fast-check";
import { isUri, payloadOf, type Dict, type Match } from "../../packages/wamp/index.ts";
import { id, uri } from "../router/world.ts";
import { Ledger, type Party } from "./router-ledger.ts";

type Name = "a" | "b" | "c";
const NAMES: readonly Name[] = ["a", "b", "c"];
/** Who is joined: all that a command has to know before it runs. */
type Model = { readonly joined: Set<Name> };

class Command implements fc.Command<Model, Ledger> {
  readonly #who: Name;
  readonly #words: string;
  readonly #run: (ledger: Ledger, party: Party, model: Model) => void;

  constructor(who: Name, words: string, run: (ledger: Ledger, party: Party, model: Model) => void) {
    this.#who = who;
    this.#words = words;
    this.#run = run;
  }

  check(): boolean {
    return true;
  }

  run(model: Model, ledger: Ledger): void {
    if (!ledger.parties.has(this.#who)) ledger.join(this.#who);
    model.joined.add(this.#who);
    this.#run(ledger, ledger.party(this.#who), model);
  }

  toString(): string {
    return `${this.#who}: ${this.#words}`;
  }
}

const who = fc.constantFrom(...NAMES);
const topics = fc.constantFrom("x", "x.y", "x.z", "x.y.z");
const patterns = fc
  .record({
    match: fc.constantFrom<Match>("exact", "exact", "prefix", "wildcard"),
    text: fc.constantFrom("x", "x.y", "x.z", "x.", "", "x..z", ".y"),
  })
  .filter(({ match, text }) => isUri(text, match));

const join = who.map((name) => new Command(name, "joins", () => undefined));

const leave = fc.tuple(who, fc.constantFrom("vanishes", "says goodbye", "aborts", "forges an answer")).map(
  ([name, how]) =>
    new Command(name, how, (ledger) =>
      ledger.leave(name, ({ peer, lastInvocation }) => {
        if (how === "vanishes") peer.vanish();
        else if (how === "forges an answer") peer.yield(lastInvocation + 1, [0]);
        else if (how === "aborts") peer.publish("x", [], { acknowledge: 1 });
        else peer.send({ type: "GOODBYE", details: {}, reason: uri("wamp.close.normal") });
        assert.ok(peer.closed);
      }),
    ),
);

const subscribe = fc.tuple(who, patterns, fc.boolean()).map(
  ([name, pattern, retained]) =>
    new Command(name, `subscribes to ${pattern.match} '${pattern.text}'`, (ledger, party) => {
      const request = party.peer.nextRequest();
      const options = { match: pattern.match, get_retained: retained };
      ledger.ask(party, request, { type: "SUBSCRIBE", request, options, topic: uri(pattern.text) }, (reply) => {
        if (reply.type === "SUBSCRIBED") party.subscriptions.set(reply.subscription, pattern);
      });
    }),
);

const unsubscribe = fc.tuple(who, fc.nat(3)).map(
  ([name, which]) =>
    new Command(name, "unsubscribes", (ledger, party) => {
      const subscription = [...party.subscriptions.keys()][which] ?? 999_999;
      const request = party.peer.nextRequest();
      ledger.ask(party, request, { type: "UNSUBSCRIBE", request, subscription: id(subscription) }, () => {
        assert.ok(party.subscriptions.delete(subscription));
      });
    }),
);

const register = fc
  .tuple(who, patterns, fc.constantFrom("single", "roundrobin", "first", "last", "random"), fc.boolean())
  .map(
    ([name, pattern, invoke, force]) =>
      new Command(name, `registers ${pattern.match} '${pattern.text}' ${invoke} ${String(force)}`, (ledger, party) => {
        const request = party.peer.nextRequest();
        const options = { match: pattern.match, invoke, force_reregister: force };
        ledger.ask(party, request, { type: "REGISTER", request, options, procedure: uri(pattern.text) }, (reply) => {
          if (reply.type === "REGISTERED") party.registrations.set(reply.registration, pattern);
        });
      }),
  );

const unregister = fc.tuple(who, fc.nat(3)).map(
  ([name, which]) =>
    new Command(name, "unregisters", (ledger, party) => {
      const registration = [...party.registrations.keys()][which] ?? 999_999;
      const request = party.peer.nextRequest();
      ledger.ask(party, request, { type: "UNREGISTER", request, registration: id(registration) }, () => {
        assert.ok(party.registrations.delete(registration));
      });
    }),
);

const publish = fc
  .tuple(who, topics, fc.record({ exclude_me: fc.boolean(), retain: fc.boolean(), acknowledge: fc.boolean() }))
  .map(
    ([name, topic, options]) =>
      new Command(name, `publishes ${topic}`, (ledger, party) => {
        const tag = ledger.nextTag();
        ledger.expectEvents(topic, tag, options.exclude_me ? party : undefined);
        if (options.acknowledge) party.asked.set(party.peer.lastRequest + 1, () => undefined);
        party.peer.publish(topic, [tag], options);
        ledger.settle();
        assert.equal(party.asked.size, 0, "acknowledged");
      }),
  );

const call = fc
  .tuple(
    who,
    topics,
    fc.constantFrom(0, 0, 5, 20),
    fc.record({ receive_progress: fc.boolean(), progress: fc.boolean() }),
  )
  .map(
    ([name, procedure, timeout, flags]) =>
      new Command(name, `calls ${procedure} (${String(timeout)} ms)`, (ledger, party) => {
        const tag = ledger.nextTag();
        const options: Dict = { ...flags, timeout };
        const request = party.peer.lastRequest + 1;
        party.calls.set(request, { tag, procedure, receives: flags.receive_progress, sending: flags.progress });
        party.peer.call(procedure, [tag], options);
        ledger.settle();
      }),
  );

const furtherPart = fc.tuple(who, fc.boolean()).map(
  ([name, last]) =>
    new Command(name, "sends a further part", (ledger, party) => {
      const open = [...party.calls].find(([, { sending }]) => sending);
      if (open === undefined) return;
      const [request, one] = open;
      one.sending = !last;
      const options = last ? {} : { progress: true };
      const { tag, procedure } = one;
      party.peer.send({
        type: "CALL",
        request: id(request),
        options,
        procedure: uri(procedure),
        payload: payloadOf([tag]),
      });
      ledger.settle();
    }),
);

const answer = fc.tuple(who, fc.nat(4), fc.constantFrom("yield", "yield", "progress", "error", "unavailable")).map(
  ([name, which, how]) =>
    new Command(name, `answers by ${how}`, (ledger, party) => {
      const { peer, lastInvocation } = party;
      const invocation = [...party.invoked.keys()][which] ?? lastInvocation;
      if (invocation === 0) return;
      const tag = ledger.nextTag();
      ledger.answer(party, invocation, tag);
      // passed on to somebody else, or over: this session has nothing more to say about it
      const error = how === "error" ? "com.own.error" : "wamp.error.unavailable";
      if (how !== "progress") party.invoked.delete(invocation);
      if (how === "yield") peer.yield(invocation, [tag]);
      else if (how === "progress") peer.yield(invocation, [tag], { progress: true });
      else peer.fail(invocation, error, [tag]);
      ledger.settle();
    }),
);

const cancel = fc.tuple(who, fc.nat(3), fc.constantFrom("skip", "kill", "killnowait")).map(
  ([name, which, mode]) =>
    new Command(name, `cancels by ${mode}`, (ledger, party) => {
      const request = [...party.calls.keys()][which] ?? 1;
      party.peer.cancel(id(request), { mode });
      ledger.settle();
      if (mode !== "kill") assert.ok(!party.calls.has(request), "a canceled call has ended");
    }),
);

const wait = fc.tuple(who, fc.nat(15)).map(
  ([name, milliseconds]) =>
    new Command(name, `waits ${String(milliseconds)} ms`, (ledger) => {
      ledger.world.wait(milliseconds);
      ledger.settle();
    }),
);

const testament = fc.tuple(who, topics, fc.boolean()).map(
  ([name, topic, flush]) =>
    new Command(name, flush ? "flushes its testaments" : `adds a testament for ${topic}`, (ledger, party) => {
      const tag = ledger.nextTag();
      const procedure = flush ? "wamp.session.flush_testaments" : "wamp.session.add_testament";
      party.peer.call(procedure, flush ? [] : [topic, [tag], {}]);
      const [reply] = party.peer.take();
      assert.equal(reply?.type, "RESULT");
      if (flush) party.testaments.length = 0;
      else party.testaments.push({ topic, tag });
      ledger.settle();
    }),
);

const kill = fc.tuple(who, who).map(
  ([name, victim]) =>
    new Command(name, `kills ${victim}`, (ledger, party, model) => {
      const other = ledger.parties.get(victim);
      if (other === undefined || other === party) return;
      ledger.dismiss(other);
      model.joined.delete(victim);
      const request = party.peer.lastRequest + 1;
      party.calls.set(request, { tag: 0, procedure: "", receives: false, sending: false });
      ledger.accept(party, request);
      party.peer.call("wamp.session.kill", [other.session]);
      ledger.settle();
      // it answers, or its time for that runs out
      if (request % 2 === 0)
        other.peer.send({ type: "GOODBYE", details: {}, reason: uri("wamp.close.goodbye_and_out") });
      else ledger.world.wait(5000);
      ledger.settle();
      assert.ok(other.peer.closed);
    }),
);

const removeSubscriber = fc.tuple(who, who, fc.nat(2)).map(
  ([name, victim, which]) =>
    new Command(name, `takes a subscription from ${victim}`, (ledger, party) => {
      const other = ledger.parties.get(victim);
      const subscription = [...(other?.subscriptions.keys() ?? [])][which];
      if (other === undefined || subscription === undefined) return;
      const request = party.peer.lastRequest + 1;
      ledger.accept(party, request);
      party.peer.call("wamp.subscription.remove_subscriber", [subscription, other.session]);
      ledger.settle();
      assert.ok(!other.subscriptions.has(subscription), "told so");
    }),
);

const census = who.map((name) => new Command(name, "counts", (ledger) => ledger.census(name)));

const commands = fc.commands(
  [
    join,
    leave,
    subscribe,
    subscribe,
    unsubscribe,
    register,
    register,
    register,
    unregister,
    publish,
    publish,
    publish,
    call,
    call,
    call,
    call,
    furtherPart,
    answer,
    answer,
    answer,
    answer,
    cancel,
    wait,
    testament,
    kill,
    removeSubscriber,
    census,
  ],
  { maxCommands: 120, size: "max" },
);

it("whatever is asked in whatever order, each call ends once, each event comes once, and the books agree with the meta API", () => {
  fc.assert(
    fc.property(commands, (sequence) => {
      const ledger = new Ledger();
      fc.modelRun(() => ({ model: { joined: new Set<Name>() }, real: ledger }), sequence);
      ledger.finish();
    }),
    { numRuns: 400 },
  );
});
