/** What happened since the start, by name. Plain numbers that only grow; shown by /healthz. */
export type CounterName =
  | "connections"
  | "refusedConnections"
  | "slowConsumers"
  | "eventsFolded"
  | "eventsDropped"
  | "callsRefused"
  | "publishersHeld"
  | "ratesHeld"
  | "oversizeDropped"
  | "oversizeAnswered"
  | "violations"
  | "upstreamFailures";

export class Counters {
  readonly #counts = new Map<CounterName, number>();

  add(name: CounterName, count = 1): void {
    if (count > 0) this.#counts.set(name, this.get(name) + count);
  }

  get(name: CounterName): number {
    return this.#counts.get(name) ?? 0;
  }

  all(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }
}
