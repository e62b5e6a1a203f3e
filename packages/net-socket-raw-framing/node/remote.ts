/** Who is at the other end, as far as the socket knows. Rights may hang on `local`, so in doubt it is false. */
import { type Socket, isIPv4 } from "node:net";
import type { TLSSocket } from "node:tls";
import type { RawSocketRemote } from "./raw-socket-connection.ts";

/** To be called while the socket is open: a closed one no longer knows. */
export function describeRemote(socket: Socket): RawSocketRemote {
  const address = socket.remoteAddress;
  return {
    address,
    port: socket.remotePort,
    local: address === undefined ? isUnixSocket(socket) : isLoopback(address),
    tls: isTlsSocket(socket),
  };
}

/** Asked without node:tls, which takes several megabytes of memory and is loaded where TLS is used. */
export function isTlsSocket(socket: object): socket is TLSSocket {
  return "encrypted" in socket && socket.encrypted === true && "getProtocol" in socket;
}

/** 127.0.0.0/8 and ::1, also as an IPv4 address inside IPv6. */
export function isLoopback(address: string): boolean {
  const plain = address.toLowerCase().replace(/^::ffff:/, "");
  return plain === "::1" || (isIPv4(plain) && plain.startsWith("127."));
}

/** A TCP socket whose peer is gone has no remote address either, but still a local one. */
function isUnixSocket(socket: Socket): boolean {
  return !socket.destroyed && !socket.connecting && socket.localAddress === undefined;
}
