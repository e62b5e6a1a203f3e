import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { channelId } from "@pinion/client";
import type { PeerInfo } from "../router/index.ts";
import { formatHostPort, isLoopback } from "./address.ts";
import { peerCertificate } from "./peer-certificate.ts";

/** What a socket itself says about its other end; what TLS proves of it is there to log in with. */
export interface ConnectionFacts extends Pick<PeerInfo, "certificate" | "channelId"> {
  readonly local: boolean;
  readonly tls: boolean;
  /** `127.0.0.1:50412`, or the path of the Unix socket. */
  readonly address: string;
}

/** `unixPath` is the listener's, for connections that have no address of their own. */
export function factsOf(socket: Socket, unixPath?: string): ConnectionFacts {
  const { remoteAddress, remotePort } = socket;
  const proved = provedByTls(socket);
  if (unixPath !== undefined) return { ...proved, local: true, address: unixPath };
  if (remoteAddress === undefined) return { ...proved, local: false, address: "unknown" };
  return {
    ...proved,
    local: isLoopback(remoteAddress),
    address: formatHostPort({ host: remoteAddress, port: remotePort ?? 0 }),
  };
}

function provedByTls(socket: Socket): Pick<ConnectionFacts, "tls" | "certificate" | "channelId"> {
  if (!(socket instanceof TLSSocket)) return { tls: false };
  const certificate = peerCertificate(socket);
  return {
    tls: true,
    channelId: (type) => channelId(socket, type, "server"),
    ...(certificate === undefined ? {} : { certificate }),
  };
}

/** Headers by which a proxy says that it speaks for somebody else. */
const FORWARDED = ["forwarded", "x-forwarded-for", "x-real-ip", "via"] as const;

/** A proxy on this machine is local, those behind it are not: its connections count as coming from elsewhere. */
export function isForwarded(request: IncomingMessage): boolean {
  return FORWARDED.some((name) => request.headers[name] !== undefined);
}
