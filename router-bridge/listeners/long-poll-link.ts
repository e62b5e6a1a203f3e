/**
 * One long-poll transport seen as a link (spec, "HTTP Longpoll"): messages to the peer wait here until it asks for them. Owns
 * that queue, the one pending receive, and the time within which the peer has to ask again. Knows requests only as answers
 * to write; who may make them, and what their bodies may be, is judged before.
 */
import type { ServerResponse } from "node:http";
import { ProtocolViolation } from "@pinion/wamp";
import { Batch, type Serializer } from "@pinion/wamp/serializer";
import type { Encoded } from "../encoded.ts";
import type { Farewell, Link, LinkHandlers } from "../link.ts";
import type { PeerInfo } from "../router/index.ts";
import { HIGH_WATER } from "./outbox.ts";

/** How long the peer may take to fetch what is queued when its session has ended. */
const CLOSE_TIMEOUT_MS = 5000;
/** Of one batch to the peer. */
const BATCH_OCTETS = 1024 * 1024;
const BATCH_MESSAGES = 256;

export const CONTENT_TYPES = {
  json: "application/json",
  msgpack: "application/x-msgpack",
  cbor: "application/cbor",
} as const;

export interface LongPollLinkOptions {
  readonly serializer: Serializer;
  readonly batched: boolean;
  readonly info: PeerInfo;
  /** Messages of one received batch. */
  readonly maxBatch: number;
  /** How long a receive is held open while there is nothing to tell, ms. */
  readonly receiveTimeout: number;
  /** How long the peer may go without asking, ms. */
  readonly idleTimeout: number;
  /** Writes an answer of no body. */
  readonly sayEmpty: (response: ServerResponse, status: number) => void;
  /** Nobody finds this transport any more. */
  readonly onEnd: () => void;
}

export class LongPollLink implements Link {
  readonly serializer: Serializer;
  readonly info: PeerInfo;
  readonly maxSend = Number.POSITIVE_INFINITY;
  readonly #options: LongPollLinkOptions;
  readonly #batch: Batch | undefined;
  #handlers: LinkHandlers | undefined;
  #queue: Uint8Array[] = [];
  #octets = 0;
  #pressed = false;
  #receive: { readonly response: ServerResponse; readonly timer: NodeJS.Timeout } | undefined;
  #due: NodeJS.Immediate | undefined;
  #idle: NodeJS.Timeout | undefined;
  #closeTimer: NodeJS.Timeout | undefined;
  #farewell: string | undefined;
  #ended = false;
  #paused: { readonly gone: Promise<void>; readonly end: () => void } | undefined;

  constructor(options: LongPollLinkOptions) {
    this.#options = options;
    this.serializer = options.serializer;
    this.info = options.info;
    this.#batch = options.batched
      ? new Batch(options.serializer, { messages: options.maxBatch, octets: Infinity })
      : undefined;
    this.#waitForPeer();
  }

  get bufferedAmount(): number {
    return this.#octets;
  }

  /** Why nothing more is taken from the peer; undefined while something is. */
  get farewell(): string | undefined {
    return this.#farewell;
  }

  get ended(): boolean {
    return this.#ended;
  }

  start(handlers: LinkHandlers): void {
    this.#handlers = handlers;
  }

  send(encoded: Encoded): boolean {
    if (this.#farewell !== undefined || this.#ended) return false;
    this.#queue.push(encoded.octets);
    this.#octets += encoded.length;
    // with the rest of this turn, where batches are spoken
    if (this.#due === undefined) {
      this.#due = setImmediate(() => {
        this.#due = undefined;
        this.#answer();
      });
    }
    if (this.#octets > HIGH_WATER) this.#pressed = true;
    return !this.#pressed;
  }

