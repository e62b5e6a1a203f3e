import { connect as connectSocket, type Socket } from "node:net";
import { Batch, batchedSubprotocol, protocolByName, type SerializerName, serializers } from "@pinion/wamp/serializer";
import type { Transport } from "@pinion/wamp";
import { WebSocketTransport } from "@pinion/wamp/client";
import { type ClientOptions, WebSocket } from "ws";
import { channelId } from "./channel-id.ts";
import { ConnectError } from "./connect-error.ts";
import type { ConnectorOptions } from "./connector.ts";
import type { CookieKeeper } from "./cookie-keeper.ts";
import { DEFAULT_PING } from "./default-ping.ts";
import { keepWebSocketAlive } from "./keep-web-socket-alive.ts";

export interface WebSocketTarget {
  /** For people. */
  readonly url: string;
  /** What the opening handshake is made for. */
  readonly address: string;
  /** A Unix socket to make it on. */
  readonly path?: string;
  readonly cookies?: CookieKeeper | undefined;
}

const EVERY: readonly SerializerName[] = ["json", "msgpack", "cbor"];
const DEFAULT_LIMIT = 2 ** 24;
/** Idle time before TCP probes: a peer whose host lost its power sends nothing, and a subscriber would wait for ever. */
const KEEP_ALIVE_MS = 15_000;

/** Connects a WebSocket and agrees on the subprotocol. Rejects with what the socket or `ws` reports, or a ConnectError. */
export async function openWebSocket(
  target: WebSocketTarget,
  options: ConnectorOptions,
  signal: AbortSignal,
): Promise<Transport> {
  signal.throwIfAborted();
  const { serializer: only, offer = only ? [only] : EVERY } = options;
  const subprotocols = [
    ...(options.batched === true ? offer.map((name) => batchedSubprotocol(serializers[name])) : []),
    ...offer.map((name) => serializers[name].subprotocol),
  ];
  const socket = new WebSocket(target.address, subprotocols, socketOptions(target, options));
  let carrier: Socket | undefined;
  socket.once("upgrade", (response) => {
    carrier = response.socket;
    carrier.setKeepAlive(true, KEEP_ALIVE_MS);
    target.cookies?.take(response.headers["set-cookie"]);
  });
  return await opened(socket, { url: target.url, signal }, () => {
    const { serializer, batched = false } = protocolByName(socket.protocol) ?? {};
    if (!serializer) {
      const detail = `the server chose no subprotocol of ${subprotocols.join(", ")}`;
      throw new ConnectError("not_a_router", target.url, { detail });
    }
    const { maxMessageSize = DEFAULT_LIMIT } = options;
    const transport = new WebSocketTransport(socket, {
      batch: batched
        ? new Batch(serializer, { messages: Infinity, octets: Math.min(65_536, maxMessageSize) })
        : undefined,
      url: target.url,
      local: isLocal(target),
      serializer,
      timers: globalThis,
      maxMessageSize,
      highWaterMark: options.highWaterMark ?? 256 * 1024,
      terminate: () => socket.terminate(),
      channelId: (type) => carrier && channelId(carrier, type, "client"),
    });
    const { ping = DEFAULT_PING } = options;
    if (ping !== false) keepWebSocketAlive(socket, ping, (error) => transport.abort(error));
    return transport;
  });
}

function socketOptions(target: WebSocketTarget, options: ConnectorOptions): ClientOptions {
  const { path, cookies } = target;
  const cookie = cookies?.header;
  const tls: object = options.tls ?? {}; // ws hands them to tls.connect as they are; its types differ in details
  return {
    ...tls,
    maxPayload: options.maxMessageSize ?? DEFAULT_LIMIT,
    handshakeTimeout: options.connectTimeout ?? 10_000,
    // Telemetry is small and local: compression would cost memory per connection and win nothing.
    perMessageDeflate: false,
    followRedirects: false,
    ...(cookie === undefined ? {} : { headers: { cookie } }),
    ...(path === undefined ? {} : { createConnection: () => connectSocket(path) }),
  };
}

/** `make` runs inside the `open` event: messages may follow before any promise has settled. */
function opened(
  socket: WebSocket,
  { url, signal }: { url: string; signal: AbortSignal },
  make: () => Transport,
): Promise<Transport> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      const error = new ConnectError("aborted", url, { detail: "given up", cause: signal.reason });
      reject(error);
      socket.terminate();
    };
    signal.addEventListener("abort", onAbort, { once: true });
    // Stays for the life of the socket: an `error` event that nobody listens to would end the process.
    socket.on("error", (error) => reject(error));
    socket.once("close", (code) => {
      reject(new ConnectError("not_a_router", url, { detail: `closed before it was open (${code})` }));
    });
    socket.once("open", () => {
      signal.removeEventListener("abort", onAbort);
      try {
        resolve(make());
      } catch (error) {
        socket.terminate();
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
  });
}

function isLocal(target: WebSocketTarget): boolean {
  if (target.path !== undefined) return true;
  const { hostname } = new URL(target.address);
  return hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.");
}
