/**
 * Looks again at peers whose queue is above its bounds, so that one that does not read goes after its grace, also if nothing
 * more is ever sent to it. Owns a timer for each of them.
 */
import type { Peer } from "./peer.ts";

export class Patience {
  readonly #watched = new Set<Peer>();
  readonly #onOver: (peer: Peer) => void;

  /** `onOver` is told of a peer whose grace is over. */
  constructor(onOver: (peer: Peer) => void) {
    this.#onOver = onOver;
  }

  watch(peer: Peer): void {
    const wait = peer.closed || this.#watched.has(peer) ? undefined : peer.patience();
    if (wait === undefined) return;
    this.#watched.add(peer);
    const look = (): void => {
      this.#watched.delete(peer);
      const left = peer.patience();
      if (peer.closed || left === undefined) return;
      if (left > 0) this.watch(peer);
      else this.#onOver(peer);
    };
    setTimeout(look, Math.max(1, Math.ceil(wait))).unref();
  }
}
