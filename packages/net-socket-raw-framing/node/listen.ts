/**
 * A listening raw socket over TCP, TLS or a Unix socket. Owns the server, the count of connections and, when it closes,
 * the connections themselves.
 */
import { chmod, unlink } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type ListenOptions, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { FramingError } from "../index.ts";
import { acceptRawSocket, checkOffer } from "./accept.ts";
import { ignoreLateError } from "./exchange.ts";
import { DEFAULTS, type ListenRawSocketOptions } from "./options.ts";
import type { RawSocketConnection } from "./raw-socket-connection.ts";
import { describeRemote } from "./remote.ts";
import { checkNumber, checkSettings } from "./settings.ts";
import { listenError, systemCode, tlsError } from "./socket-error.ts";

export interface RawSocketServer {
  /** Where it listens, or undefined once closed. */
  address(): { readonly host: string; readonly port: number } | { readonly path: string } | undefined;
  /** Connections and handshakes under way. */
  readonly connections: number;
  /** Takes no more connections and closes those there are; resolves when all are gone. */
  close(): Promise<void>;
}

/** Refused clients are answered too, but not more than this many at a time: beyond, the kernel's connection is dropped. */
const REFUSED_AT_A_TIME = 64;
const OWNER_ONLY = 0o600;

/** @throws (rejects) FramingError `bad_option`, `address_in_use`, `listen_failed`. */
export async function listenRawSocket(options: ListenRawSocketOptions): Promise<RawSocketServer> {
  const most = options.maxConnections ?? DEFAULTS.maxConnections;
  checkSettings(options);
  checkNumber("maxConnections", options.maxConnections, Number.MAX_SAFE_INTEGER);
  if (options.path === undefined && options.port === undefined) {
    throw new FramingError("bad_option", "neither port nor path is given: say where to listen (port 0: any free one)");
  }
  checkOffer(options);
  const listener = new Listener(options, most);
  await listener.open();
  return listener;
}

class Listener implements RawSocketServer {
  readonly #options: ListenRawSocketOptions;
  readonly #most: number;
  readonly #server: Server;
  /** Each accepted socket until it closes, with its connection once the handshake is done. */
  readonly #sockets = new Map<Socket, RawSocketConnection | undefined>();
  /** With TLS these exist before `#sockets` has them: handshakes under way hold the server open, too. */
  readonly #kernelSockets = new Set<Socket>();
  #closed: Promise<void> | undefined;

  constructor(options: ListenRawSocketOptions, most: number) {
    this.#options = options;
    this.#most = most;
    const { tls } = options;
    this.#server =
      tls === undefined
        ? createServer({ allowHalfOpen: true }, (socket) => this.#take(socket))
        : createTlsServer(
            { handshakeTimeout: options.handshakeTimeout ?? DEFAULTS.handshakeTimeout, ...tls },
            (socket) => this.#take(socket),
          );
    this.#server.maxConnections = most + REFUSED_AT_A_TIME;
    this.#server
      .on("tlsClientError", (cause: unknown, socket: Socket) => {
        const remote = describeRemote(socket);
        // Node leaves a client whose handshake timed out connected.
        socket.on("error", ignoreLateError).destroy();
        options.onError?.(tlsError(cause, "a client"), remote);
      })
      .on("connection", (socket: Socket) => {
        this.#kernelSockets.add(socket);
        socket.once("close", () => this.#kernelSockets.delete(socket));
      })
      .on("drop", () => options.onError?.(new FramingError("connection_count", "a connection too many was dropped")));
  }

  get connections(): number {
    return this.#sockets.size;
  }

  address(): ReturnType<RawSocketServer["address"]> {
    const address: AddressInfo | string | null = this.#server.address();
    if (address === null) return undefined;
    return typeof address === "string" ? { path: address } : { host: address.address, port: address.port };
  }

  async open(): Promise<void> {
    const { path, host = "127.0.0.1", port = 0, mode = OWNER_ONLY } = this.#options;
    const place: ListenOptions = path === undefined ? { host, port } : { path };
    const where = path ?? `${host}:${String(port)}`;
    try {
      try {
        await this.#listen(place);
      } catch (error) {
        if (path === undefined || systemCode(error) !== "EADDRINUSE" || !(await isAbandoned(path))) throw error;
        await unlink(path);
        await this.#listen(place);
      }
      if (path !== undefined) await chmod(path, mode);
    } catch (cause) {
      this.#server.close();
      throw listenError(cause, where);
    }
    this.#server.on("error", (cause) => this.#options.onError?.(listenError(cause, where)));
  }

  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      const timer = setTimeout(() => {
        for (const socket of this.#kernelSockets) socket.destroy();
      }, this.#options.closeTimeout ?? DEFAULTS.closeTimeout);
      this.#server.close(() => {
        clearTimeout(timer);
        resolve();
      });
      for (const [socket, connection] of this.#sockets) {
        if (connection === undefined) socket.destroy();
        else connection.close();
      }
    });
    return this.#closed;
  }

  #listen(place: ListenOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(place, () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
  }

  #take(socket: Socket): void {
    const full = this.#sockets.size >= this.#most;
    if (!full) {
      this.#sockets.set(socket, undefined);
      socket.once("close", () => this.#sockets.delete(socket));
    }
    const remote = describeRemote(socket);
    const options = { ...this.#options, ...(full ? ({ refuse: "connection_count" } as const) : {}) };
    acceptRawSocket(socket, options).then(
      (connection) => this.#hand(socket, connection),
      (error: unknown) => {
        if (error instanceof FramingError) this.#options.onError?.(error, remote);
        else throw error;
      },
    );
  }

  #hand(socket: Socket, connection: RawSocketConnection): void {
    // Gone already, or too late: the server was closed during the handshake.
    if (!this.#sockets.has(socket) || this.#closed !== undefined) {
      connection.abort();
      return;
    }
    this.#sockets.set(socket, connection);
    try {
      this.#options.onConnection(connection);
    } catch (cause) {
      const error = new FramingError("handler_failed", `onConnection threw: ${String(cause)}`, { cause });
      connection.abort(error);
      this.#options.onError?.(error, connection.remote);
    }
  }
}

/** True if nobody listens behind a Unix socket's file: its program died without removing it. */
function isAbandoned(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect({ path });
    probe.once("connect", () => {
      probe.destroy();
      resolve(false);
    });
    probe.once("error", (error) => resolve(systemCode(error) === "ECONNREFUSED"));
  });
}
