/**
 * Counts the edges of a line. Where the kernel numbers them, those that were merged or dropped on the way are counted all
 * the same: edges alternate, so a number left out tells which kind they were. Owns the count since it was set; pure.
 */
import type { LineEdge } from "../board.ts";

export type CountedEdge = "rising" | "falling" | "both";

export class EdgeCounter {
  readonly #counted: CountedEdge;
  #count = 0;
  #last: { seq: number; level: number | undefined } = { seq: 0, level: undefined };
  #numbered: boolean | undefined;
  #missed = 0;

  constructor(counted: CountedEdge) {
    this.#counted = counted;
  }

  get count(): number {
    return this.#count;
  }

  set count(count: number) {
    this.#count = count;
  }

  /** Whether no edge that the kernel took is lost while the line is open; undefined before the first edge. */
  get lossless(): boolean | undefined {
    return this.#numbered;
  }

  /** Edges that must have been there but were not told, and are not counted: at least so many. */
  get missed(): number {
    return this.#missed;
  }

  /** The line has been opened afresh: numbers start again, and what happened meanwhile nobody knows. */
  reopened(level: number): void {
    this.#last = { seq: 0, level };
  }

  edge({ level, seq }: LineEdge): void {
    this.#numbered = seq !== undefined;
    const all = seq === undefined ? 1 : Math.max(1, seq - this.#last.seq);
    // Two rising edges in a row: a falling one was between them.
    if (all % 2 === 1 && level === this.#last.level) this.#missed += 1;
    const rising = level === 1 ? Math.ceil(all / 2) : Math.floor(all / 2);
    this.#last = { seq: seq ?? 0, level };
    this.#count += this.#counted === "both" ? all : this.#counted === "rising" ? rising : all - rising;
  }
}
