import { createHash } from "node:crypto";
import type { ChannelBindingType } from "@pinion/wamp";
import { isTlsSocket } from "net-socket-raw-framing/node";

const OCTETS = 32;
/** RFC 9266. The context is empty, which before TLS 1.3 is something else than none. */
const LABEL = "EXPORTER-Channel-Binding";
const CONTEXT = Buffer.alloc(0);

/**
 * What both ends of a TLS connection know and nobody between them, as cryptosign signs it: 32 octets. Undefined for a socket
 * without TLS, and for `tls-unique` under TLS 1.3, which has none, or after a resumption, where both ends may take different ones.
 */
export function channelId(socket: object, type: ChannelBindingType, side: "client" | "server"): Uint8Array | undefined {
  if (!isTlsSocket(socket) || socket.destroyed) return undefined;
  if (type === "tls-exporter") return socket.exportKeyingMaterial(OCTETS, LABEL, CONTEXT);
  if (socket.getProtocol() !== "TLSv1.2" || socket.isSessionReused()) return undefined;
  // the first Finished of a full handshake is the client's
  const finished = side === "client" ? socket.getFinished() : socket.getPeerFinished();
  return finished === undefined ? undefined : createHash("sha256").update(finished).digest();
}
