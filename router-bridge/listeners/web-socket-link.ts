/**
 * One WebSocket seen as a link, on the server's or the client's side. Owns its outbox and its signs of life. On the
 * server's side frames are written beside `ws`, which frames for one receiver only; `ws` keeps pings, closing and reading.
 */
import type { Socket } from "node:net";
import type { RawData, WebSocket } from "ws";
import { ProtocolViolation } from "@pinion/wamp";
import type { Batch, Serializer } from "@pinion/wamp/serializer";
import type { Encoded } from "../encoded.ts";
import type { Farewell, Link, LinkHandlers } from "../link.ts";
import type { PeerInfo } from "../router/index.ts";
import { HIGH_WATER, Outbox } from "./outbox.ts";
import { webSocketFrame, webSocketFrames } from "./web-socket-frame.ts";

/** RFC 6455, 5.5: a close frame carries at most 125 octets, two of them the code. */
const MAX_REASON_OCTETS = 123;

export interface WebSocketLinkParts {
  readonly webSocket: WebSocket;
  readonly socket: Socket;
  readonly serializer: Serializer;
  readonly info: PeerInfo;
  /** A client masks what it sends, so its frames cannot be shared. */
  readonly side: "server" | "client";
  /** Milliseconds that the peer may take to accept what is queued and to answer the close frame. */
  readonly closeTimeout: number;
  /** On the server's side, where a `.batched` subprotocol was agreed on. */
  readonly batch?: Batch | undefined;
}

export class WebSocketLink implements Link {
  readonly serializer: Serializer;
  readonly info: PeerInfo;
  readonly maxSend = Number.POSITIVE_INFINITY;
  /** Not where each message is masked, or put into a batch. */
  readonly sendRun?: (frames: Uint8Array) => boolean;
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;
  readonly #outbox: Outbox | undefined;
  readonly #batch: Batch | undefined;
  readonly #closeTimeout: number;
  #batchDue: NodeJS.Immediate | undefined;
  #farewell: string | undefined;
  #fault: string | undefined;
  #closeTimer: NodeJS.Timeout | undefined;
  #pressed = false;
  #onDrain = (): void => undefined;

  constructor({ webSocket, socket, serializer, info, side, batch, closeTimeout }: WebSocketLinkParts) {
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.serializer = serializer;
    this.info = info;
    this.#batch = batch;
    this.#closeTimeout = closeTimeout;
    if (side === "client") return;
    const outbox = new Outbox(socket);
    this.#outbox = outbox;
    if (batch === undefined) this.sendRun = (frames) => this.#sendRun(outbox, frames);
  }

