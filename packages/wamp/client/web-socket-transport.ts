/**
 * A Transport over one open WebSocket, of a browser or of anything that looks like it. Owns what arrives before `start`,
 * and the watch on `bufferedAmount`, which is the only sign of congestion that a WebSocket gives. Knows no session.
 */
import type { ChannelBindingType } from "../auth/cryptosign.ts";
import { ErrorUri } from "../error-uri.ts";
import { ApplicationError, ProtocolViolation } from "../errors.ts";
import type { Message } from "../message.ts";
import { noPayload } from "../payload.ts";
import type { Batch, Serializer, SerializerName } from "../serializer/index.ts";
import type { Transport, TransportHandlers } from "../transport.ts";
import { after } from "./alarm.ts";
import type { Timers } from "./client-options.ts";
import { describeError } from "./describe-error.ts";

/** What is used of a WebSocket. The global of browsers and Node fits, and the class of the package `ws`. */
export interface WebSocketLike {
  binaryType: string;
  readonly bufferedAmount: number;
  readonly protocol: string;
  send(data: string | Uint8Array): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: "close", listener: (event: CloseEventLike) => void): void;
  addEventListener(type: "open" | "error", listener: () => void): void;
}

interface CloseEventLike {
  readonly code: number;
  readonly reason: string;
}

export interface WebSocketTransportOptions {
  readonly url: string;
  readonly local: boolean;
  readonly serializer: Serializer;
  readonly timers: Timers;
  /** Octets of one message, both ways. */
  readonly maxMessageSize: number;
  /** `send` answers false above so many buffered octets. */
  readonly highWaterMark: number;
  /** Where a `.batched` subprotocol was agreed on: messages of one turn of the event loop travel together. */
  readonly batch?: Batch | undefined;
  /** Drops the connection at once, where the platform can. Default: `close`. */
  readonly terminate?: (() => void) | undefined;
  /** What TLS binds a login to, where the platform tells. */
  readonly channelId?: ((type: ChannelBindingType) => Uint8Array | undefined) | undefined;
}

/** Pages may close with 1000 and 3000 to 4999 only. */
const NORMAL = 1000;
const PROTOCOL_VIOLATION = 4002;
const POLL_MS = 50;

export class WebSocketTransport implements Transport {
  readonly serializer: SerializerName;
  readonly url: string;
  readonly local: boolean;
  readonly #socket: WebSocketLike;
  readonly #options: WebSocketTransportOptions;
  readonly #encoder = new TextEncoder();
  readonly #decoder = new TextDecoder();
  readonly #early: unknown[] = [];
  #handlers: TransportHandlers | undefined;
  #phase: "open" | "closing" | "closed" = "open";
  #end: { error: Error | undefined } | undefined;
  #cancelPoll: (() => void) | undefined;

