/**
 * One listening socket (TCP, TLS or Unix). Tells raw socket, WebSocket and HTTP apart by the first octet and hands each
 * connection to who speaks it. Owns the server and the connections that have not spoken yet.
 */
import { createServer as createHttpServer, type IncomingMessage, type Server as HttpServer } from "node:http";
import type { Server, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { serializers, type SerializerName } from "@pinion/wamp/serializer";
import { acceptRawSocket } from "net-socket-raw-framing/node";
import type { Config, RawSocketConfig } from "../config-schema.ts";
import type { Counters } from "../counters.ts";
import type { WebPages } from "../http.ts";
import type { Link } from "../link.ts";
import type { FoldedLog } from "../log.ts";
import { factsOf, type ConnectionFacts } from "./connection-facts.ts";
import { spokenBy } from "./first-octet.ts";
import type { LongPolls } from "./long-poll.ts";
import { rawSocketLiveness } from "./raw-socket-liveness.ts";
import { RawSocketLink } from "./raw-socket-link.ts";
import { plainAnswer, type WebSockets } from "./web-socket.ts";

const RAW_SOCKET_CODES = Object.values(serializers).map(({ rawSocketCode }) => rawSocketCode);

export interface PortOptions {
  readonly webSockets: WebSockets;
  readonly pages: WebPages;
  /** Undefined where long-poll is switched off. */
  readonly longPolls: LongPolls | undefined;
  readonly onLink: (link: Link) => void;
  readonly counters: Counters;
  readonly folded: FoldedLog;
  /** Open connections of all ports; this port adds and removes its own. */
  readonly open: Set<Socket>;
  readonly maxConnections: number;
  readonly firstOctetTimeout: number;
  /** `refusedConnections`: those beyond the limit that are still heard, so that they can be refused in their own language. */
  readonly bounds: Pick<
    Config["limits"],
    "refusedConnections" | "headerOctets" | "requestTimeout" | "keepAliveTimeout" | "closeTimeout"
  >;
  readonly rawSocket: RawSocketConfig;
  /** Octets queued for one raw-socket peer at which the framing gives up. Above the peers' own bound. */
  readonly maxBuffered: number;
  /** The serializer of raw sockets that begin without handshake; without it they are refused. */
  readonly oldRawSocket?: SerializerName | undefined;
  /** Set for a Unix socket. */
  readonly unixPath?: string | undefined;
}

export class Port {
  readonly #options: PortOptions;
  readonly #http: HttpServer;
  /** One listener for all sockets. */
  readonly #forget: (this: Socket) => void;
  readonly #liveness: ReturnType<typeof rawSocketLiveness>;
  readonly #oldLiveness: ReturnType<typeof rawSocketLiveness>;

  /** `server` is listening already, or about to; its connections are this port's from now on. */
  constructor(server: Server, connectionEvent: "connection" | "secureConnection", options: PortOptions) {
    this.#options = options;
    this.#liveness = rawSocketLiveness(options.rawSocket, false);
    this.#oldLiveness = rawSocketLiveness(options.rawSocket, true);
    this.#forget = function () {
      options.open.delete(this);
    };
    this.#http = makeHttpServer(options, (request, socket, head) => {
      options.webSockets.upgrade(request, socket, head, factsOf(socket, options.unixPath));
    });
    server.maxConnections = options.maxConnections + options.bounds.refusedConnections;
    server.on(connectionEvent, (socket: Socket) => this.#greet(socket));
    server.on("tlsClientError", (_error: Error, socket: TLSSocket) => this.#tlsFailed(socket));
  }

  /** Ends HTTP connections; links are closed by who holds them. */
  stop(): void {
    this.#http.close();
    this.#http.closeAllConnections();
  }

  /** TLS that fails is anybody's noise; a certificate that was required and will not do is somebody's trouble. */
  #tlsFailed(socket: TLSSocket): void {
    // Node's types make an Error of what is the code of one, or null
    const reason: unknown = socket.authorizationError;
    if (typeof reason !== "string") return;
    this.#refused(socket, "client_certificate_refused", `TLS refused: no client certificate that will do (${reason})`);
  }

  #greet(socket: Socket): void {
    const { open, maxConnections, firstOctetTimeout, counters, bounds } = this.#options;
    counters.add("connections");
    socket.on("error", destroyIt);
    if (open.size >= maxConnections + bounds.refusedConnections) {
      this.#drop(socket, "too_many_connections", "dropped unheard: far too many connections");
      return;
    }
    open.add(socket);
    socket.on("close", this.#forget);
    socket.setNoDelay(true);
    const timer = setTimeout(() => {
      this.#drop(socket, "silent_connection", `dropped: said nothing for ${String(firstOctetTimeout)} ms`);
    }, firstOctetTimeout);
    const stopWaiting = (): void => clearTimeout(timer);
    socket.on("close", stopWaiting);
    socket.once("data", (chunk) => {
      clearTimeout(timer);
      // an idle connection shall not hold what it waited with
      socket.off("close", stopWaiting);
      socket.pause();
      this.#route(socket, Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk));
    });
  }

  #route(socket: Socket, head: Buffer): void {
    const spoken = spokenBy(head[0] ?? 0);
    const full = this.#options.open.size > this.#options.maxConnections;
    switch (spoken) {
      case "raw-socket":
        return void this.#acceptRawSocket(socket, head, full);
      case "old-raw-socket":
        if (this.#options.oldRawSocket !== undefined && !full) {
          return void this.#acceptRawSocket(socket, head, full);
        }
        return this.#drop(socket, "old_raw_socket", "dropped: raw socket without handshake; oldRawSocket is not set");
      case "http":
        if (full) return this.#refuseHttp(socket);
        socket.unshift(head);
        this.#http.emit("connection", socket);
        return socket.resume() && undefined;
      case "tls":
        return this.#drop(socket, "tls_on_plain_port", "dropped: TLS was spoken to a listener without tls");
      case "mqtt":
        return this.#drop(socket, "mqtt_spoken", "dropped: MQTT was spoken; this is a WAMP router");
      case "unknown":
        return this.#drop(socket, "unknown_protocol", "dropped: neither raw socket nor HTTP was spoken");
    }
  }

  async #acceptRawSocket(socket: Socket, head: Buffer, full: boolean): Promise<void> {
    const { oldRawSocket, rawSocket, maxBuffered, firstOctetTimeout, unixPath } = this.#options;
    const old = head[0] === 0 && oldRawSocket !== undefined;
    const facts = factsOf(socket, unixPath);
    try {
      const connection = await acceptRawSocket(socket, {
        serializers: old ? [serializers[oldRawSocket].rawSocketCode] : RAW_SOCKET_CODES,
        handshake: old ? "none" : "standard",
        ...(old ? this.#oldLiveness : this.#liveness),
        head,
        maxReceive: rawSocket.maxMessage,
        maxBuffered,
        handshakeTimeout: firstOctetTimeout,
        closeTimeout: this.#options.bounds.closeTimeout,
        ...(full ? { refuse: "connection_count" as const } : {}),
      });
      // one listener less for each idle connection: from here on the link knows when it closes
      socket.off("close", this.#forget);
      this.#options.onLink(new RawSocketLink(connection, facts, this.#options.open));
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      // the socket is closed, or on its way there with the refusal that the client still has to read
      const code = full ? "too_many_connections" : "raw_socket_handshake";
      this.#refused(socket, code, `raw socket refused: ${words}`);
    }
  }

  #refuseHttp(socket: Socket): void {
    this.#refused(socket, "too_many_connections", "HTTP refused: too many connections");
    socket.end(plainAnswer(503, "this router has reached its number of connections; try again later"));
    socket.resume();
  }

  #drop(socket: Socket, code: string, words: string): void {
    this.#refused(socket, code, words);
    socket.destroy();
  }

  #refused(socket: Socket, code: string, words: string): void {
    this.#options.counters.add("refusedConnections");
    this.#options.folded.warn(code, { peer: this.#facts(socket).address }, words);
  }

  #facts(socket: Socket): ConnectionFacts {
    return factsOf(socket, this.#options.unixPath);
  }
}

