/** What the router keeps of the past, against lists that are never shortened. */
import assert from "node:assert/strict";
import { it } from "node:test";
import * as fc from "fast-check";
import { matches, type Dict, type Match } from "../../packages/wamp/index.ts";
import { ask } from "../router/asking.ts";
import { argsOf, uri, World, type Peer } from "../router/world.ts";

interface Published {
  readonly tag: number;
  readonly topic: string;
  readonly at: number;
  readonly retain: boolean;
  /** The only one who may receive; undefined: everybody. */
  readonly only: string | undefined;
  readonly publisher: string | undefined;
}

const NAMES = ["a", "b", "c"] as const;
const topic = fc.constantFrom("x.y", "x.z", "x.y.z", "w");
const publish = fc.record({
  kind: fc.constant("publish"),
  who: fc.constantFrom(...NAMES),
  topic,
  retain: fc.boolean(),
  only: fc.option(fc.constantFrom(...NAMES), { nil: undefined, freq: 2 }),
  excludeMe: fc.boolean(),
});
const look = fc.record({
  kind: fc.constant("look"),
  who: fc.constantFrom(...NAMES),
  pattern: fc.constantFrom<{ match: Match; text: string }>(
    { match: "exact", text: "x.y" },
    { match: "exact", text: "w" },
    { match: "prefix", text: "" },
    { match: "prefix", text: "x.y" },
    { match: "wildcard", text: "x." },
  ),
});
const wait = fc.record({ kind: fc.constant("wait"), milliseconds: fc.nat(30) });
const steps = fc.array(fc.oneof({ weight: 5, arbitrary: publish }, { weight: 2, arbitrary: look }, wait), {
  maxLength: 60,
  size: "max",
});
const bounds = fc.record({ retainedEvents: fc.integer({ min: 1, max: 30 }), events: fc.integer({ min: 1, max: 8 }) });

const HISTORY_AGE = 100;

class Past {
  readonly #world: World;
  readonly #peers: ReadonlyMap<string, Peer>;
  readonly #published: Published[] = [];
  readonly #bounds: { readonly retainedEvents: number; readonly events: number };

  constructor(given: { readonly retainedEvents: number; readonly events: number }) {
    this.#bounds = given;
    const rule = {
      topic: uri("x."),
      match: "prefix",
      age: HISTORY_AGE,
      octets: 1_000_000,
      events: given.events,
    } as const;
    this.#world = new World({ limits: { retainedEvents: given.retainedEvents }, history: [rule] });
    this.#peers = new Map(NAMES.map((name) => [name, this.#world.join(name)]));
  }

  peer(name: string): Peer {
    const peer = this.#peers.get(name);
    assert.ok(peer);
    return peer;
  }

  wait(milliseconds: number): void {
    this.#world.wait(milliseconds);
  }

  publish(step: { who: string; topic: string; retain: boolean; only: string | undefined; excludeMe: boolean }): void {
    const { who, only, retain, excludeMe } = step;
    const tag = this.#published.length;
    const eligible: Dict = only === undefined ? {} : { eligible: [this.peer(only).sessionId] };
    this.peer(who).publish(step.topic, [tag], { ...eligible, retain, exclude_me: excludeMe });
    const publisher = excludeMe ? who : undefined;
    this.#published.push({ tag, topic: step.topic, at: this.#world.now, retain, only, publisher });
  }

  look(who: string, pattern: { match: Match; text: string }): void {
    const peer = this.peer(who);
    peer.take();
    const options = { match: pattern.match, get_retained: true };
    peer.send({ type: "SUBSCRIBE", request: peer.nextRequest(), options, topic: uri(pattern.text) });
    const [subscribed, ...retained] = peer.take();
    assert.ok(subscribed?.type === "SUBSCRIBED");
    this.#compareRetained(
      who,
      pattern,
      retained.map((message) => Number(argsOf(message)[0])),
    );
    this.#compareHistory(who, pattern, subscribed.subscription);
    peer.unsubscribe(subscribed.subscription).take();
  }

  #compareRetained(who: string, pattern: { match: Match; text: string }, got: readonly number[]): void {
    const lasting = this.#published.filter((one) => one.retain && matches(pattern.text, pattern.match, one.topic));
    const expected = new Set<number>();
    for (const name of new Set(lasting.map((one) => one.topic))) {
      const onTopic = lasting.filter((one) => one.topic === name);
      const since = onTopic.slice(
        Math.max(
          0,
          onTopic.findLastIndex(({ only }) => only === undefined),
        ),
      );
      const mine = since.filter(({ only, publisher }) => (only === undefined || only === who) && publisher !== who);
      const newest = mine.at(-1);
      if (newest) expected.add(newest.tag);
    }
    assert.ok(got.length <= this.#bounds.retainedEvents, "no more than may be kept");
    assert.equal(new Set(got).size, got.length);
    for (const tag of got) assert.ok(expected.has(tag), `${who} got ${tag}, which is outdated or not for it`);
    // with room for all, nothing is missing; a topic keeps 8 for some at least
    const isRoomy = this.#published.length <= Math.min(8, this.#bounds.retainedEvents);
    if (isRoomy) assert.deepEqual(new Set(got), expected);
  }

  #compareHistory(who: string, pattern: { match: Match; text: string }, subscription: number): void {
    if (pattern.text === "w") return;
    const stored = this.#published.filter(({ topic: name, only }) => only === undefined && name.startsWith("x."));
    const kept = stored.slice(-this.#bounds.events).filter(({ at }) => this.#world.now - at <= HISTORY_AGE);
    const expected = kept.filter((one) => matches(pattern.text, pattern.match, one.topic)).map(({ tag }) => tag);
    const [list] = ask(this.peer(who), "wamp.subscription.get_events", [subscription]);
    assert.ok(Array.isArray(list));
    assert.deepEqual(
      list.map(({ args }: { args: unknown[] }) => args[0]),
      expected,
    );
  }
}

it("retained events and histories are what a list of everything says, within their bounds", () => {
  fc.assert(
    fc.property(bounds, steps, (given, sequence) => {
      const past = new Past(given);
      for (const step of sequence) {
        if (step.kind === "publish") past.publish(step);
        else if (step.kind === "look") past.look(step.who, step.pattern);
        else past.wait(step.milliseconds);
      }
      for (const who of NAMES) past.look(who, { match: "prefix", text: "" });
    }),
    { numRuns: 300 },
  );
});
