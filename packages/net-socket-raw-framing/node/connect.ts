/** The client's side: opens a TCP, TLS or Unix socket and does the handshake. */
import { connect, isIP, type Socket } from "node:net";
import type { ConnectionOptions } from "node:tls";
import { type Agreement, ClientHandshake, FramingError } from "../index.ts";
import { SocketConnection } from "./connection.ts";
import { abortedError, exchange, ignoreLateError } from "./exchange.ts";
import { type ConnectRawSocketOptions, DEFAULTS } from "./options.ts";
import type { RawSocketConnection } from "./raw-socket-connection.ts";
import { checkSettings, checkTime, configuredAgreement, tuneSocket, wireOf } from "./settings.ts";
import { openError, openingError, tlsError } from "./socket-error.ts";

/**
 * Resolves once the connection stands; call `start` in the turn in which it does. Whatever fails rejects with one
 * FramingError, and leaves no socket open.
 */
export async function connectRawSocket(options: ConnectRawSocketOptions): Promise<RawSocketConnection> {
  checkSettings(options);
  checkTime("connectTimeout", options.connectTimeout);
  if (options.path === undefined && options.port === undefined) {
    throw new FramingError("bad_option", "neither port nor path is given: say where to connect");
  }
  const { serializer, maxReceive = DEFAULTS.maxReceive } = options;
  // Made before the socket is opened, so that a wrong option costs no connection.
  if (wireOf(options) === "plain") return connectPlain(options, configuredAgreement(serializer, options));
  return connectStandard(options, new ClientHandshake({ serializer, maxReceive }));
}

async function connectPlain(options: ConnectRawSocketOptions, agreement: Agreement): Promise<RawSocketConnection> {
  const socket = await openSocket(options);
  if (socket.destroyed) throw openError(socket.errored);
  return new SocketConnection(socket, { agreement, wire: "plain", rest: new Uint8Array(0) }, options);
}

async function connectStandard(
  options: ConnectRawSocketOptions,
  handshake: ClientHandshake,
): Promise<RawSocketConnection> {
  const socket = await openSocket(options);
  if (!socket.destroyed) socket.write(handshake.request);
  const timeout = options.handshakeTimeout ?? DEFAULTS.handshakeTimeout;
  try {
    return await exchange(socket, { timeout, signal: options.signal }, (chunk) => {
      const step = handshake.push(chunk);
      if (step.state === "pending") return undefined;
      if (step.state === "failed") throw step.error;
      return new SocketConnection(socket, { agreement: step.agreement, wire: "standard", rest: step.rest }, options);
    });
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** Resolves with a connected socket, for TLS with a trusted one. */
async function openSocket(options: ConnectRawSocketOptions): Promise<Socket> {
  const newSocket = options.tls === undefined ? newPlainSocket : await newTlsSocket(options.tls);
  const { signal } = options;
  const where = placeOf(options);
  if (signal?.aborted === true) throw abortedError(signal);
  return await new Promise((resolve, reject) => {
    let socket: Socket;
    try {
      socket = newSocket(options);
    } catch (cause) {
      reject(new FramingError("bad_option", `cannot connect to ${where}: ${String(cause)}`, { cause }));
      return;
    }
    let reached = false;
    const leave = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      socket.off("error", onError).off("close", onClose).off(ready, onReady);
    };
    const fail = (error: FramingError): void => {
      leave();
      socket.destroy();
      reject(error);
    };
    const onError = (cause: unknown): void =>
      fail(options.tls !== undefined && reached ? tlsError(cause, where) : openingError(cause, where));
    const onClose = (): void => onError(new Error("the connection was closed at once"));
    const onAbort = (): void => fail(abortedError(signal));
    const onReady = (): void => {
      leave();
      tuneSocket(socket, options);
      resolve(socket);
    };
    const timeout = options.connectTimeout ?? DEFAULTS.connectTimeout;
    const timer = setTimeout(() => {
      fail(new FramingError("connect_timeout", `no connection to ${where} within ${String(timeout)} ms`));
    }, timeout);
    const ready = options.tls === undefined ? "connect" : "secureConnect";
    socket.once("connect", () => (reached = true));
    socket.on("error", ignoreLateError).on("error", onError).on("close", onClose).on(ready, onReady);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

type NewSocket = (options: ConnectRawSocketOptions) => Socket;

const newPlainSocket: NewSocket = ({ path, port = 0, host = "localhost" }) =>
  connect({ ...(path === undefined ? { host, port } : { path }), allowHalfOpen: true });

/** node:tls is several megabytes of memory: loaded by those who use it. */
async function newTlsSocket(tls: ConnectionOptions): Promise<NewSocket> {
  const { connect: connectTls } = await import("node:tls");
  return ({ path, port = 0, host = "localhost" }) => {
    // Node sends no server name by itself, and a host that serves several names then shows the wrong certificate.
    const named = path === undefined && isIP(host) === 0 ? { servername: host } : {};
    return connectTls({ ...named, ...tls, ...(path === undefined ? { host, port } : { path }) });
  };
}

function placeOf(options: ConnectRawSocketOptions): string {
  return options.path ?? `${options.host ?? "localhost"}:${String(options.port)}`;
}
