/** What is measured, of whom, and what is to be reached. One list; everything else reads it. */
import type { Endpoint } from "./load/endpoint.ts";
import type { CallsJob, EventsJob, IdleJob, Job, OpeningJob } from "./load/job.ts";
import type { ServerName } from "./server.ts";

export type Metric = "perSecond" | "p50" | "p99" | "p999" | "kilobytes" | "micros";

export interface Goal {
  readonly ours: string;
  /** Without it `factor` is the figure itself. */
  readonly theirs?: string;
  readonly metric: Metric;
  /** Reached where our figure is at least (for times, sizes and CPU: at most) so many times theirs. */
  readonly factor: number;
}

export interface Entrant {
  readonly name: string;
  readonly server: ServerName;
  job(port: number, pids: readonly number[], times: Times): Job;
}

export interface Times {
  readonly seconds: number;
  readonly warmUp: number;
}

export interface Case {
  readonly name: string;
  readonly title: string;
  /** What the case is about: rates, times, memory, or CPU per event. */
  readonly shows: readonly Metric[];
  readonly entrants: readonly Entrant[];
  readonly goals: readonly Goal[];
  /** Part of `--quick`, and so of `bench:check`. */
  readonly quick: boolean;
  /** Sessions beyond what the defaults allow. */
  readonly connections?: number;
  /** Times of its own, where the ordinary ones are too short. */
  readonly seconds?: number;
  readonly warmUp?: number;
  /** Turns at least, where a few of them are mostly chance. */
  readonly turns?: number;
  /** Measured once, on processes that have done nothing else. */
  readonly once?: boolean;
}

type Kind = "raw-json" | "raw-msgpack" | "ws-json" | "ws-msgpack" | "mqtt" | "bare-json" | "bare-msgpack";

function endpoint(kind: Kind, server: ServerName, port: number): Endpoint {
  const serializer = kind.endsWith("msgpack") ? "msgpack" : "json";
  const path = server.startsWith("pinion") ? "/ws" : "/";
  if (kind === "mqtt") return { port, protocol: "mqtt", framing: "mqtt", serializer, path };
  if (kind.startsWith("bare")) return { port, protocol: "bare", framing: "raw", serializer, path };
  return { port, protocol: "wamp", framing: kind.startsWith("ws") ? "websocket" : "raw", serializer, path };
}

type Load =
  | Omit<EventsJob, "endpoint" | "pids" | "seconds" | "warmUp">
  | Omit<CallsJob, "endpoint" | "pids" | "seconds" | "warmUp">
  | Omit<IdleJob, "endpoint" | "pids" | "seconds" | "warmUp">
  | Omit<OpeningJob, "endpoint" | "pids" | "seconds" | "warmUp">;

interface Place {
  readonly name: string;
  readonly server: ServerName;
  readonly kind: Kind;
  /** Other kinds of subscribers than of publishers. */
  readonly subscribers?: readonly Kind[];
  readonly load?: Partial<EventsJob>;
}

function entrant({ name, server, kind, subscribers, load: own }: Place, load: Load): Entrant {
  return {
    name,
    server,
    job: (port, pids, times) => {
      const subscriberEndpoints = subscribers?.map((one) => endpoint(one, server, port));
      const common = { endpoint: endpoint(kind, server, port), pids, ...times };
      const mixed = subscriberEndpoints === undefined ? {} : { subscriberEndpoints };
      // The parts of a job of one kind, put together: `own` is only given to jobs of events.
      return { ...load, ...common, ...mixed, ...own } as Job;
    },
  };
}

const EVENTS = {
  what: "events",
  publishers: 1,
  subscribers: 1,
  stuck: 0,
  match: "exact",
  patterns: 0,
  inFlight: 0,
  rate: 0,
  payload: 100,
} as const;

const pinion = (kind: Kind): Place => ({ name: "pinion", server: "pinion", kind });
const metered: Place = { name: "pinion-metrics", server: "pinion-metrics", kind: "raw-json" };
const mosquitto: Place = { name: "mosquitto", server: "mosquitto", kind: "mqtt" };
const aedes: Place = { name: "aedes", server: "aedes", kind: "mqtt" };
const foxWamp: Place = { name: "fox-wamp", server: "fox-wamp", kind: "ws-json" };
const wampRt: Place = { name: "wamp.rt", server: "wamp.rt", kind: "ws-json" };
const copier = (kind: Kind): Place => ({ name: "bare", server: "copier", kind });
const relay: Place = { name: "bare", server: "relay", kind: "bare-json" };

interface Sketch extends Partial<Omit<Case, "name" | "title" | "entrants">> {
  readonly places: readonly Place[];
  readonly load: Load;
}

