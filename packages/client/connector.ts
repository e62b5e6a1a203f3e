/** From a URL to connections: one table, keyed by scheme. A new transport is a file and a line in it. */
import type { ConnectionOptions } from "node:tls";
import { type Connector, type Transport, UsageError } from "@pinion/wamp";
import type { SerializerName } from "@pinion/wamp/serializer";
import { FramingError } from "net-socket-raw-framing";
import type { Handshake, PingOptions } from "net-socket-raw-framing/node";
import { embeddedUnixPath, tcpAddress, unixPath, wrong } from "./address.ts";
import { connectError } from "./connect-error.ts";
import { CookieKeeper } from "./cookie-keeper.ts";
import { type RawSocketTarget, openRawSocket } from "./open-raw-socket.ts";
import type { LongPollTarget } from "./open-long-poll.ts";
import type { WebSocketTarget } from "./open-web-socket.ts";

export interface ConnectorOptions {
  /** Default `json`. A WebSocket without it offers json, msgpack, cbor in this order. */
  readonly serializer?: SerializerName | undefined;
  /** What a WebSocket offers, the best first, instead of `serializer`. A raw socket asks for one and gets that or nothing. */
  readonly offer?: readonly SerializerName[] | undefined;
  /** Offers the batched protocols first, in which several messages travel as one. Default: long-poll yes, WebSocket no. */
  readonly batched?: boolean | undefined;
  /** For rss, tcps and wss. The peer's certificate is checked unless `rejectUnauthorized: false` says otherwise. */
  readonly tls?: ConnectionOptions | undefined;
  /** Octets of one message received at most, and of one sent over a WebSocket. Default 16 MiB. */
  readonly maxMessageSize?: number | undefined;
  /**
   * Keepalive, milliseconds. Default 15 s and 15 s: a router that vanished is noticed within 30 s. A raw-socket PING is
   * sent only to routers that showed, or are known, to answer it, unless `ping` is given: some die of one. False: never.
   */
  readonly ping?: PingOptions | false | undefined;
  /** Name look-up, TCP, TLS and handshake together, ms. Default 10 000. */
  readonly connectTimeout?: number | undefined;
  /** Octets queued above which `send` answers false. Default 256 KiB. */
  readonly highWaterMark?: number | undefined;
  /** Raw socket only. `none`: the old one, a bare uint32 length. Default `standard`. */
  readonly handshake?: Handshake | undefined;
  /** WebSocket only. Keeps the cookies that the router sets, in memory, and shows them when it connects again. Default no. */
  readonly cookies?: boolean | undefined;
}

type Open = (signal: AbortSignal) => Promise<Transport>;
type Scheme = (url: string, rest: string, options: ConnectorOptions) => Open;

function rawSocket(url: string, target: RawSocketTarget, options: ConnectorOptions): Open {
  return (signal) => openRawSocket(url, target, { ...options, signal });
}

// What these need of Node (http, https) is several megabytes of memory: loaded by those who use it.
function overWebSocket(target: WebSocketTarget, options: ConnectorOptions): Open {
  return async (signal) => {
    const { openWebSocket } = await import("./open-web-socket.ts");
    return await openWebSocket(target, options, signal);
  };
}

function byLongPoll(target: LongPollTarget, options: ConnectorOptions): Open {
  return async (signal) => {
    const { openLongPoll } = await import("./open-long-poll.ts");
    return await openLongPoll(target, options, signal);
  };
}

const tcp: Scheme = (url, rest, options) => {
  const path = embeddedUnixPath(url, rest);
  return rawSocket(url, path === undefined ? tcpAddress(url, rest) : { path }, options);
};

const tls: Scheme = (url, rest, options) => {
  return rawSocket(url, { ...tcpAddress(url, rest), tls: options.tls ?? {} }, options);
};

const unix: Scheme = (url, rest, options) => rawSocket(url, { path: unixPath(url, rest) }, options);

const webSocket: Scheme = (url, _rest, options) => {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || parsed.hostname === "")
    throw wrong(url, "it has to be scheme://host:port/path", "ws://127.0.0.1:8080/ws");
  if (parsed.username !== "" || parsed.hash !== "") {
    throw wrong(url, "credentials and fragments do not belong in it", "ws://127.0.0.1:8080/ws");
  }
  const cookies = keeperFor(options);
  return overWebSocket({ url, address: url, cookies }, options);
};

const unixWebSocket: Scheme = (url, rest, options) => {
  const path = unixPath(url, rest);
  const cookies = keeperFor(options);
  return overWebSocket({ url, address: "ws://localhost/ws", path, cookies }, options);
};

function keeperFor({ cookies }: ConnectorOptions): CookieKeeper | undefined {
  return cookies === true ? new CookieKeeper() : undefined;
}

const longPoll: Scheme = (url, rest, options) => {
  const address = `${url.slice(0, url.length - rest.length - 1).replace(/^lp\+/i, "")}:${rest}`;
  const base = URL.canParse(address) ? new URL(address) : undefined;
  const example = "lp+http://127.0.0.1:8080/lp";
  if (!base || base.hostname === "") throw wrong(url, "it has to be scheme://host:port/path", example);
  if (base.username !== "" || base.hash !== "" || base.search !== "") {
    throw wrong(url, "credentials, queries and fragments do not belong in it", example);
  }
  return byLongPoll({ url, base }, options);
};

const unixLongPoll: Scheme = (url, rest, options) => {
  const socketPath = unixPath(url, rest);
  return byLongPoll({ url, base: new URL("http://localhost/lp"), socketPath }, options);
};

const SCHEMES: Readonly<Record<string, Scheme>> = {
  rs: tcp,
  tcp,
  rss: tls,
  tcps: tls,
  unix,
  "unix+rs": unix,
  ws: webSocket,
  wss: webSocket,
  "unix+ws": unixWebSocket,
  "lp+http": longPoll,
  "lp+https": longPoll,
  "unix+lp": unixLongPoll,
};

/**
 * The Connector for a router's URL: `rs://host:port` and `tcp://` (raw socket), `rss://` and `tcps://` (with TLS),
 * `unix:///path`, `unix+rs:///path` and `rs://unix:/path` (Unix socket), `ws://`, `wss://`, `unix+ws:///path` (WebSocket),
 * `lp+http://host:port/lp`, `lp+https://`, `unix+lp:///path` (long-poll).
 * Its promise rejects with a ConnectError. @throws UsageError `invalid_option` for an address that can never work.
 */
export function connector(url: string, options: ConnectorOptions = {}): Connector {
  const colon = url.indexOf(":");
  const scheme = SCHEMES[url.slice(0, Math.max(0, colon)).toLowerCase()];
  if (!scheme || colon < 0) {
    const known = Object.keys(SCHEMES).join(", ");
    throw wrong(url, `its scheme must be one of ${known}`, "rs://127.0.0.1:8080");
  }
  const open = scheme(url, url.slice(colon + 1), options);
  return async (signal) => {
    try {
      return await open(signal);
    } catch (error) {
      if (error instanceof UsageError) throw error;
      if (error instanceof FramingError && error.code === "bad_option") {
        throw new UsageError("invalid_option", error.message, { cause: error });
      }
      throw connectError(url, error);
    }
  };
}

/** Opens one connection to a router. Rejects with a ConnectError, or a UsageError for an address that can never work. */
export async function connect(
  url: string,
  options: ConnectorOptions & { readonly signal?: AbortSignal } = {},
): Promise<Transport> {
  return await connector(url, options)(options.signal ?? new AbortController().signal);
}
