import { UsageError } from "../errors.ts";
import { type SerializerName, serializerBySubprotocol, serializers } from "../serializer/index.ts";
import type { Connector, Transport } from "../transport.ts";
import type { Timers } from "./client-options.ts";
import { WebSocketTransport, type WebSocketLike } from "./web-socket-transport.ts";

export interface WebSocketConnectorOptions {
  readonly url: string;
  readonly webSocket: new (url: string, subprotocols: string[]) => WebSocketLike;
  readonly timers: Timers;
  /** Offered in this order; the router chooses. Default: json, msgpack, cbor. */
  readonly serializers?: readonly SerializerName[] | undefined;
  /** Octets of one message, both ways. Default 16 MiB. */
  readonly maxMessageSize?: number | undefined;
  /** `send` answers false above so many buffered octets. Default 256 KiB. */
  readonly highWaterMark?: number | undefined;
}

/** Loopback by its name: what a URL can say about the place of the peer. */
const LOOPBACK = /^wss?:\/\/(?:localhost|127(?:\.\d+){3}|\[::1\])(?:[:/]|$)/;

/** Connects through the WebSocket of a browser, or any other one of its kind. */
export function webSocketConnector(options: WebSocketConnectorOptions): Connector {
  const offered = options.serializers ?? ["json", "msgpack", "cbor"];
  if (offered.length === 0) throw new UsageError("invalid_option", "serializers: at least one must be offered");
  const subprotocols = offered.map((name) => serializers[name].subprotocol);
  return (signal) =>
    new Promise<Transport>((resolve, reject) => {
      signal.throwIfAborted();
      const { url } = options;
      const socket = new options.webSocket(url, subprotocols);
      let settled = false;
      const fail = (words: string): void => {
        if (settled) return;
        settled = true;
        reject(new Error(`cannot open ${url}: ${words}`));
        socket.close();
      };
      signal.addEventListener("abort", () => fail("it took too long, or was given up"), { once: true });
      socket.addEventListener("close", (event) =>
        fail(`the connection was refused or lost (${event.code}); is the router-bridge running there?`),
      );
      socket.addEventListener("error", () =>
        fail("there is no answer, or the WebSocket was refused; is the router-bridge running there?"),
      );
      socket.addEventListener("open", () => {
        const serializer = serializerBySubprotocol(socket.protocol);
        if (!serializer || !offered.includes(serializer.name)) {
          fail(`the server chose no subprotocol of ${subprotocols.join(", ")}; it does not speak WAMP there`);
          return;
        }
        if (settled) return;
        settled = true;
        resolve(
          new WebSocketTransport(socket, {
            url,
            local: LOOPBACK.test(url),
            serializer,
            timers: options.timers,
            maxMessageSize: options.maxMessageSize ?? 2 ** 24,
            highWaterMark: options.highWaterMark ?? 256 * 1024,
          }),
        );
      });
    });
}
