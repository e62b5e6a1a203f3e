/**
 * PINGs under way and, if asked for, the regular one. Owns their timers; decides from silence that a peer is lost.
 * Knows nothing of sockets: it is told what was received and sends through a function.
 */
import { FramingError } from "../index.ts";
import type { PingOptions } from "./options.ts";

export interface PingContext {
  /** Sends one PING frame. May throw a FramingError. */
  send(payload: Uint8Array): void;
  /** Octets received so far; any growth is a sign of life. */
  received(): number;
  /** True while this side does not read: silence then says nothing about the peer. */
  deaf(): boolean;
  onLost(error: FramingError): void;
}

interface Waiting {
  readonly payload: Uint8Array;
  readonly sentAt: number;
  readonly timer: NodeJS.Timeout;
  resolve(milliseconds: number): void;
  reject(error: FramingError): void;
}

const MOST_WAITING = 16;

export class Pings {
  readonly #context: PingContext;
  readonly #regular: PingOptions | undefined;
  readonly #timeout: number;
  readonly #waiting = new Set<Waiting>();
  #beat: NodeJS.Timeout | undefined;
  #count = 0;
  #ended: FramingError | undefined;

  constructor(context: PingContext, timeout: number, regular: PingOptions | undefined) {
    this.#context = context;
    this.#timeout = timeout;
    this.#regular = regular;
  }

  start(): void {
    if (this.#regular === undefined || this.#ended !== undefined) return;
    this.#beat = setTimeout(() => {
      void this.#check(this.#regular?.timeout ?? this.#timeout);
    }, this.#regular.interval);
  }

  async ping(payload?: Uint8Array): Promise<number> {
    return this.#ask(payload ?? this.#ownPayload(), this.#timeout);
  }

  /** Takes a PONG. One that answers no PING of ours is ignored. */
  answered(payload: Uint8Array): void {
    for (const one of this.#waiting) {
      if (!sameOctets(one.payload, payload)) continue;
      this.#waiting.delete(one);
      clearTimeout(one.timer);
      one.resolve(performance.now() - one.sentAt);
      return;
    }
  }

  stop(error: FramingError): void {
    this.#ended = error;
    clearTimeout(this.#beat);
    for (const one of this.#waiting) {
      clearTimeout(one.timer);
      one.reject(error);
    }
    this.#waiting.clear();
  }

  #ask(payload: Uint8Array, timeout: number): Promise<number> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    if (this.#waiting.size >= MOST_WAITING) {
      const words = `${String(MOST_WAITING)} PINGs are unanswered already: wait for them`;
      return Promise.reject(new FramingError("too_many_pings", words));
    }
    return new Promise((resolve, reject) => {
      // A copy: the caller may reuse its buffer, and the answer is compared with what was sent.
      const sent = Uint8Array.from(payload);
      this.#context.send(sent);
      const timer = setTimeout(() => {
        this.#waiting.delete(one);
        reject(new FramingError("ping_timeout", `no PONG within ${String(timeout)} ms`));
      }, timeout);
      const one: Waiting = { payload: sent, sentAt: performance.now(), timer, resolve, reject };
      this.#waiting.add(one);
    });
  }

  async #check(timeout: number): Promise<void> {
    const before = this.#context.received();
    try {
      await this.#ask(this.#ownPayload(), timeout);
    } catch (error) {
      const lost = error instanceof FramingError && error.code === "ping_timeout";
      const silent = this.#context.received() === before && !this.#context.deaf();
      if (lost && silent) {
        const words = `the peer sent nothing for ${String(timeout)} ms after a PING: it is gone or does not answer PINGs`;
        this.#context.onLost(new FramingError("ping_timeout", words));
        return;
      }
    }
    this.start();
  }

  #ownPayload(): Uint8Array {
    this.#count += 1;
    const payload = new Uint8Array(8);
    new DataView(payload.buffer).setFloat64(0, this.#count);
    return payload;
  }
}

function sameOctets(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, at) => octet === b[at]);
}