function destroyIt(this: Socket): void {
  this.destroy();
}

/** An HTTP server that listens nowhere: it is fed the connections that turn out to speak HTTP. */
function makeHttpServer(
  options: PortOptions,
  onUpgrade: (request: IncomingMessage, socket: Socket, head: Buffer) => void,
): HttpServer {
  const { requestTimeout, keepAliveTimeout, headerOctets } = options.bounds;
  const server = createHttpServer({
    headersTimeout: options.firstOctetTimeout,
    // Node wants no less for the whole than for the head
    requestTimeout: Math.max(requestTimeout, options.firstOctetTimeout),
    keepAliveTimeout,
    connectionsCheckingInterval: Math.min(2000, options.firstOctetTimeout, requestTimeout),
    maxHeaderSize: headerOctets,
  });
  server.on("request", (request, response) => {
    const { longPolls, pages, unixPath } = options;
    if (longPolls?.owns(request) === true) longPolls.answer(request, response, factsOf(request.socket, unixPath));
    else pages.answer(request, response);
  });
  // typed as a Duplex, and the connections fed in below are sockets
  server.on("upgrade", (request, socket, head) => onUpgrade(request, socket as Socket, head));
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable) return socket.destroy();
    if (error.code !== "HPE_HEADER_OVERFLOW") return socket.end(plainAnswer(400, "this is not an HTTP request"));
    return socket.end(plainAnswer(431, `the head of a request takes ${String(headerOctets)} octets at most`));
  });
  server.on("checkContinue", (_request, response) => response.writeHead(417).end());
  // the event starts the watch over slow requests, which a server that never listens would not have
  server.emit("listening");
  return server;
}
