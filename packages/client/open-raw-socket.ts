import type { Transport } from "@pinion/wamp";
import { serializers } from "@pinion/wamp/serializer";
import { type ConnectRawSocketOptions, connectRawSocket } from "net-socket-raw-framing/node";
import type { ConnectorOptions } from "./connector.ts";
import { DEFAULT_PING } from "./default-ping.ts";
import { RawSocketTransport } from "./raw-socket-transport.ts";

export type RawSocketTarget = Pick<ConnectRawSocketOptions, "host" | "port" | "path" | "tls">;

/** Connects a raw socket and agrees on the serializer. Rejects with a FramingError. */
export async function openRawSocket(
  url: string,
  target: RawSocketTarget,
  options: ConnectorOptions & { readonly signal: AbortSignal },
): Promise<Transport> {
  const serializer = serializers[options.serializer ?? "json"];
  const { maxMessageSize, connectTimeout, highWaterMark, handshake, signal } = options;
  const connection = await connectRawSocket({
    ...target,
    serializer: serializer.rawSocketCode,
    signal,
    ...(maxMessageSize === undefined ? {} : { maxReceive: maxMessageSize }),
    ...pingOf(options),
    ...(connectTimeout === undefined ? {} : { connectTimeout, handshakeTimeout: connectTimeout }),
    ...(highWaterMark === undefined ? {} : { highWaterMark }),
    ...(handshake === undefined ? {} : { handshake }),
  });
  return new RawSocketTransport(connection, serializer, url);
}

function pingOf({ ping, handshake }: ConnectorOptions): Pick<ConnectRawSocketOptions, "ping"> {
  if (ping === false || (ping === undefined && handshake === "none")) return {};
  return { ping: ping ?? { ...DEFAULT_PING, towards: "proven" } };
}
