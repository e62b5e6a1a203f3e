/** What a link tells, with the name of the peer that it belongs to: one small object for each peer rather than four closures. */
import type { LinkHandlers } from "./link.ts";
import type { Peer } from "./peer.ts";

/** As `LinkHandlers`, of any peer. */
export interface HostEvents {
  onMessage(peer: Peer, octets: Uint8Array, room: number | undefined): void;
  onViolation(peer: Peer, words: string): void;
  onDrain(peer: Peer): void;
  onClose(peer: Peer, words: string): void;
}

export class PeerEvents implements LinkHandlers {
  readonly #peer: Peer;
  readonly #host: HostEvents;

  constructor(peer: Peer, host: HostEvents) {
    this.#peer = peer;
    this.#host = host;
  }

  onMessage(octets: Uint8Array, room?: number): void {
    this.#host.onMessage(this.#peer, octets, room);
  }

  onViolation(words: string): void {
    this.#host.onViolation(this.#peer, words);
  }

  onDrain(): void {
    this.#host.onDrain(this.#peer);
  }

  onClose(words: string): void {
    this.#host.onClose(this.#peer, words);
  }
}
