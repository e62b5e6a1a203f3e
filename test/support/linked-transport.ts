/**
 * Two transports in memory, joined back to back: what one sends, the other gets, in order, never from inside `send`.
 * Messages are passed as objects. Owns both queues; the high-water mark is a count of undelivered messages.
 */
import type { Message, Transport, TransportHandlers } from "@pinion/wamp";

export interface LinkedOptions {
  readonly url?: string;
  /** Undelivered messages above which `send` answers false. Default 1 000. */
  readonly highWater?: number;
}

export class LinkedTransport implements Transport {
  readonly serializer = "json";
  readonly local = true;
  readonly url: string;
  readonly #highWater: number;
  #peer: LinkedTransport | undefined;
  #handlers: TransportHandlers | undefined;
  #inbox: Message[] = [];
  #ended: { error: Error | undefined } | undefined;
  #told = false;
  #scheduled = false;
  #paused = false;
  #full = false;
  #refusal: Error | undefined;

  private constructor(options: LinkedOptions) {
    this.url = options.url ?? "memory:";
    this.#highWater = options.highWater ?? 1_000;
  }

  static pair(options: LinkedOptions = {}): [LinkedTransport, LinkedTransport] {
    const one = new LinkedTransport(options);
    const other = new LinkedTransport(options);
    one.#peer = other;
    other.#peer = one;
    return [one, other];
  }

  /** This side stops taking messages, as a peer that does not read. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#schedule();
  }

  /** The next `send` of this side throws, as for a message over the peer's limit. */
  refuseNext(error: Error): void {
    this.#refusal = error;
  }

  start(handlers: TransportHandlers): void {
    this.#handlers = handlers;
    this.#schedule();
  }

  send(message: Message): boolean {
    const refusal = this.#refusal;
    this.#refusal = undefined;
    if (refusal) throw refusal;
    const peer = this.#peer;
    if (!peer || this.#ended) return true;
    peer.#inbox.push(message);
    peer.#schedule();
    if (peer.#inbox.length <= this.#highWater) return true;
    peer.#full = true;
    return false;
  }

  close(): void {
    this.#end(undefined, undefined);
  }

  abort(error?: Error): void {
    const peer = this.#peer;
    if (peer) peer.#inbox = [];
    this.#inbox = [];
    this.#end(error, new Error("connection reset by the peer"));
  }

  #end(mine: Error | undefined, theirs: Error | undefined): void {
    const peer = this.#peer;
    this.#ended ??= { error: mine };
    if (peer) peer.#ended ??= { error: theirs };
    this.#schedule();
    if (peer) peer.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    const handlers = this.#handlers;
    if (!handlers || this.#told) return;
    while (!this.#paused && this.#inbox.length > 0) {
      const message = this.#inbox.shift();
      if (message) handlers.onMessage(message);
    }
    if (this.#full && this.#inbox.length === 0 && !this.#ended) {
      this.#full = false;
      const handlersOfSender = this.#peer ? this.#peer.#handlers : undefined;
      handlersOfSender?.onDrain?.();
    }
    if (this.#ended && this.#inbox.length === 0 && !this.#told) {
      this.#told = true;
      handlers.onClose(this.#ended.error);
    }
  }
}
