/** The bridge in front of an existing router: a connection of its own to that router for every client. Owns the pairs. */
import { withResolvers } from "@pinion/wamp/with-resolvers";
import type { Link } from "./link.ts";
import { queueTotals, type QueueTotals } from "./queue-totals.ts";
import { RelaySession, type RelaySessionOptions } from "./relay/relay-session.ts";

export class Relay {
  readonly #options: Omit<RelaySessionOptions, "onEnd">;
  readonly #sessions = new Set<RelaySession>();
  #whenEmpty: (() => void) | undefined;

  constructor(options: Omit<RelaySessionOptions, "onEnd">) {
    this.#options = options;
  }

  /** Clients that the router let in. */
  get sessions(): number {
    let joined = 0;
    for (const session of this.#sessions) if (session.joined) joined += 1;
    return joined;
  }

  queues(): QueueTotals {
    return queueTotals(this.#sessions);
  }

  accept(link: Link): void {
    const session = new RelaySession(link, { ...this.#options, onEnd: (ended) => this.#ended(ended) });
    this.#sessions.add(session);
    session.start();
  }

  /** Tells both sides of every pair; resolves when all have gone, or after `patience` milliseconds with the rest dropped. */
  async stop(patience: number): Promise<void> {
    const { promise, resolve } = withResolvers<void>();
    this.#whenEmpty = resolve;
    for (const session of this.#sessions) session.stop();
    const timer = setTimeout(() => {
      for (const session of this.#sessions) session.abort("the router-bridge shuts down");
    }, patience);
    if (this.#sessions.size > 0) await promise;
    clearTimeout(timer);
  }

  #ended(session: RelaySession): void {
    this.#sessions.delete(session);
    if (this.#sessions.size === 0) this.#whenEmpty?.();
  }
}
