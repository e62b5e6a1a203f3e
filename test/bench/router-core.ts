/** The router core alone: no socket, no parsing, no serializing. What one message costs from `receive` to its deliveries. */
import { noPayload, payloadOf, type Message, type RequestId, type Uri } from "../../packages/wamp/index.ts";
import { Router, type PeerInfo, type RouterSession } from "../../router-bridge/router/index.ts";
import { median, type BenchResult } from "./result.ts";

const INFO: PeerInfo = { transport: "memory", local: true, tls: false };
const HELLO: Message = {
  type: "HELLO",
  realm: "realm1" as Uri, // a literal that is a URI
  details: { roles: { publisher: {}, subscriber: {}, caller: {}, callee: {} } },
};
const ROUNDS = 5;
const PAYLOAD = payloadOf(["x".repeat(80)]);
const NO_OPTIONS = {};

const id = (value: number): RequestId => value as RequestId; // counted from 1 below
const uri = (text: string): Uri => text as Uri; // literals below

class Bench {
  readonly #router = new Router<number>({ random: Math.random });
  readonly #requests = new Map<RouterSession<number>, number>();
  #peers = 0;

  join(): RouterSession<number> {
    this.#peers += 1;
    const session = this.#router.open(this.#peers, INFO, 0);
    this.#router.receive(session, HELLO, 0);
    this.#requests.set(session, 0);
    return session;
  }

  next(session: RouterSession<number>): RequestId {
    const request = (this.#requests.get(session) ?? 0) + 1;
    this.#requests.set(session, request);
    return id(request);
  }

  subscribe(session: RouterSession<number>, topic: string, match = "exact"): void {
    const request = this.next(session);
    this.#router.receive(session, { type: "SUBSCRIBE", request, options: { match }, topic: uri(topic) }, 0);
  }

  /** Publications per second to these topics in turn. */
  publish(publisher: RouterSession<number>, topics: readonly string[], count: number): number {
    let request = this.#requests.get(publisher) ?? 0;
    const rates = Array.from({ length: ROUNDS }, () => {
      const start = performance.now();
      for (let i = 0; i < count; i += 1) {
        request += 1;
        const topic = uri(topics[i % topics.length] ?? "");
        this.#router.receive(
          publisher,
          { type: "PUBLISH", request: id(request), options: NO_OPTIONS, topic, payload: PAYLOAD },
          0,
        );
      }
      return (count / (performance.now() - start)) * 1_000;
    });
    return median(rates);
  }

  /** Calls answered per second, one after the other. */
  call(caller: RouterSession<number>, callee: RouterSession<number>, count: number): number {
    this.#router.receive(
      callee,
      { type: "REGISTER", request: this.next(callee), options: NO_OPTIONS, procedure: uri("bench.echo") },
      0,
    );
    let request = this.#requests.get(caller) ?? 0;
    let invocation = 0;
    const rates = Array.from({ length: ROUNDS }, () => {
      const start = performance.now();
      for (let i = 0; i < count; i += 1) {
        request += 1;
        invocation += 1;
        this.#router.receive(
          caller,
          { type: "CALL", request: id(request), options: NO_OPTIONS, procedure: uri("bench.echo"), payload: PAYLOAD },
          0,
        );
        this.#router.receive(
          callee,
          { type: "YIELD", request: id(invocation), options: NO_OPTIONS, payload: noPayload },
          0,
        );
      }
      return (count / (performance.now() - start)) * 1_000;
    });
    return median(rates);
  }
}

/** Publications per second while a topic has so many subscribers. */
function fanOut(subscribers: number): number {
  const bench = new Bench();
  const publisher = bench.join();
  for (let i = 0; i < subscribers; i += 1) bench.subscribe(bench.join(), "sensor.room.temperature");
  return bench.publish(publisher, ["sensor.room.temperature"], 200_000);
}

/** Publications per second, each to one of so many prefix (or wildcard) subscriptions. */
function patterns(match: "prefix" | "wildcard", count: number): number {
  const bench = new Bench();
  const publisher = bench.join();
  const subscriber = bench.join();
  const pattern = (i: number): string => (match === "prefix" ? `sensor.room${i}.` : `sensor.room${i}..value`);
  for (let i = 0; i < count; i += 1) bench.subscribe(subscriber, pattern(i), match);
  const topics = Array.from(
    { length: Math.min(count, 1_000) },
    (_, i) => `sensor.room${(i * 7) % count}.temperature.value`,
  );
  return bench.publish(publisher, topics, 100_000);
}

export async function run(): Promise<BenchResult[]> {
  await Promise.resolve();
  const unit = "ops/s";
  const one = fanOut(1);
  const results: BenchResult[] = [{ name: "PUBLISH to 1 subscriber", unit, value: one }];
  for (const subscribers of [10, 100]) {
    const value = fanOut(subscribers);
    const ratioTo = "publications to 1 subscriber";
    results.push({ name: `PUBLISH to ${subscribers} subscribers`, unit, value, ratioTo, ratio: value / one });
  }
  const bench = new Bench();
  results.push({
    name: "CALL, INVOCATION, YIELD, RESULT",
    unit,
    value: bench.call(bench.join(), bench.join(), 100_000),
  });
  for (const match of ["prefix", "wildcard"] as const) {
    const few = patterns(match, 10);
    const value = patterns(match, 10_000);
    const ratioTo = `the same with 10 ${match} subscriptions`;
    const name = `PUBLISH among 10,000 ${match} subscriptions`;
    results.push({ name, unit, value, ratioTo, ratio: value / few });
  }
  return results;
}
