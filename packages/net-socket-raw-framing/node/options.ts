/** Options of the socket half with their defaults, in one place so that both sides agree. Times in milliseconds. */
import type { ConnectionOptions, TlsOptions } from "node:tls";
import type { FramingError } from "../index.ts";
import type { RawSocketConnection, RawSocketRemote } from "./raw-socket-connection.ts";

export type Handshake = "standard" | "none";

export interface PingOptions {
  readonly interval: number;
  /** Without any octet from the peer for this long after a PING, the connection is dropped with `ping_timeout`. */
  readonly timeout: number;
  /** Default `all`. `proven`: only once the peer has sent a PING or a PONG itself, or `expectPongs` was called. */
  readonly towards?: "all" | "proven";
}

/** What both sides of a connection can set. */
export interface ConnectionSettings {
  /** Payload octets received at most. Default 2^24; rounded down to a power of two where a handshake announces it. */
  readonly maxReceive?: number;
  /** Default `standard`. `none`: the old raw socket, a bare uint32 length, no types. */
  readonly handshake?: Handshake;
  /** Only without handshake: payload octets sent at most. Default: as `maxReceive`. */
  readonly maxSend?: number;
  /** Default 10 s, for the whole handshake. */
  readonly handshakeTimeout?: number;
  /** Idle time before TCP keepalive probes. Default 15 s. */
  readonly keepAlive?: number | false;
  /** Default true: TCP does not wait to join small writes; this package joins them itself. */
  readonly noDelay?: boolean;
  /** Off unless given: some routers die of a PING. */
  readonly ping?: PingOptions;
  /**
   * Octets that the peer's system neither acknowledges nor takes for this long, while nothing comes from it, end the
   * connection with `connection_timed_out`. TCP keepalive does not see that, and a PING may not be allowed. Linux only.
   * Default 30 s.
   */
  readonly userTimeout?: number | false;
  /** `send` returns false above this many queued octets. Default 256 KiB. */
  readonly highWaterMark?: number;
  /** A peer for which more than this is queued is dropped with `send_queue_full`. Default 16 MiB. */
  readonly maxBuffered?: number;
  /** How long `close` waits for the peer to take what is queued and to end its side. Default 5 s. */
  readonly closeTimeout?: number;
  /** Send payloads of exactly 2^24 octets with the 25th length bit. Default false: only Pinion reads it. */
  readonly allowLengthBit?: boolean;
}

export interface ConnectRawSocketOptions extends ConnectionSettings {
  /** Default `localhost`, unless `path` is given. */
  readonly host?: string;
  readonly port?: number;
  /** A Unix socket, instead of host and port. */
  readonly path?: string;
  readonly tls?: ConnectionOptions;
  /** 1 to 15. */
  readonly serializer: number;
  /** Name look-up, TCP and TLS together. Default 10 s. */
  readonly connectTimeout?: number;
  readonly signal?: AbortSignal;
}

export interface AcceptRawSocketOptions extends ConnectionSettings {
  /** The codes offered. Without handshake exactly one. */
  readonly serializers: readonly number[];
  /** Octets that were read from the socket before it was handed over. */
  readonly head?: Uint8Array;
  /** Answer a well-formed request with error 4. */
  readonly refuse?: "connection_count";
  /** Clients that receive less are refused with error 2. Default 512: everybody is served. */
  readonly minSend?: number;
}

export interface ListenRawSocketOptions extends Omit<AcceptRawSocketOptions, "head" | "refuse"> {
  /** Default `127.0.0.1`. */
  readonly host?: string;
  readonly port?: number;
  /** A Unix socket, instead of host and port. A file left behind by a dead process is replaced. */
  readonly path?: string;
  /** Permissions of the Unix socket's file. Default 0o600: only its owner may connect. */
  readonly mode?: number;
  readonly tls?: TlsOptions;
  /** Default 1024. One more is refused with error 4. */
  readonly maxConnections?: number;
  /** Each connection whose handshake succeeded; call `start` in the same turn. */
  onConnection(connection: RawSocketConnection): void;
  /** A connection that never became one, or a fault of the listening socket. */
  onError?(error: FramingError, remote?: RawSocketRemote): void;
}

export const DEFAULTS = {
  maxReceive: 2 ** 24,
  connectTimeout: 10_000,
  handshakeTimeout: 10_000,
  keepAlive: 15_000,
  userTimeout: 30_000,
  highWaterMark: 256 * 1024,
  maxBuffered: 16 * 1024 * 1024,
  closeTimeout: 5_000,
  pingTimeout: 10_000,
  maxConnections: 1024,
} as const;
