/**
 * What Prometheus is told. Nothing is gathered but when it asks; until then there are only the plain numbers that others keep.
 * Owns the registry of one process. It must not know who asks, nor where.
 */
import type * as PromClient from "prom-client";
import type { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Counters } from "./counters.ts";
import type { QueueTotals } from "./queue-totals.ts";
import type { RouterSize } from "./router-host.ts";
import { CALL_BUCKETS, type Traffic } from "./traffic.ts";

/** Where the numbers come from. What only an embedded router has is absent for a relay. */
export interface MetricSources {
  readonly counters: Counters;
  readonly connections: () => number;
  readonly sessions: () => number;
  readonly queues: () => QueueTotals;
  readonly router?: { readonly traffic: Traffic; readonly size: () => RouterSize } | undefined;
}

/** Counters that are drops, with the reason they are told under. */
const DROPS = {
  eventsFolded: "folded",
  eventsDropped: "oldest",
  oversizeDropped: "oversize",
} as const;

/** The other counters, with the name and the words they are told under. */
const EVENTS = {
  connections: ["pinion_connections_total", "connections accepted"],
  refusedConnections: ["pinion_refused_connections_total", "connections refused"],
  slowConsumers: ["pinion_slow_consumers_total", "peers disconnected because they did not read"],
  oversizeAnswered: [
    "pinion_oversize_answered_total",
    "calls and answers that a peer could not take, answered with an error",
  ],
  callsRefused: ["pinion_refused_calls_total", "calls refused because their callee did not read"],
  publishersHeld: [
    "pinion_publishers_held_total",
    "times that a session was not read because its subscribers did not keep up",
  ],
  ratesHeld: ["pinion_rates_held_total", "times that a session was not read because it was over its rate"],
  violations: ["pinion_violations_total", "messages against the protocol"],
  upstreamFailures: ["pinion_upstream_failures_total", "failures of the router behind a relay"],
} as const;

type Prometheus = typeof PromClient;

export class Metrics {
  readonly #registry: Registry;

  private constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** Loads what is needed, which a process without metrics never does. */
  static async open(sources: MetricSources): Promise<Metrics> {
    const prometheus = await import("prom-client");
    const registry = new prometheus.Registry();
    prometheus.collectDefaultMetrics({ register: registry });
    registerGauges(prometheus, registry, sources);
    registerCounters(prometheus, registry, sources);
    const { router } = sources;
    if (router !== undefined) registerRouter(prometheus, registry, router);
    return new Metrics(registry);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }
}

type Router = NonNullable<MetricSources["router"]>;

function registerGauges({ Gauge: G }: Prometheus, registry: Registry, sources: MetricSources): void {
  const registers = [registry];
  const gauge = (name: string, help: string, value: () => number): Gauge =>
    new G({
      name,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  gauge("pinion_connections", "open connections", sources.connections);
  gauge("pinion_sessions", "joined sessions", sources.sessions);
  gauge("pinion_queue_octets", "octets that peers have not taken", () => sources.queues().octets);
  gauge("pinion_queue_messages", "messages that wait behind full connections", () => sources.queues().messages);
  gauge("pinion_queue_octets_largest", "octets that the slowest peer has not taken", () => sources.queues().largest);
}

function registerCounters({ Counter: C }: Prometheus, registry: Registry, { counters }: MetricSources): void {
  const registers = [registry];
  const drops: Counter<"reason"> = new C({
    name: "pinion_dropped_events_total",
    help: "events that a peer was not sent, by reason",
    labelNames: ["reason"],
    registers,
    collect() {
      drops.reset();
      for (const [name, reason] of entriesOf(DROPS)) drops.inc({ reason }, counters.get(name));
    },
  });
  for (const [name, [metric, help]] of entriesOf(EVENTS)) {
    const counter: Counter = new C({
      name: metric,
      help,
      registers,
      collect() {
        counter.reset();
        counter.inc(counters.get(name));
      },
    });
  }
}

function registerRouter({ Counter: C, Gauge: G }: Prometheus, registry: Registry, { traffic, size }: Router): void {
  const registers = [registry];
  const messages: Counter<"type" | "direction"> = new C({
    name: "pinion_messages_total",
    help: "WAMP messages by type and direction",
    labelNames: ["type", "direction"],
    registers,
    collect() {
      messages.reset();
      for (const direction of ["received", "sent"] as const) {
        for (const [type, count] of Object.entries(traffic[direction])) {
          if (count > 0) messages.inc({ type, direction }, count);
        }
      }
    },
  });
  for (const [name, key] of [
    ["pinion_subscriptions", "subscriptions"],
    ["pinion_registrations", "registrations"],
    ["pinion_pending_calls", "pendingCalls"],
  ] as const) {
    const gauge: Gauge = new G({
      name,
      help: `${key === "pendingCalls" ? "calls that wait for an answer" : key} in all realms`,
      registers,
      collect() {
        gauge.set(size()[key]);
      },
    });
  }
  registry.registerMetric(callTimes(traffic));
}

/** A histogram of numbers that were counted elsewhere: prom-client's own would have to be told of each call. */
function callTimes({ calls }: Traffic): Histogram {
  const name = "pinion_call_duration_seconds";
  const get = (): object => {
    let count = 0;
    const values: object[] = calls.counts.map((inBucket, i) => {
      count += inBucket;
      const bound = CALL_BUCKETS[i];
      const labels = { le: bound === undefined ? "+Inf" : bound / 1000 };
      return { metricName: `${name}_bucket`, labels, value: count };
    });
    values.push({ metricName: `${name}_sum`, labels: {}, value: calls.sum / 1000 });
    values.push({ metricName: `${name}_count`, labels: {}, value: count });
    return { name, help: "time from CALL to its answer", type: "histogram", values, aggregator: "sum" };
  };
  return { name, get, reset: () => undefined } as unknown as Histogram; // what a registry uses of a metric
}

function entriesOf<T extends object>(table: T): [keyof T, T[keyof T]][] {
  return Object.entries(table) as [keyof T, T[keyof T]][]; // of a constant, which has no other keys
}
