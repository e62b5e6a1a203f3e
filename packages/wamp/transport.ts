/**
 * What a session needs of a connection: whole messages in order, and to be told when it ends. One WAMP session per
 * transport. Sockets, framing and handshakes are behind it; linked in-memory transports implement it too.
 */
import type { ChannelBindingType } from "./auth/cryptosign.ts";
import type { Message } from "./message.ts";
import type { SerializerName } from "./serializer/serializer.ts";

export interface TransportHandlers {
  onMessage(message: Message): void;
  /** Called once, last. `error` is absent when the end was asked for or clean. */
  onClose(error?: Error): void;
  /** Called after `send` returned false, when sending may go on. */
  onDrain?(): void;
}

export interface Transport {
  readonly serializer: SerializerName;
  /** For people and logs: `rs://127.0.0.1:8080`, `ws://...`. */
  readonly url: string;
  /** True for a peer on the same host (loopback, Unix socket, in memory). */
  readonly local: boolean;
  /** 32 octets that both ends of a TLS connection know and nobody between them; undefined where there are none of that kind. */
  channelId?(type: ChannelBindingType): Uint8Array | undefined;
  /** Starts delivery; must be called once, in the same turn in which the transport was handed over. */
  start(handlers: TransportHandlers): void;
  /**
   * Queues one message. False: over the high-water mark, wait for `onDrain` (the message is queued all the same).
   * After close it is ignored. @throws PayloadSizeExceeded (an ApplicationError) if it is over the peer's limit: nothing was sent.
   */
  send(message: Message): boolean;
  /** Sends what is queued, then ends. `onClose` follows. */
  close(): void;
  /** Drops the connection now. `onClose` follows. */
  abort(error?: Error): void;
}

/** Opens one connection. Rejects with a named error; honours the signal. */
export type Connector = (signal: AbortSignal) => Promise<Transport>;