function make(name: string, title: string, { places, load, ...rest }: Sketch): Case {
  const entrants = places.map((place) => entrant(place, load));
  return { name, title, entrants, shows: ["perSecond"], goals: [], quick: false, ...rest };
}

const atLeast = (factor: number, theirs: string, ours = "pinion"): Goal => ({
  ours,
  theirs,
  metric: "perSecond",
  factor,
});

function fanOut(receivers: number, serializer: "json" | "msgpack", factor: number): Case {
  const places = [pinion(`raw-${serializer}`), mosquitto, copier(`bare-${serializer}`)];
  if (serializer === "json") places.push(aedes, foxWamp, wampRt);
  return make(
    `1-${String(receivers)}-${serializer}`,
    `events 1->${String(receivers)}, 100 B, ${serializer === "json" ? "JSON" : "MessagePack"}, raw socket`,
    {
      places,
      load: { ...EVENTS, subscribers: receivers },
      goals: [atLeast(factor, "mosquitto")],
      quick: receivers === 10 || serializer === "json",
    },
  );
}

function size(octets: number, label: string, goals: readonly Goal[]): Case {
  return make(`1-10-${label.replace(" ", "")}`, `events 1->10, ${label}, JSON, raw socket`, {
    places: [pinion("raw-json"), mosquitto, copier("bare-json"), aedes, foxWamp],
    load: { ...EVENTS, subscribers: 10, payload: octets },
    goals,
    quick: octets > 1000,
  });
}

const MATCH_COUNTS = [10, 1000, 10_000, 100_000] as const;

function matching(match: "prefix" | "wildcard"): Case {
  const places = MATCH_COUNTS.map((patterns): Place => ({
    name: patterns.toLocaleString("en"),
    server: "pinion",
    kind: "raw-json",
    load: { patterns, subscribers: 10 },
  }));
  const mqtt = [10, 100_000].map((patterns): Place => ({
    name: `mosquitto ${patterns.toLocaleString("en")}`,
    server: "mosquitto",
    kind: "mqtt",
    load: { patterns, subscribers: 10 },
  }));
  return make(`matching-${match}`, `events among so many ${match} subscriptions, each fits one`, {
    places: [...places, ...mqtt],
    load: { ...EVENTS, match },
    shows: ["perSecond", "micros"],
    goals: [{ ours: "100,000", theirs: "10", metric: "micros", factor: 1.5 }],
  });
}

function atRate(rate: number): Case {
  return make(`latency-${String(rate)}`, `latency 1->1, 100 B, at ${rate.toLocaleString("en")} events/s`, {
    places: [pinion("raw-json"), { ...pinion("ws-json"), name: "pinion-ws" }, mosquitto, aedes, foxWamp, wampRt],
    load: { ...EVENTS, rate },
    shows: ["p50", "p99", "p999"],
  });
}

