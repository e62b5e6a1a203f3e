/**
 * Backpressure: whoever fills the queue of a peer faster than that takes it is not read for a while. Owns who is held for
 * whom, and for how long: a peer that takes nothing must not cost the others more than a short grace. It must not know
 * messages, nor what happens to a queue that grows all the same.
 */
import type { Peer } from "./peer.ts";

/** Milliseconds for which one peer may hold others without catching up. */
const GRACE = 50;
/** Milliseconds after which a peer that has taken nothing is no reason to wait. */
const STANDSTILL = 1000;
/** Messages that a feeder is read after it was held for peers that are all behind. */
const ALLOWANCE = 64;

interface Hold {
  readonly feeders: Set<Peer>;
  readonly timer: NodeJS.Timeout;
}

export class Pressure {
  readonly #holds = new Map<Peer, Hold>();
  /** Had their grace and have not caught up since. */
  readonly #behind = new WeakSet<Peer>();
  readonly #allowances = new WeakMap<Peer, number>();
  readonly #onHeld: () => void;

  /** `onHeld` is told each time that somebody is held. */
  constructor(onHeld: () => void) {
    this.#onHeld = onHeld;
  }

  /**
   * `feeder` sent what these peers, all over their mark, have to wait for; `everyone`: nobody else got it. A peer that is
   * behind holds nobody who also feeds peers that keep up.
   */
  feel(feeder: Peer, pressing: readonly Peer[], everyone: boolean): void {
    const still = pressing.filter((peer) => !this.#behind.has(peer) && this.#mayHold(peer));
    if (still.length > 0) {
      for (const peer of still) this.#hold(peer, feeder);
      return;
    }
    if (!everyone) return;
    const moving = pressing.find((peer) => peer.stillFor < STANDSTILL);
    if (moving === undefined) return;
    const allowance = this.#allowances.get(feeder) ?? 0;
    if (allowance > 0) this.#allowances.set(feeder, allowance - 1);
    else this.#hold(moving, feeder);
  }

  /** The peer has taken something. */
  relieve(peer: Peer): void {
    if (!peer.hasCaughtUp) return;
    this.#behind.delete(peer);
    this.#letGo(peer);
  }

  /** The peer is gone. */
  forget(peer: Peer): void {
    this.#letGo(peer);
  }

  #mayHold(peer: Peer): boolean {
    if (peer.stillFor <= GRACE) return true;
    this.#behind.add(peer);
    return false;
  }

  #hold(peer: Peer, feeder: Peer): void {
    let hold = this.#holds.get(peer);
    if (hold === undefined) {
      hold = { feeders: new Set(), timer: setTimeout(() => this.#graceOver(peer), GRACE) };
      this.#holds.set(peer, hold);
    }
    if (hold.feeders.has(feeder)) return;
    hold.feeders.add(feeder);
    feeder.hold();
    this.#onHeld();
  }

  #graceOver(peer: Peer): void {
    this.#behind.add(peer);
    for (const feeder of this.#letGo(peer)) this.#allowances.set(feeder, ALLOWANCE);
  }

  #letGo(peer: Peer): Iterable<Peer> {
    const hold = this.#holds.get(peer);
    if (hold === undefined) return [];
    clearTimeout(hold.timer);
    this.#holds.delete(peer);
    for (const feeder of hold.feeders) feeder.release();
    return hold.feeders;
  }
}
