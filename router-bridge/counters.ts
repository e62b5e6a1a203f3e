/** What happened since the start, by name. Plain numbers that only grow; shown by /healthz. */
export type CounterName =
  | "connections"
  | "refusedConnections"
  | "slowConsumers"
  | "oversizeDropped"
  | "oversizeAnswered"
  | "violations"
  | "upstreamFailures";

export class Counters {
  readonly #counts = new Map<CounterName, number>();

  add(name: CounterName): void {
    this.#counts.set(name, this.get(name) + 1);
  }

  get(name: CounterName): number {
    return this.#counts.get(name) ?? 0;
  }

  all(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }
}
