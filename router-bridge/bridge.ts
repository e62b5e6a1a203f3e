/**
 * The whole process behind its command line: listeners in front, an embedded router or a relay behind. Owns the order of
 * starting and stopping. Reads no files but the dashboard's, the certificates and the accounts, and never ends the process itself.
 */
import type { Socket } from "node:net";
import { toUri, UsageError } from "@pinion/wamp";
import { admission, type Admission } from "./admission.ts";
import { BridgeError } from "./bridge-error.ts";
import type { AuthConfig, Config, HistoryConfig, MetricsConfig } from "./config-schema.ts";
import { cookieJar } from "./cookie-settings.ts";
import { Counters } from "./counters.ts";
import type { HookSettings } from "./hook-settings.ts";
import { WebPages } from "./http.ts";
import { Turns } from "./intake.ts";
import type { Link } from "./link.ts";
import { listen, type Listening } from "./listeners/listen.ts";
import { LongPolls } from "./listeners/long-poll.ts";
import { Port } from "./listeners/port.ts";
import { WebSockets } from "./listeners/web-socket.ts";
import { MetricsListener, type MetricsPage } from "./listeners/metrics-listener.ts";
import { Metrics } from "./metrics.ts";
import { FoldedLog, type Log } from "./log.ts";
import { Relay } from "./relay.ts";
import { Upstream } from "./relay/open-upstream.ts";
import { openPages } from "./page-settings.ts";
import { queueBounds, rates } from "./role-settings.ts";
import type { QueueTotals } from "./queue-totals.ts";
import { RouterHost, type RouterSize } from "./router-host.ts";
import type { DecisionSubject, HistoryRule, Limits } from "./router/index.ts";
import { VERSION } from "./version.ts";
import { wamp1Door } from "./wamp1-settings.ts";

/** Beyond the peers' own bound, so that a slow consumer meets that one and is told. */
const FRAMING_SLACK = 1024 * 1024;
/** How long peers may take to go when the process stops, beyond their time for GOODBYE. */
const STOP_SLACK_MS = 1000;

const AT_MAIN_PORT: MetricsConfig = { path: "/metrics" };

export interface BridgeParts {
  readonly log: Log;
  /** Where the built dashboard lies; undefined serves none. */
  readonly dashboardFolder: string | undefined;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly random: () => number;
  /** Of the embedding program; only for the embedded router. */
  readonly hooks?: HookSettings | undefined;
}

/** Who takes the connections: the embedded router or the relay. */
interface Backend {
  readonly sessions: number;
  queues(): QueueTotals;
  accept(link: Link): void;
  /** Finishes what was begun, and begins nothing. */
  drain?(patience: number): Promise<void>;
  stop(patience: number): Promise<void>;
}

export class Bridge {
  readonly counters = new Counters();
  readonly #config: Config;
  readonly #parts: BridgeParts;
  readonly #folded: FoldedLog;
  readonly #backend: Backend;
  readonly #pages: WebPages;
  readonly #webSockets: WebSockets;
  readonly #longPolls: LongPolls | undefined;
  readonly #open = new Set<Socket>();
  readonly #listening: Listening[] = [];
  readonly #ports: Port[] = [];
  readonly #startedAt: number;
  #stopping: Promise<void> | undefined;
  #closing = false;
  #metrics: MetricsPage | undefined;
  #metricsListener: MetricsListener | undefined;

