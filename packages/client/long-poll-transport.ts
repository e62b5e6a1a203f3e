/**
 * A Transport over long-poll (spec, "HTTP Longpoll"): one request at a time carries messages there, one is held open until
 * there are messages back. Owns what waits to be sent, and the two conversations; how requests travel is another file's.
 */
import {
  ApplicationError,
  ErrorUri,
  type Message,
  noPayload,
  ProtocolViolation,
  type Transport,
  type TransportHandlers,
} from "@pinion/wamp";
import { Batch, type Serializer, type SerializerName } from "@pinion/wamp/serializer";
import type { HttpPost } from "./http-post.ts";

export interface LongPollTransportOptions {
  readonly url: string;
  readonly local: boolean;
  readonly serializer: Serializer;
  readonly batched: boolean;
  /** The path of this transport below the one of long-poll: `/<transport>`. */
  readonly path: string;
  /** Octets of one message, both ways. */
  readonly maxMessageSize: number;
  readonly highWaterMark: number;
  /** A router that answers no request for this long is gone, ms; it has to be longer than a receive is held open. */
  readonly deadAfter: number | undefined;
}

const TYPES: Readonly<Record<SerializerName, string>> = {
  json: "application/json",
  msgpack: "application/x-msgpack",
  cbor: "application/cbor",
};
/** How long the last words may take. */
const PARTING_MS = 5000;
/** A receive that ends at once and empty must not become a flood of requests. */
const SHORT_MS = 100;
const BREATH_MS = 250;
const GONE = new Set([404, 410]);

export class LongPollTransport implements Transport {
  readonly serializer: SerializerName;
  readonly url: string;
  readonly local: boolean;
  readonly #http: HttpPost;
  readonly #options: LongPollTransportOptions;
  readonly #batch: Batch | undefined;
  readonly #abandon = new AbortController();
  #handlers: TransportHandlers | undefined;
  #queue: Uint8Array[] = [];
  #octets = 0;
  #sending = false;
  #pressed = false;
  #phase: "open" | "closing" | "closed" = "open";

  constructor(http: HttpPost, options: LongPollTransportOptions) {
    this.#http = http;
    this.#options = options;
    this.serializer = options.serializer.name;
    this.url = options.url;
    this.local = options.local;
    const limits = { messages: Infinity, octets: Math.min(65_536, options.maxMessageSize) };
    this.#batch = options.batched ? new Batch(options.serializer, limits) : undefined;
  }

  start(handlers: TransportHandlers): void {
    this.#handlers = handlers;
    void this.#receive();
  }

  send(message: Message): boolean {
    if (this.#phase !== "open") return true;
    const { serializer, maxMessageSize, highWaterMark } = this.#options;
    const bytes = serializer.marshal(message);
    const limit = maxMessageSize - (this.#batch?.overhead ?? 0);
    if (bytes.length > limit) {
      const text = `the ${message.type} takes ${bytes.length} octets, the limit is ${limit}`;
      throw new ApplicationError(ErrorUri.payloadSizeExceeded, [text]);
    }
    this.#queue.push(bytes);
    this.#octets += bytes.length;
    if (this.#octets > highWaterMark) this.#pressed = true;
    if (!this.#sending) void this.#pump();
    return !this.#pressed;
  }

  close(): void {
    if (this.#phase !== "open") return;
    this.#phase = "closing";
    if (!this.#sending) void this.#pump();
  }

  abort(error?: Error): void {
    if (this.#phase === "closed") return;
    void this.#part();
    this.#finish(error);
  }

  /** Sends what waits, one request after the other; then the last words, if this end closes. */
  async #pump(): Promise<void> {
    this.#sending = true;
    try {
      // what is sent in this turn travels together
      await Promise.resolve();
      while (this.#queue.length > 0 && this.#phase !== "closed") await this.#sendNext();
    } catch (error) {
      this.#fail(error);
    }
    this.#sending = false;
    if (this.#phase !== "closing") return;
    // the answer to a pending receive is of no interest any more
    await this.#part();
    this.#finish(undefined);
  }

  async #sendNext(): Promise<void> {
    const { path, serializer, deadAfter, highWaterMark } = this.#options;
    const body = this.#next();
    const type = TYPES[serializer.name];
    const { signal } = this.#abandon;
    const answer = await this.#http.post(`${path}/send`, { body, type, signal, timeout: deadAfter });
    if (answer.status < 200 || answer.status > 299) {
      const words = new TextDecoder().decode(answer.body.subarray(0, 500)).trim();
      throw new Error(`the router refused what was sent (HTTP ${answer.status}): ${words}`);
    }
    if (!this.#pressed || this.#octets * 2 > highWaterMark) return;
    this.#pressed = false;
    this.#handlers?.onDrain?.();
  }

  #next(): Uint8Array {
    let count = 0;
    let body: Uint8Array | undefined;
    for (const bytes of this.#queue) {
      body = this.#batch === undefined ? bytes : this.#batch.add(bytes);
      if (body !== undefined && this.#batch !== undefined) break;
      count += 1;
      if (body !== undefined) break;
    }
    if (this.#batch !== undefined) {
      const last = this.#batch.take();
      // a full batch leaves the message that it has no room for to the next one
      body ??= last;
    }
    for (const bytes of this.#queue.splice(0, count)) this.#octets -= bytes.length;
    return body ?? new Uint8Array(0);
  }

  async #receive(): Promise<void> {
    const { path, deadAfter } = this.#options;
    try {
      while (this.#phase !== "closed") {
        const asked = performance.now();
        const { signal } = this.#abandon;
        const { status, body } = await this.#http.post(`${path}/receive`, { signal, timeout: deadAfter });
        if (GONE.has(status)) return this.#finish(undefined);
        if (status < 200 || status > 299) throw new Error(`the router refused to tell its messages (HTTP ${status})`);
        if (body.length > 0) this.#take(body);
        else if (performance.now() - asked < SHORT_MS) await breath();
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #take(body: Uint8Array): void {
    const messages = this.#attempt(() => this.#batch?.split(body) ?? [body]);
    for (const bytes of messages ?? []) {
      const message = this.#attempt(() => this.#options.serializer.parse(bytes));
      if (!message || this.#phase === "closed") return;
      this.#handlers?.onMessage(message);
    }
  }

  #attempt<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      this.#violated(error instanceof ProtocolViolation ? error : new ProtocolViolation(String(error)));
      return undefined;
    }
  }

  /** The peer broke the protocol: ABORT, then the end (spec "Protocol Violations"). */
  #violated(violation: ProtocolViolation): void {
    const details = { message: violation.message };
    const bytes = this.#options.serializer.marshal({
      type: "ABORT",
      details,
      reason: violation.reason,
      payload: noPayload,
    });
    this.#batch?.add(bytes);
    const body = this.#batch?.take() ?? bytes;
    const { path } = this.#options;
    const told = this.#http.post(`${path}/send`, { body, timeout: PARTING_MS, parting: true });
    void told.catch(() => undefined).then(async () => this.#part());
    this.#finish(violation);
  }

  async #part(): Promise<void> {
    try {
      await this.#http.post(`${this.#options.path}/close`, { timeout: PARTING_MS, parting: true });
    } catch {
      // The router finds out by itself.
    }
  }

  #fail(error: unknown): void {
    if (this.#phase === "closed") return;
    void this.#part();
    this.#finish(error instanceof Error ? error : new Error(String(error)));
  }

  #finish(error: Error | undefined): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.#queue = [];
    this.#abandon.abort();
    this.#http.destroy();
    this.#handlers?.onClose(error);
  }
}

function breath(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, BREATH_MS));
}