  constructor(socket: WebSocketLike, options: WebSocketTransportOptions) {
    this.#socket = socket;
    this.#options = options;
    this.serializer = options.serializer.name;
    this.url = options.url;
    this.local = options.local;
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", (event) => this.#received(event.data));
    socket.addEventListener("close", (event) => this.#closed(event));
  }

  channelId(type: ChannelBindingType): Uint8Array | undefined {
    return this.#options.channelId?.(type);
  }

  start(handlers: TransportHandlers): void {
    this.#handlers = handlers;
    for (const data of this.#early.splice(0)) this.#received(data);
    if (this.#end) handlers.onClose(this.#end.error);
  }

  send(message: Message): boolean {
    if (this.#phase !== "open") return true;
    const { serializer, maxMessageSize, highWaterMark, batch } = this.#options;
    const bytes = serializer.marshal(message);
    const limit = maxMessageSize - (batch?.overhead ?? 0);
    if (bytes.length > limit) {
      const text = `the ${message.type} takes ${bytes.length} octets, the limit is ${limit}`;
      throw new ApplicationError(ErrorUri.payloadSizeExceeded, [text]);
    }
    if (batch) this.#gather(batch, bytes);
    else this.#write(bytes);
    if (this.#socket.bufferedAmount + (batch?.octets ?? 0) <= highWaterMark) return true;
    this.#cancelPoll ??= after(this.#options.timers, POLL_MS, () => this.#poll());
    return false;
  }

  close(): void {
    if (this.#phase !== "open") return;
    this.#writeBatch();
    this.#phase = "closing";
    this.#socket.close(NORMAL);
  }

  abort(error?: Error): void {
    if (this.#phase === "closed") return;
    if (this.#options.terminate) this.#options.terminate();
    else this.#socket.close(NORMAL);
    this.#finish(error);
  }

  #gather(batch: Batch, bytes: Uint8Array): void {
    if (batch.octets === 0) void Promise.resolve().then(() => this.#writeBatch());
    this.#write(batch.add(bytes));
  }

  #writeBatch(): void {
    if (this.#phase === "open") this.#write(this.#options.batch?.take());
  }

  #write(bytes: Uint8Array | undefined): void {
    if (bytes) this.#socket.send(this.#options.serializer.binary ? bytes : this.#decoder.decode(bytes));
  }

  #received(data: unknown): void {
    if (this.#phase !== "open") return;
    if (!this.#handlers) {
      this.#early.push(data);
      return;
    }
    const messages = this.#attempt(() => this.#split(this.#checked(data)));
    for (const octets of messages ?? []) {
      const message = this.#attempt(() => this.#options.serializer.parse(octets));
      // what a message did may have ended the connection, and with it the rest of its batch
      if (!message || this.#phase !== "open") return;
      this.#handlers.onMessage(message);
    }
  }

  #attempt<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      this.#violated(error instanceof ProtocolViolation ? error : new ProtocolViolation(describeError(error)));
      return undefined;
    }
  }

  #split(bytes: Uint8Array): Uint8Array[] {
    return this.#options.batch?.split(bytes) ?? [bytes];
  }

  #checked(data: unknown): Uint8Array {
    const { serializer, maxMessageSize } = this.#options;
    const bytes = this.#octets(data);
    if (bytes === undefined || serializer.binary !== (typeof data !== "string")) {
      const expected = serializer.binary ? "binary" : "text";
      throw new ProtocolViolation(`${serializer.subprotocol} travels in ${expected} messages`);
    }
    if (bytes.length > maxMessageSize) {
      throw new ProtocolViolation(`a message of ${bytes.length} octets is over the limit of ${maxMessageSize}`);
    }
    return bytes;
  }

  #octets(data: unknown): Uint8Array | undefined {
    if (typeof data === "string") return this.#encoder.encode(data);
    return data instanceof ArrayBuffer ? new Uint8Array(data) : undefined;
  }

  /** The peer broke the protocol: ABORT, then the end (spec "Protocol Violations"). */
  #violated(violation: ProtocolViolation): void {
    try {
      const details = { message: violation.message };
      this.send({ type: "ABORT", details, reason: violation.reason, payload: noPayload });
    } catch {
      // The reason is lost, the end is not.
    }
    this.#writeBatch();
    this.#socket.close(PROTOCOL_VIOLATION, "WAMP protocol violation");
    this.#finish(violation);
  }

  #closed(event: CloseEventLike): void {
    if (this.#phase === "closed") return;
    const asked = this.#phase === "closing";
    const words = event.reason ? `: ${event.reason}` : "";
    const clean = asked || event.code === NORMAL;
    this.#finish(clean ? undefined : new Error(`the WebSocket was closed (${event.code})${words}`));
  }

  #finish(error: Error | undefined): void {
    this.#phase = "closed";
    this.#cancelPoll?.();
    this.#end = { error };
    this.#handlers?.onClose(error);
  }

  #poll(): void {
    this.#cancelPoll = undefined;
    if (this.#phase !== "open") return;
    if (this.#socket.bufferedAmount * 2 <= this.#options.highWaterMark) this.#handlers?.onDrain?.();
    else this.#cancelPoll = after(this.#options.timers, POLL_MS, () => this.#poll());
  }
}
