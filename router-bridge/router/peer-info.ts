import type { ChannelBindingType } from "@pinion/wamp";

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
  /** The certificate that the peer showed and holds the key of, if the listener asked for one. */
  readonly certificate?: PeerCertificate | undefined;
  readonly cookie?: PeerCookie | undefined;
  /** 32 octets that both ends of this TLS connection know and nobody between them; undefined where TLS has none of that kind. */
  readonly channelId?: ((type: ChannelBindingType) => Uint8Array | undefined) | undefined;
}

/** The cookie of the browser that opened this WebSocket, where the router gives them. */
export interface PeerCookie {
  /** Who logged in with it before; undefined if nobody did, or it is no longer good. */
  owner(): CookieOwner | undefined;
  /** Lets the browser log in by cookie from now on. */
  grant(owner: CookieOwner): void;
  /** Nobody logs in by it any more. */
  revoke(): void;
}

export interface CookieOwner {
  readonly authid: string;
  readonly realm: string;
  /** Of the account as it was at the login. */
  readonly stamp: string;
}

export interface PeerCertificate {
  /** SHA-256 of its DER form, 64 hexadecimal digits in lower case. */
  readonly fingerprint: string;
  /** Of its subject; undefined unless an authority of the listener vouches for it. */
  readonly commonName: string | undefined;
  /** Why it must not be accepted now. */
  fault(): CertificateFault | undefined;
}

export interface CertificateFault {
  readonly code: "certificate_expired" | "certificate_not_yet_valid" | "certificate_untrusted";
  readonly words: string;
}
