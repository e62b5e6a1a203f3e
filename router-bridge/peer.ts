/**
 * One peer of the embedded router as the outer room sees it: its link, its session, and the bound of its queue. Owns the
 * decision when a slow consumer is too slow. It must not know what a message means, nor any other peer.
 */
import { UsageError } from "@pinion/wamp";
import type { Outgoing } from "./encoded.ts";
import type { Farewell, Link } from "./link.ts";
import type { RouterSession } from "./router/index.ts";

/** What one peer's queue may hold. */
export interface QueueBounds {
  /** Octets; a peer that stays above it for `grace` is disconnected. */
  readonly octets: number;
  /** Milliseconds. */
  readonly grace: number;
  /** Octets; a peer above it is disconnected at once. */
  readonly hardOctets: number;
}

/** What became of one message: `oversize` was not sent; `overflow` says that this peer has to go. */
export type SendOutcome = "queued" | "oversize" | "overflow" | "closed";

export class Peer {
  readonly link: Link;
  readonly #bounds: QueueBounds;
  readonly #now: () => number;
  #session: RouterSession<Peer> | undefined;
  #aboveSince: number | undefined;
  #closed = false;

  constructor(link: Link, bounds: QueueBounds, now: () => number) {
    this.link = link;
    this.#bounds = bounds;
    this.#now = now;
  }

  get session(): RouterSession<Peer> {
    if (this.#session === undefined) throw new UsageError("not_connected", "a peer has no session before it is opened");
    return this.#session;
  }

  open(session: RouterSession<Peer>): void {
    this.#session = session;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** For the log. */
  get address(): string {
    return this.link.info.address ?? "unknown";
  }

  /** Queues one message; never waits and never throws for what the peer is or does. */
  send(outgoing: Outgoing): SendOutcome {
    const { link } = this;
    if (this.#closed) return "closed";
    let encoded;
    try {
      encoded = outgoing.encoded(link.serializer.name);
    } catch (fault) {
      if (fault instanceof UsageError) return "oversize";
      throw fault;
    }
    const { length } = encoded.octets;
    if (length > link.maxSend) return "oversize";
    if (this.#overflows(length)) return "overflow";
    link.send(encoded);
    return "queued";
  }

  /** Sends a last message without regard to the queue, then closes. Nothing is sent afterwards. */
  close(farewell: Farewell, last?: Outgoing): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      const encoded = last?.encoded(this.link.serializer.name);
      if (encoded !== undefined && encoded.octets.length <= this.link.maxSend) this.link.send(encoded);
    } finally {
      this.link.close(farewell);
    }
  }

  /** The link is gone. */
  ended(): void {
    this.#closed = true;
  }

  /** Milliseconds until this peer has to go unless its queue falls to the bound before; undefined if it is not above it. */
  patience(): number | undefined {
    const { octets, grace } = this.#bounds;
    if (this.link.bufferedAmount <= octets) this.#aboveSince = undefined;
    return this.#aboveSince === undefined ? undefined : this.#aboveSince + grace - this.#now();
  }

  #overflows(length: number): boolean {
    const { octets, grace, hardOctets } = this.#bounds;
    const backlog = this.link.bufferedAmount;
    // what made it too long has gone: the next large message is no fault of the peer's
    if (backlog <= octets) this.#aboveSince = undefined;
    if (backlog + length <= octets) return false;
    const now = this.#now();
    this.#aboveSince ??= now;
    return backlog + length > hardOctets || now - this.#aboveSince > grace;
  }
}
