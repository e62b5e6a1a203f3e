/**
 * The WebSocket side of a port: judges an upgrade request (path, Host, Origin, subprotocol), answers refusals in words,
 * and watches that the accepted ones are alive. Owns the set of live links; must not know what they carry.
 */
import { STATUS_CODES, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { WebSocketServer } from "ws";
import { Batch, batchedSubprotocol, protocolByName, serializers } from "@pinion/wamp/serializer";
import type { CookieJar } from "../cookie-jar.ts";
import type { Link } from "../link.ts";
import type { FoldedLog } from "../log.ts";
import type { ConnectionFacts } from "./connection-facts.ts";
import { isForwarded } from "./connection-facts.ts";
import type { PeerInfo } from "../router/index.ts";
import { hostFault, originFault, type OriginRules } from "./same-origin.ts";
import { WebSocketLink } from "./web-socket-link.ts";

export interface WebSocketOptions extends OriginRules {
  readonly path: string;
  readonly maxMessage: number;
  /** Messages of one batch received. */
  readonly maxBatch: number;
  readonly closeTimeout: number;
  readonly pingInterval: number;
  readonly pingTimeout: number;
  readonly now: () => number;
  readonly folded: FoldedLog;
  /** Undefined: nobody logs in by cookie. */
  readonly cookies?: CookieJar | undefined;
  readonly onLink: (link: Link) => void;
  /** Takes who speaks WAMP v1; absent: nobody may. */
  readonly onWamp1?: ((link: Link) => void) | undefined;
  /** Told of each refusal, for the counters. */
  readonly onRefused: () => void;
}

/** What was seen of a link at the last look, and since when it has shown no life. */
interface Pulse {
  received: number;
  taken: number;
  since: number;
}

export class WebSockets {
  readonly #options: WebSocketOptions;
  readonly #server: WebSocketServer;
  readonly #live = new Map<WebSocketLink, Pulse>();
  readonly #timer: NodeJS.Timeout;
  #lookedAt: number;
  readonly #setCookies = new WeakMap<IncomingMessage, string>();

  constructor(options: WebSocketOptions) {
    this.#options = options;
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: options.maxMessage,
      handleProtocols: (offered) => this.#choose(offered) ?? false,
    });
    this.#server.on("headers", (headers, request) => {
      const header = this.#setCookies.get(request);
      if (header !== undefined) headers.push(`Set-Cookie: ${header}`);
    });
    this.#lookedAt = options.now();
    this.#timer = setInterval(() => this.#watch(), options.pingInterval / 3);
    this.#timer.unref();
  }

  /** Answers one upgrade request: with a link, or with a refusal in words. */
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer, facts: ConnectionFacts): void {
    const refusal = this.#judge(request, socket);
    if (refusal !== undefined) return this.#refuse(socket, refusal, facts);
    const offered = offeredSubprotocols(request);
    const chosen = this.#choose(offered) ?? "";
    const onWamp1 = isWamp1(chosen) ? this.#options.onWamp1 : undefined;
    const protocol = onWamp1 === undefined ? protocolByName(chosen) : { serializer: serializers.json, batched: false };
    if (protocol === undefined)
      return this.#refuse(socket, noSubprotocol(offered, this.#options.onWamp1 !== undefined), facts);
    const cookie = this.#offerCookie(request, facts);
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      const local = facts.local && !isForwarded(request);
      const info = { ...facts, ...cookie, transport: "websocket", local } as const;
      const { serializer } = protocol;
      const batch = protocol.batched ? new Batch(serializer, { messages: this.#options.maxBatch }) : undefined;
      const { closeTimeout } = this.#options;
      const link = new WebSocketLink({ webSocket, socket, serializer, info, side: "server", batch, closeTimeout });
      this.#live.set(link, { received: link.received, taken: link.taken, since: this.#options.now() });
      webSocket.once("close", () => this.#live.delete(link));
      (onWamp1 ?? this.#options.onLink)(link);
    });
  }

  /** None for a page that may connect only because every page may. */
  #offerCookie(request: IncomingMessage, { tls }: ConnectionFacts): Pick<PeerInfo, "cookie"> {
    const { cookies, path, origins, hosts } = this.#options;
    const { origin, host, cookie: header } = request.headers;
    const named = { origins: origins.filter((one) => one !== "*"), hosts };
    const { localAddress } = request.socket;
    if (cookies === undefined || originFault({ host, origin, tls, localAddress }, named) !== undefined) return {};
    const { cookie, setCookie } = cookies.offer({ header, origin, path, tls });
    if (setCookie !== undefined) this.#setCookies.set(request, setCookie);
    return { cookie };
  }

  #choose(offered: ReadonlySet<string>): string | undefined {
    const speaksWamp1 = this.#options.onWamp1 !== undefined;
    return [...offered].find((name) => protocolByName(name) !== undefined || (speaksWamp1 && isWamp1(name)));
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #judge(request: IncomingMessage, socket: Socket): Refusal | undefined {
    const path = (request.url ?? "").split("?", 1)[0];
    if (path !== this.#options.path) {
      return { status: 404, words: `no WebSocket at ${String(path)}; it is at ${this.#options.path}` };
    }
    const facts = {
      host: request.headers.host,
      origin: request.headers.origin,
      tls: socket instanceof TLSSocket,
      localAddress: socket.localAddress,
    };
    const words = hostFault(facts, this.#options) ?? originFault(facts, this.#options);
    return words === undefined ? undefined : { status: 403, words };
  }

  #refuse(socket: Socket, { status, words }: Refusal, facts: ConnectionFacts): void {
    this.#options.folded.warn("websocket_refused", { peer: facts.address, status }, words);
    this.#options.onRefused();
    socket.on("error", () => socket.destroy());
    socket.end(plainAnswer(status, words));
  }

  /** Pings who is silent, drops who stays silent. A peer that takes what has waited for it is alive. */
  #watch(): void {
    const { pingInterval, pingTimeout } = this.#options;
    const now = this.#options.now();
    // A process that was itself stopped has not read yet what came meanwhile: it knows nothing about its peers.
    const overslept = now - this.#lookedAt > pingInterval;
    this.#lookedAt = now;
    for (const [link, pulse] of this.#live) {
      const { received, taken, paused } = link;
      const took = pulse.taken > 0 && taken !== pulse.taken;
      if (received !== pulse.received || took || paused || overslept) pulse.since = now;
      pulse.received = received;
      pulse.taken = taken;
      const silent = now - pulse.since;
      if (silent >= pingTimeout) link.abort(`the peer was silent for ${String(Math.round(silent / 1000))} s`);
      else if (silent >= pingInterval) link.ping();
    }
  }
}