  get bufferedAmount(): number {
    return (this.#outbox?.bufferedAmount ?? this.#webSocket.bufferedAmount) + (this.#batch?.octets ?? 0);
  }

  start(handlers: LinkHandlers): void {
    const webSocket = this.#webSocket;
    webSocket.on("message", (data, isBinary) => this.#receive(handlers, data, isBinary));
    webSocket.on("error", (error) => (this.#fault ??= error.message));
    webSocket.on("close", (code, reason) => {
      clearTimeout(this.#closeTimer);
      handlers.onClose(this.#farewell ?? this.#fault ?? describeClose(code, reason.toString()));
    });
    this.#onDrain = () => handlers.onDrain();
    this.#socket.on("drain", () => this.#relieve());
  }

  send(encoded: Encoded): boolean {
    if (!this.#takes) return false;
    let free: boolean;
    if (this.#outbox === undefined) {
      this.#webSocket.send(encoded.octets, { binary: this.serializer.binary });
      free = this.#webSocket.bufferedAmount <= HIGH_WATER;
    } else if (this.#batch === undefined) {
      free = this.#outbox.add(encoded.webSocketFrame);
    } else {
      this.#addFrame(this.#batch.add(encoded.octets));
      this.#batchDue ??= setImmediate(() => this.#flushBatch());
      free = this.bufferedAmount <= HIGH_WATER;
    }
    if (!free) this.#press();
    return free;
  }

  get #takes(): boolean {
    return this.#farewell === undefined && this.#webSocket.readyState === this.#webSocket.OPEN;
  }

  #sendRun(outbox: Outbox, frames: Uint8Array): boolean {
    if (!this.#takes) return false;
    const free = outbox.add(webSocketFrames(frames, this.serializer.binary));
    if (!free) this.#press();
    return free;
  }

  /** The kernel may take all of it at once, and then no `drain` follows: looked at after the outbox has been flushed. */
  #press(): void {
    this.#pressed = true;
    setImmediate(() => {
      if (this.#pressed && !this.#socket.writableNeedDrain) this.#relieve();
    });
  }

  #relieve(): void {
    if (!this.#pressed) return;
    this.#pressed = false;
    this.#onDrain();
  }

  pause(): void {
    this.#webSocket.pause();
  }

  resume(): void {
    this.#webSocket.resume();
  }

  close({ code, words }: Farewell): void {
    if (this.#farewell !== undefined) return;
    this.#farewell = words;
    this.#flushBatch();
    // a paused socket would never read the answer to the close frame
    this.#webSocket.resume();
    this.#webSocket.close(code, cut(words));
    this.#closeTimer = setTimeout(() => this.#webSocket.terminate(), this.#closeTimeout);
  }

  abort(words: string): void {
    this.#farewell ??= words;
    this.#webSocket.terminate();
  }

  /** Octets that came. A peer for which it stands still, though asked by `ping`, is gone. */
  get received(): number {
    return this.#socket.bytesRead;
  }

  /** While octets wait in this process, how many the kernel has taken, else 0: growth means that the peer makes room. */
  get taken(): number {
    const { bytesWritten, writableLength } = this.#socket;
    return writableLength > 0 ? bytesWritten - writableLength : 0;
  }

  get paused(): boolean {
    return this.#webSocket.isPaused;
  }

  ping(): void {
    if (this.#webSocket.readyState === this.#webSocket.OPEN) this.#webSocket.ping();
  }

  /** Messages of one turn of the event loop leave as one. */
  #flushBatch(): void {
    if (this.#batchDue !== undefined) clearImmediate(this.#batchDue);
    this.#batchDue = undefined;
    this.#addFrame(this.#batch?.take());
    this.#outbox?.flush();
  }

  #addFrame(batch: Uint8Array | undefined): void {
    if (batch !== undefined) this.#outbox?.add(webSocketFrame(batch, this.serializer.binary));
  }

  #receive(handlers: LinkHandlers, data: RawData, isBinary: boolean): void {
    if (this.#farewell !== undefined) return;
    if (isBinary !== this.serializer.binary) {
      const [wanted, got] = isBinary ? ["text", "a binary one"] : ["binary", "a text one"];
      return handlers.onViolation(`${this.serializer.subprotocol} travels in ${wanted} messages, ${got} came`);
    }
    for (const message of this.#split(octetsOf(data), handlers)) {
      if (this.#farewell === undefined) handlers.onMessage(message);
    }
  }

  #split(octets: Uint8Array, handlers: LinkHandlers): readonly Uint8Array[] {
    try {
      return this.#batch?.split(octets) ?? [octets];
    } catch (error) {
      if (!(error instanceof ProtocolViolation)) throw error;
      handlers.onViolation(error.message);
      return [];
    }
  }
}

function octetsOf(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}

function describeClose(code: number, reason: string): string {
  if (code === 1006) return "the WebSocket was lost without a close frame";
  return `the peer closed the WebSocket with ${String(code)}${reason === "" ? "" : `: ${reason}`}`;
}

/** At most 123 octets of UTF-8, cut between characters. */
function cut(words: string): string {
  // no character takes less than an octet; the words may be a peer's, as long as a message can be
  let text = words.slice(0, MAX_REASON_OCTETS);
  while (Buffer.byteLength(text) > MAX_REASON_OCTETS) text = text.slice(0, -1);
  return text.isWellFormed() ? text : text.slice(0, -1);
}
