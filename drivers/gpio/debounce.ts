/**
 * The "stable for" rule: a change counts once the line has been quiet for a while, and it happened when its first edge
 * did. Owns the quiet timer and the first edge's time; knows neither line nor level.
 */
import type { Clock, Timers } from "../driver.ts";

export class Debounce {
  readonly #quiet: number;
  readonly #source: { readonly clock: Clock; readonly timers: Timers };
  readonly #settled: (firstEdge: number) => void;
  #firstEdge: number | undefined;
  #cancel: (() => void) | undefined;

  /** `settled` is given the wall time of the first edge, after `quiet` ms without another one. */
  constructor(quiet: number, source: { clock: Clock; timers: Timers }, settled: (firstEdge: number) => void) {
    this.#quiet = quiet;
    this.#source = source;
    this.#settled = settled;
  }

  get waiting(): boolean {
    return this.#cancel !== undefined;
  }

  edge(t: number = this.#source.clock.wall()): void {
    this.#firstEdge = Math.min(this.#firstEdge ?? t, t);
    this.#cancel?.();
    if (this.#quiet === 0) this.#settle();
    else this.#cancel = this.#source.timers.after(this.#quiet, () => this.#settle());
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#firstEdge = undefined;
  }

  #settle(): void {
    const first = this.#firstEdge ?? this.#source.clock.wall();
    this.stop();
    this.#settled(first);
  }
}
