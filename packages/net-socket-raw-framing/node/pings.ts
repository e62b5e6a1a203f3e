/**
 * PINGs under way and, if asked for, the regular one. Owns their timers; decides from silence that a peer is lost, and
 * whether a peer is known to answer: some programs die of a PING, so the regular one may wait for a proof.
 * Knows nothing of sockets: it is told what was received and taken, and sends through a function.
 */
import { FramingError } from "../index.ts";
import type { PingOptions } from "./options.ts";

export interface PingContext {
  /** Sends one PING frame. May throw a FramingError. */
  send(payload: Uint8Array): void;
  /** Octets received so far; any growth is a sign of life. */
  received(): number;
  /** While octets wait in this process, how many the kernel has taken, else 0: growth means that the peer makes room. */
  taken(): number;
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
  #started = false;
  #answers = false;
  #ended: FramingError | undefined;

  constructor(context: PingContext, timeout: number, regular: PingOptions | undefined) {
    this.#context = context;
    this.#timeout = timeout;
    this.#regular = regular;
  }

  /** Whether the peer has shown, or is known, to answer. */
  get answers(): boolean {
    return this.#answers;
  }

  start(): void {
    this.#started = true;
    this.#schedule();
  }

  /** The peer sent a PING or a PONG, or is of a kind that answers. */
  proven(): void {
    if (this.#answers) return;
    this.#answers = true;
    this.#schedule();
  }

  async ping(payload?: Uint8Array): Promise<number> {
    return this.#ask(payload ?? this.#ownPayload(), this.#timeout);
  }

  /** Takes a PONG. One that answers no PING of ours is ignored. */
  answered(payload: Uint8Array): void {
    this.proven();
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

  #schedule(): void {
    const regular = this.#regular;
    if (regular === undefined || !this.#started || this.#ended !== undefined || this.#beat !== undefined) return;
    if (regular.towards === "proven" && !this.#answers) return;
    this.#beat = setTimeout(() => void this.#check(regular.timeout), regular.interval);
  }

  async #check(timeout: number): Promise<void> {
    const received = this.#context.received();
    const taken = this.#context.taken();
    try {
      await this.#ask(this.#ownPayload(), timeout);
    } catch (error) {
      if (error instanceof FramingError && error.code === "ping_timeout") {
        // A process that was itself stopped finds this timer due before it has read what came meanwhile.
        await new Promise((resolve) => setImmediate(resolve));
        await new Promise((resolve) => setImmediate(resolve));
        const silent = this.#context.received() === received;
        const taking = taken > 0 && this.#context.taken() !== taken;
        if (silent && !taking && !this.#context.deaf() && this.#ended === undefined) return this.#lost(timeout);
      }
    }
    this.#beat = undefined;
    this.#schedule();
  }

  #lost(timeout: number): void {
    const words = `the peer sent nothing for ${String(timeout)} ms after a PING: it is gone or does not answer PINGs`;
    this.#context.onLost(new FramingError("ping_timeout", words));
  }

  /** Printable ASCII: there are peers that carry the payload through a text. */
  #ownPayload(): Uint8Array {
    this.#count = (this.#count + 1) % 1e8;
    return new TextEncoder().encode(String(this.#count).padStart(8, "0"));
  }
}

function sameOctets(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, at) => octet === b[at]);
}