  /** @throws BridgeError for an upstream that cannot be one, or accounts or pages that cannot be read. */
  constructor(config: Config, parts: BridgeParts) {
    this.#config = config;
    this.#parts = parts;
    this.#startedAt = parts.now();
    this.#folded = new FoldedLog(parts.log, parts.now);
    this.#backend =
      config.upstream === undefined
        ? this.#makeRouter()
        : this.#makeRelay(new Upstream(config.upstream, config.limits.closeTimeout));
    const { origins, hosts, path } = config.websocket;
    const rules = { origins, hosts };
    const folder = config.dashboard ? (config.dashboardFolder ?? parts.dashboardFolder) : undefined;
    const metrics = (): MetricsPage | undefined => (this.#metricsListener === undefined ? this.#metrics : undefined);
    this.#pages = new WebPages({
      folder,
      pages: openPages(config),
      webSocketPath: path,
      rules,
      health: () => this.#health(),
      metrics,
      now: parts.now,
      folded: this.#folded,
    });
    const taking = {
      folded: this.#folded,
      onLink: (link: Link) => this.#take(link),
      onRefused: () => this.counters.add("refusedConnections"),
    };
    this.#longPolls = config.longpoll.enabled ? new LongPolls({ ...config.longpoll, ...taking, rules }) : undefined;
    this.#webSockets = new WebSockets({
      ...config.websocket,
      closeTimeout: config.limits.closeTimeout,
      ...taking,
      cookies: cookieJar(config.auth, parts.now),
      now: parts.now,
      onWamp1: wamp1Door(config, {
        accept: (link) => this.#take(link),
        intake: { turns: new Turns(), now: parts.now, onRateHeld: () => this.counters.add("ratesHeld") },
      }),
    });
  }

  /** What listens, with the ports that were really taken. */
  get addresses(): readonly Listening[] {
    return this.#listening;
  }

  /** Octets that peers have not taken. */
  get queuedOctets(): number {
    return this.#backend.queues().octets;
  }

  /** What the embedded router holds; a relay has none. */
  get sizes(): RouterSize | undefined {
    return this.#backend instanceof RouterHost ? this.#backend.size() : undefined;
  }

  /** Where the metrics listen, if they have an address of their own. */
  get metricsAddress(): string | undefined {
    return this.#metricsListener?.address;
  }

  /** Open sockets of all listeners. */
  get connections(): number {
    return this.#open.size;
  }

  /** Forgets what a dynamic authorizer has answered; gives how many answers. */
  flushAuthorizations(who: Partial<DecisionSubject> = {}): number {
    return this.#backend instanceof RouterHost ? this.#backend.flushAuthorizations(who) : 0;
  }

  /** Opens all listeners or none. @throws BridgeError */
  async start(): Promise<void> {
    const { log } = this.#parts;
    try {
      await this.#openMetrics();
      for (const listener of this.#config.listen) {
        const listening = await listen(listener, new Date(), this.#config.limits.tlsTimeout);
        this.#listening.push(listening);
        this.#ports.push(this.#makePort(listening, listener.oldRawSocket));
      }
    } catch (error) {
      await this.stop();
      throw error;
    }
    for (const listening of this.#listening) announce(log, listening, this.#config.websocket.path);
    if (this.#config.dashboard && !this.#pages.built) log.warn({}, "the dashboard is not built: run npm run build");
  }

  /** What was begun is finished within `limits.drainTimeout` while newcomers are refused; everyone is told; all is closed. Safe to call again. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #openMetrics(): Promise<void> {
    const { metrics: wanted } = this.#config;
    if (wanted === false) return;
    const { path, listen: address, insecure = false } = wanted === true ? AT_MAIN_PORT : wanted;
    const backend = this.#backend;
    const metrics = await Metrics.open({
      counters: this.counters,
      connections: () => this.connections,
      sessions: () => backend.sessions,
      queues: () => backend.queues(),
      router: backend instanceof RouterHost ? { traffic: backend.traffic, size: () => backend.size() } : undefined,
    });
    const page = { path, contentType: metrics.contentType, text: () => metrics.text() };
    this.#metrics = page;
    if (address === undefined) return;
    const listener = await MetricsListener.open(page, { listen: address, insecure });
    this.#metricsListener = listener;
    this.#parts.log.info({ address: listener.address }, `metrics at http://${listener.address}${path}`);
  }

  async #stop(): Promise<void> {
    const { drainTimeout, goodbyeTimeout } = this.#config.limits;
    // newcomers are still heard, so that they can be told
    await this.#backend.drain?.(drainTimeout);
    this.#closing = true;
    const closed = this.#listening.map(
      ({ server }) => new Promise<void>((resolve) => void server.close(() => resolve())),
    );
    await this.#backend.stop(goodbyeTimeout + STOP_SLACK_MS);
    this.#webSockets.stop();
    for (const port of this.#ports) port.stop();
    for (const socket of this.#open) socket.destroy();
    await Promise.all(closed);
    await this.#metricsListener?.close();
  }

  /** Who was still shaking hands when the process began to stop is not let in any more. */
  #take(link: Link): void {
    if (!this.#closing) return this.#backend.accept(link);
    const ignore = (): void => undefined;
    link.start({ onMessage: ignore, onViolation: ignore, onDrain: ignore, onClose: ignore });
    link.close({ code: 1001, words: "the router-bridge shuts down" });
  }

  #makeRouter(): RouterHost {
    const { realms, limits, auth, history } = this.#config;
    const { log, now, random, hooks } = this.#parts;
    return new RouterHost({
      hooks,
      forwardTimeouts: limits.forwardTimeouts,
      realms,
      history: history.map(historyRule),
      limits: routerLimits(limits),
      parse: { depth: limits.nestingDepth, detailsOctets: limits.detailsOctets },
      queue: queueBounds(this.#config),
      rate: rates(this.#config),
      agent: `Pinion/${VERSION}`,
      log,
      now,
      random,
      folded: this.#folded,
      counters: this.counters,
      admission: auth === undefined ? undefined : openAccounts(auth, this.#parts),
    });
  }

  #makeRelay(upstream: Upstream): Relay {
    const { joinTimeout, relayHeldOctets: heldOctets } = this.#config.limits;
    return new Relay({ upstream, joinTimeout, heldOctets, counters: this.counters, folded: this.#folded });
  }

  #makePort(listening: Listening, oldRawSocket: "json" | "msgpack" | "cbor" | undefined): Port {
    const { limits, rawsocket } = this.#config;
    return new Port(listening.server, listening.connectionEvent, {
      webSockets: this.#webSockets,
      pages: this.#pages,
      longPolls: this.#longPolls,
      onLink: (link) => this.#take(link),
      counters: this.counters,
      folded: this.#folded,
      open: this.#open,
      maxConnections: limits.connections,
      bounds: limits,
      firstOctetTimeout: limits.firstOctetTimeout,
      rawSocket: rawsocket,
      maxBuffered: limits.queueHardOctets + FRAMING_SLACK,
      oldRawSocket,
      unixPath: listening.unixPath,
    });
  }

  #health(): { ok: boolean; report: object } {
    const ok = this.#stopping === undefined;
    const relay = this.#config.upstream;
    const report = {
      status: ok ? "ok" : "stopping",
      version: VERSION,
      mode: relay === undefined ? "router" : "relay",
      uptime: Math.round((this.#parts.now() - this.#startedAt) / 1000),
      sessions: this.#backend.sessions,
      connections: this.connections,
      counters: this.counters.all(),
      ...(this.#backend instanceof RouterHost ? { router: this.#backend.statistics } : {}),
    };
    return { ok, report };
  }
}

/** @throws BridgeError `accounts_unreadable`. */
function openAccounts(auth: AuthConfig, parts: BridgeParts): Admission {
  try {
    return admission(auth, parts);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new BridgeError("accounts_unreadable", `auth.file: ${error.message}`, { cause: error });
  }
}

/** Those of the limits that the router itself keeps. */
/** Its topic was checked with the configuration. */
function historyRule({ topic, match = "exact", events, age, octets }: HistoryConfig): HistoryRule {
  return { topic: toUri(topic, match), match, events, age, octets };
}

function routerLimits(limits: Config["limits"]): Limits {
  const { sessionsPerRealm, subscriptionsPerSession, registrationsPerSession, pendingCallsPerSession } = limits;
  const { subscriptionsPerRealm, registrationsPerRealm, endedCallsPerSession } = limits;
  const { halfOpenSessions, retainedEvents, retainedOctets, testamentsPerSession, testamentOctets } = limits;
  const { uriLength, joinTimeout, goodbyeTimeout, retainedPerTopic, parkedMessagesPerSession, parkedOctetsPerSession } =
    limits;
  return {
    sessionsPerRealm,
    subscriptionsPerSession,
    subscriptionsPerRealm,
    registrationsPerSession,
    registrationsPerRealm,
    pendingCallsPerSession,
    endedCallsPerSession,
    parkedMessagesPerSession,
    parkedOctetsPerSession,
    halfOpenSessions,
    retainedEvents,
    retainedOctets,
    retainedPerTopic,
    testamentsPerSession,
    testamentOctets,
    uriLength,
    joinTimeout,
    goodbyeTimeout,
  };
}

function announce(log: Log, { address, tls, insecure, unixPath }: Listening, path: string): void {
  if (unixPath !== undefined) return log.info({ address }, `listening on unix://${address}`);
  const http = `${tls ? "https" : "http"}://${address}/`;
  const fields = { address, tls, insecure };
  const spoken = `raw socket ${tls ? "rss" : "rs"}://${address}, WebSocket ${tls ? "wss" : "ws"}://${address}${path}`;
  if (insecure) return log.warn(fields, `listening on ${http} WITHOUT TLS, reachable from other machines; ${spoken}`);
  log.info(fields, `listening on ${http} (${tls ? "TLS" : "plain, this machine only"}); ${spoken}`);
}
