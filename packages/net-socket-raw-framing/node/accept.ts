/** The router's side of one socket that somebody else accepted: handshake, refusal in words the client understands. */
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { type Agreement, FramingError, ServerHandshake } from "../index.ts";
import { SocketConnection } from "./connection.ts";
import { exchange, ignoreLateError } from "./exchange.ts";
import { type AcceptRawSocketOptions, DEFAULTS } from "./options.ts";
import type { RawSocketConnection } from "./raw-socket-connection.ts";
import { checkSettings, configuredAgreement, tuneSocket, wireOf } from "./settings.ts";
import { openError } from "./socket-error.ts";

/** How long a refused client may take to read its refusal and to leave. */
const LINGER = 2_000;

/**
 * Resolves once the connection stands; call `start` in the turn in which it does. Rejects with one FramingError; the
 * client has then been answered where the handshake has an answer for it, and the socket is closed.
 */
export async function acceptRawSocket(
  socket: Socket | TLSSocket,
  options: AcceptRawSocketOptions,
): Promise<RawSocketConnection> {
  // From here on the socket is ours, also if an option is wrong.
  socket.on("error", ignoreLateError);
  try {
    checkSettings(options);
    if (wireOf(options) === "plain") return acceptPlain(socket, options);
    return await acceptStandard(socket, options);
  } catch (error) {
    // A refused client still has its answer to read; its socket closes itself.
    if (!socket.writableEnded) socket.destroy();
    throw error;
  }
}

/** Checks what would be offered to each client, before there is one. @throws FramingError `bad_option`. */
export function checkOffer(options: AcceptRawSocketOptions): void {
  if (wireOf(options) === "plain") plainAgreement(options);
  else newHandshake(options);
}

function acceptPlain(socket: Socket, options: AcceptRawSocketOptions): RawSocketConnection {
  const agreement = plainAgreement(options);
  if (options.refuse !== undefined) throw new FramingError("connection_count", "no more connections are taken");
  if (socket.destroyed) throw openError(socket.errored);
  tuneSocket(socket, options);
  return new SocketConnection(socket, { agreement, wire: "plain", rest: options.head ?? new Uint8Array(0) }, options);
}

function plainAgreement(options: AcceptRawSocketOptions): Agreement {
  const [serializer, ...others] = options.serializers;
  if (serializer === undefined || others.length > 0) {
    throw new FramingError("bad_option", "a raw socket without handshake has exactly one serializer: give one");
  }
  return configuredAgreement(serializer, options);
}

function newHandshake(options: AcceptRawSocketOptions): ServerHandshake {
  return new ServerHandshake({
    serializers: options.serializers,
    maxReceive: options.maxReceive ?? DEFAULTS.maxReceive,
    full: options.refuse === "connection_count",
    ...(options.minSend === undefined ? {} : { minSend: options.minSend }),
  });
}

function acceptStandard(socket: Socket, options: AcceptRawSocketOptions): Promise<RawSocketConnection> {
  const handshake = newHandshake(options);
  const timeout = options.handshakeTimeout ?? DEFAULTS.handshakeTimeout;
  if (!socket.destroyed) tuneSocket(socket, options);
  // Else Node ends our side by itself when the client ends its own, perhaps before the answer is written.
  socket.allowHalfOpen = true;
  return exchange<RawSocketConnection>(socket, { timeout, head: options.head }, (chunk) => {
    const step = handshake.push(chunk);
    if (step.state === "pending") return undefined;
    if (step.state === "refused") {
      if (step.reply !== undefined) sayGoodbye(socket, step.reply);
      throw step.error;
    }
    socket.write(step.reply);
    return new SocketConnection(socket, { agreement: step.agreement, wire: "standard", rest: step.rest }, options);
  });
}

/** Closing with unread octets would reset the connection, and the client might never see why. */
function sayGoodbye(socket: Socket, reply: Uint8Array): void {
  const timer = setTimeout(() => socket.destroy(), LINGER);
  socket.once("close", () => clearTimeout(timer));
  socket.end(reply);
  setImmediate(() => socket.resume());
}
