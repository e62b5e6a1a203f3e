import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { formatHostPort, isLoopback } from "./address.ts";

/** What a socket itself says about its other end. */
export interface ConnectionFacts {
  readonly local: boolean;
  readonly tls: boolean;
  /** `127.0.0.1:50412`, or the path of the Unix socket. */
  readonly address: string;
}

/** `unixPath` is the listener's, for connections that have no address of their own. */
export function factsOf(socket: Socket, unixPath?: string): ConnectionFacts {
  const tls = socket instanceof TLSSocket;
  const { remoteAddress, remotePort } = socket;
  if (unixPath !== undefined) return { local: true, tls, address: unixPath };
  if (remoteAddress === undefined) return { local: false, tls, address: "unknown" };
  return {
    local: isLoopback(remoteAddress),
    tls,
    address: formatHostPort({ host: remoteAddress, port: remotePort ?? 0 }),
  };
}

/** Headers by which a proxy says that it speaks for somebody else. */
const FORWARDED = ["forwarded", "x-forwarded-for", "x-real-ip", "via"] as const;

/** A proxy on this machine is local, those behind it are not: its connections count as coming from elsewhere. */
export function isForwarded(request: IncomingMessage): boolean {
  return FORWARDED.some((name) => request.headers[name] !== undefined);
}
