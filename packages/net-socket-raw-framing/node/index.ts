/** The raw socket over TCP, TLS and Unix sockets of Node. */
export type { RawSocketConnection, RawSocketHandlers, RawSocketRemote, RunHandlers } from "./raw-socket-connection.ts";
export type {
  AcceptRawSocketOptions,
  ConnectRawSocketOptions,
  ConnectionSettings,
  Handshake,
  ListenRawSocketOptions,
  PingOptions,
} from "./options.ts";
export { acceptRawSocket } from "./accept.ts";
export { connectRawSocket } from "./connect.ts";
export { isTlsSocket } from "./remote.ts";
export { listenRawSocket, type RawSocketServer } from "./listen.ts";
