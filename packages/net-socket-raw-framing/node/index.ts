/** The raw socket over TCP, TLS and Unix sockets of Node. */
export type { RawSocketConnection, RawSocketHandlers, RawSocketRemote } from "./raw-socket-connection.ts";
export type {
  AcceptRawSocketOptions,
  ConnectRawSocketOptions,
  ConnectionSettings,
  Handshake,
  ListenRawSocketOptions,
  PingOptions,
} from "./options.ts";