export const cases: readonly Case[] = [
  fanOut(1, "json", 4),
  fanOut(1, "msgpack", 4),
  fanOut(10, "json", 15),
  fanOut(10, "msgpack", 15),
  fanOut(100, "json", 15),
  fanOut(100, "msgpack", 15),
  make("100-1-json", "events 100->1, 100 B, JSON, raw socket", {
    places: [pinion("raw-json"), mosquitto, aedes, foxWamp, wampRt],
    load: { ...EVENTS, publishers: 100 },
  }),
  size(16, "16 B", []),
  size(2048, "2 KB", [atLeast(2.5, "mosquitto")]),
  size(65_536, "64 KB", [atLeast(0.7, "bare")]),
  make("ws-1-10-json", "events 1->10, 100 B, JSON, WebSocket", {
    places: [{ ...pinion("ws-json"), name: "pinion-ws" }, pinion("raw-json"), foxWamp, wampRt],
    load: { ...EVENTS, subscribers: 10 },
    goals: [atLeast(0.5, "pinion", "pinion-ws")],
    quick: true,
  }),
  make("ws-1-10-msgpack", "events 1->10, 100 B, MessagePack, WebSocket", {
    places: [{ ...pinion("ws-msgpack"), name: "pinion-ws" }, pinion("raw-msgpack")],
    load: { ...EVENTS, subscribers: 10 },
  }),
  make("mixed-1-10", "events 1->10, 100 B, JSON to all transports and serializers", {
    places: [
      {
        ...pinion("raw-json"),
        name: "pinion-mixed",
        subscribers: ["raw-json", "raw-msgpack", "ws-json", "ws-msgpack"],
      },
      pinion("raw-json"),
    ],
    load: { ...EVENTS, subscribers: 10 },
  }),
  make("relay-1-10", "events 1->10, 100 B, JSON, through a relay before the router", {
    places: [{ name: "pinion-relay", server: "pinion-relay", kind: "raw-json" }, pinion("raw-json")],
    load: { ...EVENTS, subscribers: 10 },
    goals: [atLeast(0.6, "pinion", "pinion-relay")],
    quick: true,
  }),
  make("metrics-1-10", "events 1->10, 100 B, JSON, with /metrics switched on", {
    places: [metered, pinion("raw-json")],
    load: { ...EVENTS, subscribers: 10 },
    goals: [atLeast(0.95, "pinion", "pinion-metrics")],
  }),
  make("metrics-rpc", "calls, 64 in flight, 100 B, with /metrics switched on", {
    places: [metered, pinion("raw-json")],
    load: { what: "calls", inFlight: 64, payload: 100 },
    goals: [atLeast(0.95, "pinion", "pinion-metrics")],
  }),
  make("prefix-10000", "events among 10,000 prefix subscriptions, each fits one", {
    places: [pinion("raw-json"), mosquitto, aedes],
    load: { ...EVENTS, match: "prefix", patterns: 10_000, subscribers: 10 },
  }),
  matching("prefix"),
  matching("wildcard"),
  make("ack-64", "acknowledged publish, 64 in flight, 100 B (QoS 1)", {
    places: [pinion("raw-json"), mosquitto, aedes, foxWamp],
    load: { ...EVENTS, inFlight: 64 },
    goals: [atLeast(2, "mosquitto")],
    quick: true,
  }),
  make("rpc-64", "calls, 64 in flight, 100 B", {
    places: [pinion("raw-json"), { ...pinion("ws-json"), name: "pinion-ws" }, foxWamp, wampRt, relay],
    load: { what: "calls", inFlight: 64, payload: 100 },
    goals: [atLeast(4, "fox-wamp")],
    quick: true,
  }),
  make("rpc-1", "calls, one at a time, 100 B", {
    places: [pinion("raw-json"), { ...pinion("ws-json"), name: "pinion-ws" }, foxWamp, wampRt, relay],
    load: { what: "calls", inFlight: 1, payload: 100 },
    shows: ["perSecond", "p50", "p99", "p999"],
    goals: [
      { ours: "pinion", theirs: "fox-wamp", metric: "p50", factor: 1 },
      { ours: "pinion", theirs: "fox-wamp", metric: "p99", factor: 1 },
      { ours: "pinion", theirs: "bare", metric: "p50", factor: 1.3 },
      { ours: "pinion", theirs: "bare", metric: "p99", factor: 1.3 },
    ],
    quick: true,
    // with one call at a time it takes 20,000 of them until V8 has compiled both ends: before that the slowest of a hundred calls
    // are those that met a compiler, of the load too
    warmUp: 2.5,
    seconds: 1.5,
  }),
  atRate(1000),
  atRate(10_000),
  make("stuck", "latency 1->10, 2 KB, at 2,000 events/s, beside a subscriber that reads nothing", {
    places: [
      { ...pinion("raw-json"), load: { stuck: 0 } },
      { ...pinion("raw-json"), name: "pinion-stuck" },
      { name: "pinion-stuck-drop-oldest", server: "pinion-drop-oldest", kind: "raw-json" },
      { ...mosquitto, name: "mosquitto-stuck" },
      { ...foxWamp, name: "fox-wamp-stuck" },
    ],
    load: { ...EVENTS, rate: 2000, payload: 2048, subscribers: 10, stuck: 1 },
    shows: ["p50", "p99", "p999"],
    goals: [
      { ours: "pinion-stuck", theirs: "pinion", metric: "p99", factor: 1.3 },
      { ours: "pinion-stuck-drop-oldest", theirs: "pinion", metric: "p99", factor: 1.3 },
    ],
    // most of it with a queue at its bound, of which the oldest go; with the default, which ends the stuck one 5 s after that, the
    // queue grows all the time. The warm-up is for V8, which compiles both ends: that takes some thousand events
    warmUp: 2,
    seconds: 6,
    // the slowest hundredth of an otherwise idle process is mostly the machine's
    turns: 7,
  }),
  make("idle-5000", "memory of an idle session with a subscription, of 5,000", {
    places: [pinion("raw-json"), { ...pinion("ws-json"), name: "pinion-ws" }, mosquitto, aedes, foxWamp, wampRt],
    load: { what: "idle", sessions: 5000, payload: 0 },
    shows: ["kilobytes"],
    goals: [{ ours: "pinion", metric: "kilobytes", factor: 8 }],
    connections: 6000,
    // an idle process is one that has been left alone for a while
    seconds: 5,
    once: true,
  }),
  make("opening", "sessions opened, joined and closed", {
    places: [pinion("raw-json"), { ...pinion("ws-json"), name: "pinion-ws" }, mosquitto, aedes, foxWamp, wampRt],
    load: { what: "opening", atOnce: 16, payload: 0 },
  }),
];
