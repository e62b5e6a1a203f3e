/** What the two ends of an open raw socket look like to the rooms above. The words of the contract, no code. */
import type { Socket } from "node:net";
import type { FramingError, TakesMessage } from "../index.ts";

export interface RawSocketHandlers {
  /**
   * One whole message. `payload` stays valid after the call; a small one that is kept for long should be copied. It may be
   * written over, as may the `room` octets before it in its buffer.
   */
  onMessage(payload: Uint8Array, room: number): void;
  /** Called once, last, never from inside a call of the connection. Without `error` the end was clean or asked for. */
  onClose(error?: FramingError): void;
  /** After `send` or `sendFrame` returned false: at most half the high-water mark is left, go on. */
  onDrain?(): void;
}

/** Takes messages that came side by side as they lie. */
export interface RunHandlers {
  /** Asked of each whole message in its turn, of one that is refused perhaps twice: whether it belongs to the run. */
  readonly takes: TakesMessage;
  /** The frames of all that were taken, instead of `onMessage`. Valid during the call: copy what is kept. */
  onRun(frames: Uint8Array): void;
}

export interface RawSocketRemote {
  readonly address: string | undefined;
  readonly port: number | undefined;
  /** The peer is on this host: loopback address or Unix socket. */
  readonly local: boolean;
  readonly tls: boolean;
}

export interface RawSocketConnection {
  /** The agreed serializer code; on a raw socket without handshake the configured one. */
  readonly serializer: number;
  /** Payload octets the peer receives at most, inclusive. */
  readonly maxSend: number;
  /** Payload octets this side receives at most, inclusive. */
  readonly maxReceive: number;
  readonly remote: RawSocketRemote;
  /** For what only it knows, such as TLS's certificates and channel bindings. Whoever reads or writes it breaks the connection. */
  readonly socket: Socket;
  /** Octets queued and not yet taken by the kernel. */
  readonly bufferedAmount: number;
  /** The peer has sent a PING or a PONG, or `expectPongs` was called. */
  readonly answersPings: boolean;

  /** Starts delivery; to be called once. Frames that came glued to the handshake are delivered first. */
  start(handlers: RawSocketHandlers): void;
  /**
   * Queues one message; the octets belong to the connection until they are sent. False: over the high-water mark, wait
   * for `onDrain` (it is queued all the same). After close or abort it is ignored and false.
   * @throws FramingError `message_too_long`, `length_bit_not_allowed`: nothing was queued.
   */
  send(payload: Uint8Array): boolean;
  /**
   * The same for a frame that is built already (`encodeFrame`), so that one message to many peers is framed once. It is not
   * copied: nobody may change it any more. Frames that lie side by side in one buffer leave as one piece.
   * @throws FramingError `bad_frame` and the codes of `send`.
   */
  sendFrame(frame: Uint8Array): boolean;
  /** From now on messages that came side by side go to `runs` first; those that it does not take go to `onMessage`, in order. */
  passRuns(runs: RunHandlers): void;
  /**
   * Queues a copy of whole MESSAGE frames that lie side by side, as `onRun` gets them.
   * @throws FramingError `bad_frame` if they are no such frames, or one of them is over the peer's limit: nothing was queued.
   */
  sendRun(frames: Uint8Array): boolean;
  /** Stops reading: no `onMessage` until `resume`, and the peer feels it once the kernel's buffers are full. */
  pause(): void;
  resume(): void;
  /**
   * Round trip in milliseconds. Without payload eight octets of its own are sent. A lost answer rejects with
   * `ping_timeout` and leaves the connection open.
   * Rejects with FramingError `ping_unsupported`, `too_many_pings`, `ping_timeout`, `connection_closed`, or why it ended.
   */
  ping(payload?: Uint8Array): Promise<number>;
  /** Says that this peer is of a kind that answers PINGs, for a regular one that waits for that (`towards: "proven"`). */
  expectPongs(): void;
  /** Sends what is queued, then ends. `onClose` follows, without error unless the peer will not take it in time. */
  close(): void;
  /** Drops the connection and what is queued, now. `onClose` follows, with `error` if one was given. */
  abort(error?: Error): void;
}
