/** Opens listening sockets from the configuration, and says in words why one cannot be opened. */
import { chmodSync, lstatSync, unlinkSync } from "node:fs";
import { connect, createServer as createNetServer, type Server } from "node:net";
import { constants } from "node:crypto";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { BridgeError } from "../bridge-error.ts";
import type { ListenerConfig, TcpListener, TlsListener, UnixListener } from "../config-schema.ts";
import { formatHostPort, isLoopback, parseHostPort } from "./address.ts";
import { readTlsFiles } from "./tls-files.ts";

export interface Listening {
  readonly server: Server;
  readonly connectionEvent: "connection" | "secureConnection";
  readonly tls: boolean;
  /** Plain, and reachable by other machines because the configuration says so. */
  readonly insecure: boolean;
  /** `127.0.0.1:8080`, with the port that was really taken; or the path of the Unix socket. */
  readonly address: string;
  readonly unixPath: string | undefined;
}

/** `tlsTimeout`: milliseconds for a TLS handshake. @throws BridgeError with the code of what stands in the way. */
export function listen(listener: ListenerConfig, now: Date, tlsTimeout = 10_000): Promise<Listening> {
  return "tcp" in listener ? listenTcp(listener, now, tlsTimeout) : listenUnix(listener);
}

async function listenTcp(listener: TcpListener, now: Date, tlsTimeout: number): Promise<Listening> {
  const at = parseHostPort(listener.tcp);
  if (at === undefined) throw new BridgeError("config_invalid", `${listener.tcp} is not host:port`);
  const { tls } = listener;
  const open = tls === undefined && !isLoopback(at.host);
  if (open && listener.insecure !== true) throw insecureBind(listener.tcp);
  const server = tls === undefined ? createNetServer() : makeTlsServer(tls, now, tlsTimeout);
  await opened(server, { host: at.host, port: at.port }, listener.tcp);
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : at.port;
  return {
    server,
    connectionEvent: tls === undefined ? "connection" : "secureConnection",
    tls: tls !== undefined,
    insecure: open,
    address: formatHostPort({ host: at.host, port }),
    unixPath: undefined,
  };
}

function makeTlsServer({ clientCertificate, ...files }: TlsListener, now: Date, handshakeTimeout: number): Server {
  const { clientCa, ...own } = readTlsFiles(files, now);
  const server = createTlsServer({
    ...own,
    ...(clientCa === undefined ? {} : askingForCertificates(clientCa, clientCertificate === "require")),
    minVersion: "TLSv1.2",
    handshakeTimeout,
  });
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  return server;
}

/** A certificate that will not do is no reason to hang up unless one is required: the router answers HELLO with ABORT and says why. */
function askingForCertificates(ca: string, required: boolean): TlsOptions {
  // a resumed session would carry what was judged of a certificate before
  return { ca, requestCert: true, rejectUnauthorized: required, secureOptions: constants.SSL_OP_NO_TICKET };
}

async function listenUnix({ unix: path, mode }: UnixListener): Promise<Listening> {
  await removeLeftover(path);
  const server = createNetServer();
  // nobody else may connect between listening and the mode being set
  const umask = process.umask(0o177);
  try {
    await opened(server, { path }, path);
  } finally {
    process.umask(umask);
  }
  chmodSync(path, Number.parseInt(mode, 8));
  return { server, connectionEvent: "connection", tls: false, insecure: false, address: path, unixPath: path };
}

/** Removes the socket file of a process that died; leaves one alone that somebody answers on, and anything else. */
async function removeLeftover(path: string): Promise<void> {
  let isSocket = false;
  try {
    isSocket = lstatSync(path).isSocket();
  } catch {
    return; // nothing is there
  }
  if (!isSocket)
    throw new BridgeError("listen_failed", `${path} is there and is no socket: remove it, or name another`);
  const answered = await new Promise<boolean>((resolve) => {
    const probe = connect({ path });
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", () => resolve(false));
  });
  if (answered) throw portInUse(path);
  unlinkSync(path);
}

function opened(server: Server, at: { host: string; port: number } | { path: string }, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void => reject(explainListenError(error, name));
    server.once("error", fail);
    server.listen(at, () => {
      server.off("error", fail);
      resolve();
    });
  });
}

/** The system's error in words. */
export function explainListenError(error: NodeJS.ErrnoException, name: string): BridgeError {
  switch (error.code) {
    case "EADDRINUSE":
      return portInUse(name);
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return new BridgeError("address_not_available", `${name} is not an address of this machine`, { cause: error });
    case "EACCES":
      return new BridgeError("permission_denied", `this user may not listen on ${name}: take a port above 1023`, {
        cause: error,
      });
    default:
      return new BridgeError("listen_failed", `cannot listen on ${name}: ${error.message}`, { cause: error });
  }
}

function portInUse(name: string): BridgeError {
  const words = `${name} is in use by another program: stop it, or choose another with --listen host:port or listen: in the configuration`;
  return new BridgeError("port_in_use", words);
}

export function insecureBind(tcp: string): BridgeError {
  const words = `${tcp} is reachable from other machines, without TLS: use 127.0.0.1, or configure tls, or say insecure: true in the configuration`;
  return new BridgeError("insecure_bind", words);
}
