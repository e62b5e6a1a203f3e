/**
 * What TCP_USER_TIMEOUT would do if Node could set it: ends a connection whose octets the peer's system does not
 * acknowledge. TCP keepalive is silent while octets are under way, and the kernel alone gives up after a quarter of an hour.
 * All connections with the same timeout share one timer. Knows nothing of frames: it is told what was sent and received, and asks for the count of repetitions.
 */
import { FramingError } from "../index.ts";

export interface UserTimeoutContext {
  /** Octets received so far; any growth is a sign of life. */
  received(): number;
  /** Octets handed to the kernel so far; while it stands still there is nothing new to acknowledge. */
  sent(): number;
  /** How often the oldest unacknowledged octets were sent again. */
  retransmissions(): number;
  onLost(error: FramingError): void;
}

/** So many looks in a row without progress, spread over the time, are a loss. */
const LOOKS = 3;

/** Everybody with the same timeout, looked at one after the other. */
class Round {
  readonly #watched = new Set<UserTimeout>();
  readonly #every: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(every: number) {
    this.#every = every;
  }

  add(one: UserTimeout): void {
    this.#watched.add(one);
    this.#timer ??= setInterval(() => this.#look(), this.#every).unref();
  }

  delete(one: UserTimeout): void {
    this.#watched.delete(one);
    if (this.#watched.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    for (const one of this.#watched) one.look();
  }
}

/** By timeout: as many as there are different ones in the configuration. */
const rounds = new Map<number, Round>();

function roundOf(timeout: number): Round {
  let round = rounds.get(timeout);
  if (round === undefined) rounds.set(timeout, (round = new Round(timeout / LOOKS)));
  return round;
}

export class UserTimeout {
  readonly #context: UserTimeoutContext;
  readonly #timeout: number;
  #received = 0;
  #sent = 0;
  /** What had been sent when a whole look later none of it was repeated. */
  #settled = 0;
  #again = 0;
  #stuckLooks = 0;

  constructor(context: UserTimeoutContext, timeout: number) {
    this.#context = context;
    this.#timeout = timeout;
  }

  start(): void {
    roundOf(this.#timeout).add(this);
  }

  stop(): void {
    roundOf(this.#timeout).delete(this);
  }

  look(): void {
    const received = this.#context.received();
    const sent = this.#context.sent();
    const alive = received !== this.#received;
    const unchanged = sent === this.#sent;
    this.#received = received;
    this.#sent = sent;
    if (alive || sent === this.#settled) {
      this.#stuckLooks = 0;
      return;
    }
    const again = this.#context.retransmissions();
    // It starts at 0 with each acknowledgement of anything new, so a lower count than before is progress.
    this.#stuckLooks = again === 0 || again < this.#again ? 0 : this.#stuckLooks + 1;
    this.#again = again;
    if (again === 0 && unchanged) this.#settled = sent;
    if (this.#stuckLooks < LOOKS) return;
    this.stop();
    const words = `the peer has acknowledged nothing for ${String(this.#timeout)} ms, though octets were sent ${String(again)} times again: it is gone`;
    this.#context.onLost(new FramingError("connection_timed_out", words));
  }
}