  pause(): void {
    if (this.#paused !== undefined) return;
    let end = (): void => undefined;
    const gone = new Promise<void>((resolve) => (end = resolve));
    this.#paused = { gone, end };
  }

  resume(): void {
    this.#paused?.end();
    this.#paused = undefined;
  }

  close({ words }: Farewell): void {
    if (this.#farewell !== undefined) return;
    this.#farewell = words;
    this.#closeTimer = setTimeout(() => this.#end(), CLOSE_TIMEOUT_MS);
    if (this.#queue.length === 0) this.#end();
  }

  abort(words: string): void {
    this.#farewell ??= words;
    this.#queue = [];
    this.#octets = 0;
    this.#end();
  }

  /** What the peer sent in one request. Resolves when it may send on. */
  async take(octets: Uint8Array): Promise<void> {
    if (this.#receive === undefined) this.#waitForPeer();
    for (const message of this.#split(octets)) {
      if (this.#farewell === undefined) this.#handlers?.onMessage(message);
    }
    await this.#paused?.gone;
  }

  /** The peer asks for messages. A receive that is pending already has lost its asker, and is answered with 409. */
  receive(response: ServerResponse): void {
    this.#release(409);
    clearTimeout(this.#idle);
    const timer = setTimeout(() => this.#release(204), this.#options.receiveTimeout);
    this.#receive = { response, timer };
    response.once("close", () => {
      if (this.#receive?.response !== response) return;
      this.#forgetReceive();
      this.#waitForPeer();
    });
    this.#answer();
  }

  #answer(): void {
    const response = this.#receive?.response;
    if (response === undefined || this.#queue.length === 0) return;
    const body = this.#next();
    this.#forgetReceive();
    this.#waitForPeer();
    response.once("close", () => {
      // the transport promises every message, and nobody can tell whether these arrived
      if (!response.writableFinished) this.abort("the answer to a receive could not be written");
    });
    response.setHeader("Content-Type", CONTENT_TYPES[this.serializer.name]);
    response.setHeader("Content-Length", body.length);
    response.end(body);
    this.#afterAnswer();
  }

  #afterAnswer(): void {
    if (this.#farewell !== undefined && this.#queue.length === 0) return this.#end();
    if (!this.#pressed || this.#octets > HIGH_WATER / 2) return;
    this.#pressed = false;
    this.#handlers?.onDrain();
  }

  /** One message, or with batches all that fits into one. */
  #next(): Uint8Array {
    let count = 0;
    let octets = 0;
    for (const message of this.#queue) {
      if (count > 0 && (this.#batch === undefined || octets + message.length > BATCH_OCTETS)) break;
      count += 1;
      octets += message.length;
      if (count === BATCH_MESSAGES) break;
    }
    const messages = this.#queue.splice(0, count);
    this.#octets -= octets;
    for (const message of messages) this.#batch?.add(message);
    return this.#batch?.take() ?? messages[0] ?? new Uint8Array(0);
  }

  #split(octets: Uint8Array): readonly Uint8Array[] {
    try {
      return this.#batch?.split(octets) ?? [octets];
    } catch (error) {
      if (!(error instanceof ProtocolViolation)) throw error;
      this.#handlers?.onViolation(error.message);
      return [];
    }
  }

  /** Answers the pending receive without messages. */
  #release(status: number): void {
    const response = this.#receive?.response;
    if (response === undefined) return;
    this.#forgetReceive();
    this.#waitForPeer();
    this.#options.sayEmpty(response, status);
  }

  #forgetReceive(): void {
    clearTimeout(this.#receive?.timer);
    this.#receive = undefined;
  }

  #waitForPeer(): void {
    clearTimeout(this.#idle);
    if (this.#ended) return;
    const { idleTimeout } = this.#options;
    const words = `the peer asked for nothing for ${String(idleTimeout)} ms`;
    this.#idle = setTimeout(() => this.abort(words), idleTimeout);
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.onEnd();
    this.#release(410);
    this.resume();
    clearTimeout(this.#idle);
    clearTimeout(this.#closeTimer);
    setImmediate(() => this.#handlers?.onClose(this.#farewell ?? "the peer closed the transport"));
  }
}