interface Refusal {
  readonly status: number;
  readonly words: string;
}

/** The names in the order in which the client prefers them. */
function offeredSubprotocols(request: IncomingMessage): Set<string> {
  const header = request.headers["sec-websocket-protocol"] ?? "";
  return new Set(
    header
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== ""),
  );
}

/** Servers of v1 compare without regard to case. */
function isWamp1(subprotocol: string): boolean {
  return subprotocol.toLowerCase() === "wamp";
}

function noSubprotocol(offered: ReadonlySet<string>, speaksWamp1: boolean): Refusal {
  const known = Object.values(serializers);
  const spoken = [
    ...known.map(({ subprotocol }) => subprotocol),
    ...known.map(batchedSubprotocol),
    ...(speaksWamp1 ? ["wamp"] : []),
  ];
  const asked = offered.size === 0 ? "none" : [...offered].map((name) => JSON.stringify(name)).join(", ");
  return {
    status: 400,
    words: `this router speaks the WebSocket subprotocols ${spoken.join(", ")}; offered was ${asked}`,
  };
}

/** A whole HTTP/1.1 answer in plain text that ends the connection. */
export function plainAnswer(status: number, words: string): string {
  const body = `${words}\n`;
  return [
    `HTTP/1.1 ${String(status)} ${STATUS_CODES[status] ?? ""}`,
    "Content-Type: text/plain; charset=utf-8",
    "X-Content-Type-Options: nosniff",
    `Content-Length: ${String(Buffer.byteLength(body))}`,
    "Connection: close",
    "",
    body,
  ].join("\r\n");
}
