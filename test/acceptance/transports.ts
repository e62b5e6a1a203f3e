/** The tables that span the suite: every transport, every serializer. A new one is a line here. */
import type { ConnectorOptions } from "@pinion/client";
import type { SerializerName } from "@pinion/wamp/serializer";
import { TEST_CERTIFICATE } from "../support/test-certificate.ts";

/** Where one bridge listens. */
export interface Places {
  readonly tcp: string;
  readonly tls: string;
  readonly unix: string;
}

export interface TransportRow {
  readonly name: string;
  readonly url: (places: Places) => string;
  readonly options?: ConnectorOptions;
}

const tls = { tls: { ca: TEST_CERTIFICATE } };

export const TRANSPORTS: readonly TransportRow[] = [
  { name: "raw socket, TCP", url: ({ tcp }) => `rs://${tcp}` },
  { name: "raw socket, TLS", url: (places) => `rss://${places.tls}`, options: tls },
  { name: "raw socket, Unix", url: ({ unix }) => `unix://${unix}` },
  { name: "WebSocket", url: ({ tcp }) => `ws://${tcp}/ws` },
  { name: "WebSocket, TLS", url: (places) => `wss://${places.tls}/ws`, options: tls },
  { name: "WebSocket, Unix", url: ({ unix }) => `unix+ws://${unix}` },
  { name: "WebSocket, batched", url: ({ tcp }) => `ws://${tcp}/ws`, options: { batched: true } },
  { name: "long-poll", url: ({ tcp }) => `lp+http://${tcp}/lp`, options: { batched: false } },
  { name: "long-poll, batched", url: ({ tcp }) => `lp+http://${tcp}/lp`, options: { batched: true } },
  { name: "long-poll, TLS", url: (places) => `lp+https://${places.tls}/lp`, options: { ...tls, batched: true } },
];

export const SERIALIZERS: readonly SerializerName[] = ["json", "msgpack", "cbor"];
