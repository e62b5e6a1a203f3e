/** Both ends of a connection, as Transports, for every transport there is: over loopback sockets, with a given serializer. */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type ConnectorOptions, RawSocketTransport } from "@pinion/client";
import type { Transport } from "@pinion/wamp";
import { webSocketConnector, WebSocketTransport } from "@pinion/wamp/client";
import { Batch, protocolByName, serializerByRawSocketCode, type SerializerName } from "@pinion/wamp/serializer";
import { listenRawSocket, type ListenRawSocketOptions } from "net-socket-raw-framing/node";
import { WebSocketServer } from "ws";
import { LinkedTransport } from "./linked-transport.ts";
import { TEST_CERTIFICATE, TEST_KEY } from "./test-certificate.ts";

/** What the servers here receive at most. */
export const LIMIT = 2 ** 20;

export interface Pair {
  readonly client: Transport;
  readonly server: Transport;
  stop(): Promise<void>;
}

export interface Listening {
  readonly url: string;
  stop(): Promise<void>;
}

type Accept = (transport: Transport) => void;

export async function rawSocketListener(
  place: Pick<ListenRawSocketOptions, "path" | "tls">,
  accept: Accept,
): Promise<Listening> {
  const server = await listenRawSocket({
    ...place,
    ...(place.path === undefined ? { host: "127.0.0.1", port: 0 } : {}),
    serializers: [1, 2, 3],
    maxReceive: LIMIT,
    onConnection: (connection) => {
      const serializer = serializerByRawSocketCode(connection.serializer);
      if (serializer) accept(new RawSocketTransport(connection, serializer, "rs:server"));
    },
  });
  const scheme = place.tls ? "rss" : "rs";
  const address = server.address();
  const port = address !== undefined && "port" in address ? address.port : 0;
  const url = place.path === undefined ? `${scheme}://127.0.0.1:${String(port)}` : `unix://${place.path}`;
  return { url, stop: () => server.close() };
}

export async function webSocketListener(accept: Accept, path?: string): Promise<Listening> {
  const http: Server = createServer();
  const sockets = new WebSocketServer({
    server: http,
    maxPayload: LIMIT,
    handleProtocols: (offered) => [...offered].find((name) => protocolByName(name)) ?? false,
  });
  sockets.on("connection", (socket) => {
    const { serializer, batched } = protocolByName(socket.protocol) ?? {};
    socket.on("error", () => {}); // the close that follows tells
    if (!serializer) {
      socket.close();
      return;
    }
    const batch = batched ? new Batch(serializer, { messages: 1000 }) : undefined;
    const limits = { batch, timers: globalThis, maxMessageSize: LIMIT, highWaterMark: 256 * 1024 };
    const terminate = (): void => socket.terminate();
    accept(new WebSocketTransport(socket, { url: "ws:server", local: true, serializer, terminate, ...limits }));
  });
  http.listen(path === undefined ? { host: "127.0.0.1", port: 0 } : { path });
  await once(http, "listening");
  const address = http.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: path === undefined ? `ws://127.0.0.1:${String(port)}/ws` : `unix+ws://${path}`,
    stop: async () => {
      for (const socket of sockets.clients) socket.terminate();
      http.close();
      await once(http, "close");
    },
  };
}

/** As a page connects: the platform's own WebSocket, which hides most of what happens. */
function connectAsPage(url: string, options: ConnectorOptions): Promise<Transport> {
  const { serializer, maxMessageSize } = options;
  const offered = serializer ? [serializer] : undefined;
  const settings = { url, webSocket: WebSocket, timers: globalThis, maxMessageSize, serializers: offered };
  return webSocketConnector(settings)(new AbortController().signal);
}

async function pairOver(
  listen: (accept: Accept) => Promise<Listening>,
  options: ConnectorOptions,
  open: (url: string, options: ConnectorOptions) => Promise<Transport>,
): Promise<Pair> {
  const { promise, resolve } = Promise.withResolvers<Transport>();
  // A Transport is started in the turn it is handed over in; this one is handed to the test a little later.
  const listening = await listen((transport) => resolve(delayed(transport)));
  try {
    const client = await open(listening.url, options).then(delayed);
    const server = await promise;
    return { client, server, stop: () => listening.stop() };
  } catch (error) {
    await listening.stop();
    throw error;
  }
}

/** Starts a transport at once and keeps what comes until the real handlers do. */
function delayed(transport: Transport): Transport {
  type Handlers = Parameters<Transport["start"]>[0];
  const early: ((handlers: Handlers) => void)[] = [];
  let handlers: Handlers | undefined;
  const pass = (event: (handlers: Handlers) => void): void => {
    if (handlers) event(handlers);
    else early.push(event);
  };
  transport.start({
    onMessage: (message) => pass((to) => to.onMessage(message)),
    onClose: (error) => pass((to) => to.onClose(error)),
    onDrain: () => pass((to) => to.onDrain?.()),
  });
  return {
    serializer: transport.serializer,
    url: transport.url,
    local: transport.local,
    send: (message) => transport.send(message),
    close: () => transport.close(),
    abort: (error) => transport.abort(error),
    start: (given) => {
      handlers = given;
      for (const event of early.splice(0)) event(given);
    },
  };
}

export type TransportName =
  | "memory"
  | "tcp"
  | "tls"
  | "unix"
  | "websocket"
  | "websocket, batched"
  | "websocket over unix"
  | "websocket of pages";

export async function transportPair(name: TransportName, serializer: SerializerName): Promise<Pair> {
  if (name === "memory") {
    const [client, server] = LinkedTransport.pair({ highWater: 20 });
    return { client, server, stop: () => Promise.resolve() };
  }
  const folder = mkdtempSync(join(tmpdir(), "pinion-"));
  const path = join(folder, "router.sock");
  const tls = { key: TEST_KEY, cert: TEST_CERTIFICATE };
  const listeners: Readonly<Record<typeof name, (accept: Accept) => Promise<Listening>>> = {
    tcp: (accept) => rawSocketListener({}, accept),
    tls: (accept) => rawSocketListener({ tls }, accept),
    unix: (accept) => rawSocketListener({ path }, accept),
    websocket: (accept) => webSocketListener(accept),
    "websocket, batched": (accept) => webSocketListener(accept),
    "websocket of pages": (accept) => webSocketListener(accept),
    "websocket over unix": (accept) => webSocketListener(accept, path),
  };
  const open = name === "websocket of pages" ? connectAsPage : connect;
  const pair = await pairOver(
    listeners[name],
    { serializer, batched: name === "websocket, batched", tls: { ca: TEST_CERTIFICATE }, maxMessageSize: LIMIT },
    open,
  );
  return {
    ...pair,
    stop: async () => {
      pair.client.abort();
      await pair.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
