import type { Serializer } from "@pinion/wamp/serializer";
import type { RunHandlers } from "net-socket-raw-framing/node";
import type { Encoded } from "./encoded.ts";
import type { PeerInfo } from "./router/index.ts";

/** Why a connection is being closed, for the peer (where its transport has words) and for the log. */
export interface Farewell {
  /** The WebSocket close code; other transports have none. */
  readonly code: number;
  readonly words: string;
}

export interface LinkHandlers {
  /**
   * One whole message as it came. With `room` nobody else reads it, nor so many octets before it in its buffer: both may be
   * written over.
   */
  onMessage(octets: Uint8Array, room?: number): void;
  /** The transport carried something that WAMP does not allow on it, such as text where binary was agreed. */
  onViolation(words: string): void;
  /** After `send` returned false: go on. */
  onDrain(): void;
  /** Once, last, never from inside a call of the link. */
  onClose(words: string): void;
}

/**
 * One connection that carries whole WAMP messages as octets, whatever the transport, towards a client or an upstream
 * router. It knows no message; who joins two of them is a relay, who hands them to the router is the host.
 */
export interface Link {
  readonly serializer: Serializer;
  readonly info: PeerInfo;
  /** Octets of one message that the peer takes at most, inclusive. */
  readonly maxSend: number;
  /** Octets queued and not yet taken by the kernel. */
  readonly bufferedAmount: number;
  start(handlers: LinkHandlers): void;
  /** Queues one message of at most `maxSend` octets. False: over the high-water mark (it is queued all the same). */
  send(encoded: Encoded): boolean;
  /**
   * From now on messages that came side by side go to `runs` first, in the frames of a raw socket; those that it does not take
   * come one by one. Only from a raw socket.
   */
  passRuns?(runs: RunHandlers): void;
  /**
   * As `send`, for what `onRun` got from a link with the same serializer: no message may be over `maxSend`, or over 65,535 octets.
   * Only to a raw socket, or from the server's side to a WebSocket without batches.
   */
  sendRun?(frames: Uint8Array): boolean;
  /** Stops reading, so that the peer feels it. */
  pause(): void;
  resume(): void;
  /** Sends what is queued, then ends; gives up after a few seconds. `onClose` follows. */
  close(farewell: Farewell): void;
  /** Drops the connection and what is queued. `onClose` follows. */
  abort(words: string): void;
}
