/**
 * One peer of the embedded router as the outer room sees it: its link, its session, what waits for it, and whether it is
 * read. Owns the decision when a slow consumer is too slow. It must not know any other peer.
 */
import { UsageError, type Message } from "@pinion/wamp";
import { Outgoing, type Encoded } from "./encoded.ts";
import type { Farewell, Link } from "./link.ts";
import type { Intake } from "./intake.ts";
import type { RouterSession } from "./router/index.ts";
import { WaitingMessages, type EventMark, type Losses, type Next } from "./waiting-messages.ts";

/** What happens to a peer whose queue is over its bounds. Answers are never dropped, whatever the policy. */
export type SlowPolicy = "coalesce" | "drop-oldest" | "disconnect";

/** What one peer's queue may hold. */
export interface QueueBounds {
  /** Octets; above it the policy acts. A peer that stays above it for `grace` is disconnected. */
  readonly octets: number;
  /** The same in messages, of those that its link has not taken. */
  readonly messages: number;
  /** Milliseconds. */
  readonly grace: number;
  /** Octets; a peer above it is disconnected at once. */
  readonly hardOctets: number;
  /** Octets above which whoever fills the queue is held back. */
  readonly pressureOctets: number;
  /** By role; undefined before WELCOME. */
  readonly policy: (role: string | undefined) => SlowPolicy;
}

/**
 * What became of one message: `waiting` is queued behind what the link has not taken; `oversize` and `refused` were not sent,
 * the latter because the peer does not read; `overflow` says that this peer has to go.
 */
export type SendOutcome = "sent" | "waiting" | "oversize" | "refused" | "overflow" | "closed";

const NO_LOSSES: Losses = Object.freeze({ folded: 0, dropped: 0 });
/** Room that an EVENT has to leave for being told what went before it, in octets. */
const NOTICE = 48;
/** Octets that a peer which has to go is handed in one turn of the event loop, of what waits for it. */
const ONE_TURN = 256 * 1024;

export class Peer {
  readonly link: Link;
  readonly #bounds: QueueBounds;
  readonly #now: () => number;
  #session: RouterSession<Peer> | undefined;
  /** Set by the host for peers that it reads. */
  intake: Intake | undefined;
  /** The host has seen its WELCOME. */
  admitted = false;
  #closed = false;
  /** The link holds as much as it wants until it says that it has drained. */
  #full = false;
  #waiting: WaitingMessages | undefined;
  #policy: SlowPolicy = "disconnect";
  /** Since when the link, being full, has taken nothing. */
  #stillSince = 0;
  #aboveSince: number | undefined;
  #holds = 0;

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

  /** The authrole, from WELCOME on. */
  get role(): string | undefined {
    return this.#session?.member?.identity.authrole;
  }

