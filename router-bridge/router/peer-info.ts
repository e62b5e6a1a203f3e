/**
 * What a listener knows about a connection before anything was said on it. It decides who may join without credentials,
 * so `local` and `tls` must be facts about the socket and never something the peer claimed.
 */
export interface PeerInfo {
  readonly transport: "raw-socket" | "websocket" | "long-poll" | "memory";
  /** True for a loopback address, a Unix socket or a peer inside this process. */
  readonly local: boolean;
  /** True if the bytes were encrypted on their way here. */
  readonly tls: boolean;
  /** For people and logs: `127.0.0.1:50412`, `/run/pinion.sock`. */
  readonly address?: string | undefined;
}
