import type { Transport } from "@pinion/wamp";
import { batchedSubprotocol, protocolByName, type SerializerName, serializers } from "@pinion/wamp/serializer";
import { ConnectError } from "./connect-error.ts";
import type { ConnectorOptions } from "./connector.ts";
import { DEFAULT_PING } from "./default-ping.ts";
import { type Answer, HttpPost } from "./http-post.ts";
import { LongPollTransport } from "./long-poll-transport.ts";

export interface LongPollTarget {
  /** For people. */
  readonly url: string;
  /** `http://host:port/lp`, where the requests go. */
  readonly base: URL;
  readonly socketPath?: string;
}

const DEFAULT_LIMIT = 2 ** 24;
const EVERY: readonly SerializerName[] = ["json", "msgpack", "cbor"];
/** What the framing of a batch may add to a message. */
const BATCH_SLACK = 1024 * 1024;

/** Opens a long-poll transport and agrees on the protocol. Rejects with what the socket reports, or a ConnectError. */
export async function openLongPoll(
  target: LongPollTarget,
  options: ConnectorOptions,
  signal: AbortSignal,
): Promise<Transport> {
  const {
    serializer: only,
    offer = only ? [only] : EVERY,
    maxMessageSize = DEFAULT_LIMIT,
    ping = DEFAULT_PING,
  } = options;
  const { url, base, socketPath } = target;
  const protocols = [
    ...(options.batched === false ? [] : offer.map((name) => batchedSubprotocol(serializers[name]))),
    ...offer.map((name) => serializers[name].subprotocol),
  ];
  const http = new HttpPost({ base, socketPath, tls: options.tls, maxBody: maxMessageSize + BATCH_SLACK });
  try {
    const answer = await http.post("/open", {
      body: new TextEncoder().encode(JSON.stringify({ protocols })),
      type: "application/json",
      timeout: options.connectTimeout ?? 10_000,
      signal,
    });
    const { protocol, transport } = readOpen(url, answer);
    const agreed = protocolByName(protocol);
    if (agreed === undefined || !protocols.includes(protocol)) {
      const detail = `the server chose no protocol of ${protocols.join(", ")}`;
      throw new ConnectError("not_a_router", url, { detail });
    }
    return new LongPollTransport(http, {
      url,
      local: socketPath !== undefined || isLoopback(base.hostname),
      ...agreed,
      path: `/${encodeURIComponent(transport)}`,
      maxMessageSize,
      highWaterMark: options.highWaterMark ?? 256 * 1024,
      deadAfter: ping === false ? undefined : ping.interval + ping.timeout,
    });
  } catch (error) {
    http.destroy();
    if (signal.aborted) throw new ConnectError("aborted", url, { detail: "given up", cause: signal.reason });
    throw error;
  }
}

function readOpen(url: string, { status, body }: Answer): { protocol: string; transport: string } {
  const text = new TextDecoder().decode(body);
  if (status === 503) throw new ConnectError("too_many_connections", url, { detail: text.trim() });
  const answer = status === 200 ? parse(text) : undefined;
  if (typeof answer === "object" && answer !== null && "protocol" in answer && "transport" in answer) {
    const { protocol, transport } = answer;
    if (typeof protocol === "string" && typeof transport === "string") return { protocol, transport };
  }
  const detail = `it is no long-poll of WAMP (HTTP ${status}): ${text.slice(0, 200).trim()}`;
  throw new ConnectError("not_a_router", url, { detail });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.");
}