  /** Octets that it has not taken. */
  get queuedOctets(): number {
    return this.link.bufferedAmount + (this.#waiting?.octets ?? 0);
  }

  /** Messages that wait behind what its link holds. */
  get queuedMessages(): number {
    return this.#waiting?.messages ?? 0;
  }

  /** EVENTs that its policy took away since this was asked last. */
  takeLosses(): Losses {
    return this.#waiting?.takeLosses() ?? NO_LOSSES;
  }

  /** Milliseconds for which it has taken nothing; 0 while nothing waits. */
  get stillFor(): number {
    return this.#full ? this.#now() - this.#stillSince : 0;
  }

  get isPressing(): boolean {
    return this.#full && this.#isBeyond(1);
  }

  get hasCaughtUp(): boolean {
    return !this.#full || !this.#isBeyond(0.5);
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
    if (encoded.length > link.maxSend) return "oversize";
    if (this.#full) return this.#wait(outgoing.message, encoded);
    if (!link.send(encoded)) this.#nowFull();
    return "sent";
  }

  /** The link takes more. */
  drained(): void {
    this.#full = false;
    while (!this.#full && !this.#closed) {
      const next = this.#waiting?.shift();
      if (next === undefined) break;
      if (!this.link.send(this.#withNotice(next))) this.#nowFull();
    }
    if (!this.#isAbove()) this.#aboveSince = undefined;
  }

  /**
   * Sends what waits and a last message without regard to the queue, then closes. Nothing else is sent afterwards. A long queue
   * takes several turns of the event loop: nobody else waits for it.
   */
  close(farewell: Farewell, last?: Outgoing): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#finish(farewell, last);
  }

  /** The link is gone. */
  ended(): void {
    this.#closed = true;
    this.#forgetWaiting();
  }

  /** Milliseconds until this peer has to go unless its queue falls to the bound before; undefined if it is not above it. */
  patience(): number | undefined {
    if (!this.#isAbove()) this.#aboveSince = undefined;
    return this.#aboveSince === undefined ? undefined : this.#aboveSince + this.#bounds.grace - this.#now();
  }

  /** Stops reading the peer until `release` was called as often. */
  hold(): void {
    this.#holds += 1;
    if (this.#holds === 1 && !this.#closed) this.link.pause();
  }

  release(): void {
    this.#holds -= 1;
    if (this.#holds === 0 && !this.#closed) this.link.resume();
  }

  /** Over a part of the mark, which lies well below the bounds: whoever can be slowed down shall not run into them. */
  #isBeyond(part: number): boolean {
    const { octets, messages, pressureOctets } = this.#bounds;
    const mark = Math.min(pressureOctets, octets / 2);
    return this.queuedOctets > mark * part || this.queuedMessages > (messages / 2) * part;
  }

  #nowFull(): void {
    this.#full = true;
    this.#stillSince = this.#now();
  }

  #wait(message: Message, encoded: Encoded): SendOutcome {
    this.#waiting ??= this.#makeWaiting();
    const waiting = this.#waiting;
    // its caller can be told at once; whatever else this peer is sent it has to get
    if (message.type === "INVOCATION" && this.#isAbove()) return "refused";
    const mayGo = this.#policy !== "disconnect" && message.type === "EVENT";
    if (mayGo && encoded.length + NOTICE > this.link.maxSend) return "oversize";
    waiting.push(encoded.keep(), markOf(message));
    if (!this.#isAbove()) {
      this.#aboveSince = undefined;
      return "waiting";
    }
    const now = this.#now();
    this.#aboveSince ??= now;
    const { hardOctets, grace } = this.#bounds;
    return this.queuedOctets > hardOctets || now - this.#aboveSince > grace ? "overflow" : "waiting";
  }

  #finish(farewell: Farewell, last: Outgoing | undefined): void {
    // also where a fault ends it
    let isLast = true;
    try {
      isLast = this.#flush();
      const encoded = isLast ? last?.encoded(this.link.serializer.name) : undefined;
      if (encoded !== undefined && encoded.length <= this.link.maxSend) this.link.send(encoded);
    } finally {
      if (isLast) {
        this.#forgetWaiting();
        this.link.close(farewell);
      }
    }
    if (!isLast) setImmediate(() => this.#finishLater(farewell, last));
  }

  #finishLater(farewell: Farewell, last: Outgoing | undefined): void {
    if (this.#waiting === undefined) return;
    try {
      this.#finish(farewell, last);
    } catch (fault) {
      this.link.abort(`what waited could not be sent: ${String(fault)}`);
    }
  }

  /** Hands over what one turn may. True: that was all. */
  #flush(): boolean {
    for (let octets = 0; octets < ONE_TURN;) {
      const next = this.#waiting?.shift();
      if (next === undefined) return true;
      octets += next.encoded.length;
      this.link.send(this.#withNotice(next));
    }
    return false;
  }

  #forgetWaiting(): void {
    this.#waiting?.clear();
    this.#waiting = undefined;
  }

  #makeWaiting(): WaitingMessages {
    this.#policy = this.#bounds.policy(this.role);
    return new WaitingMessages(this.#bounds, this.#policy === "disconnect" ? undefined : this.#policy);
  }

  /** Where EVENTs can go instead, what the link holds does not count: it is little, and nothing can go from it any more. */
  #isAbove(): boolean {
    const waiting = this.#waiting;
    if (waiting === undefined) return false;
    return waiting.isTooMuch || (this.#policy === "disconnect" && this.queuedOctets > this.#bounds.octets);
  }

  /** Tells the subscriber what is missing before this EVENT. */
  #withNotice({ encoded, dropped }: Next): Encoded {
    if (dropped === 0) return encoded;
    const { serializer } = encoded;
    const message = serializer.parse(encoded.octets);
    if (message.type !== "EVENT") return encoded;
    const told = { ...message, details: { ...message.details, pinion_dropped: dropped } };
    return new Outgoing(told).encoded(serializer.name);
  }
}

function markOf(message: Message): EventMark | undefined {
  if (message.type !== "EVENT") return undefined;
  const { topic } = message.details;
  return { subscription: message.subscription, topic: typeof topic === "string" ? topic : "" };
}
