/**
 * The parts of one progressive invocation after the first, between the session that receives them and the handler that reads
 * them. Owns those that were not read yet, bounded; knows no messages.
 */
import type { Dict } from "../message.ts";
import { withResolvers } from "../with-resolvers.ts";

export interface Part {
  readonly args: readonly unknown[];
  readonly kwargs: Dict;
}

export class FurtherParts implements AsyncIterable<Part> {
  readonly #most: number;
  readonly #unread: Part[] = [];
  #complete = false;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(most: number) {
    this.#most = most;
  }

  /** The last part has come. */
  get complete(): boolean {
    return this.#complete;
  }

  /** False if the handler has let too many lie. */
  add(part: Part, last: boolean): boolean {
    if (this.#unread.length >= this.#most) return false;
    this.#unread.push(part);
    this.#complete = last;
    this.#wake?.();
    return true;
  }

  /** Ends the reading with an error, after what has come. */
  fail(error: Error): void {
    this.#failure ??= error;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Part, void> {
    for (;;) {
      const part = this.#unread.shift();
      if (part) {
        yield part;
        continue;
      }
      if (this.#complete) return;
      if (this.#failure) throw this.#failure;
      const { promise, resolve } = withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
  }
}

/** For a call that came as a whole. */
export const NO_PARTS: AsyncIterable<Part> = {
  [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: undefined }) }),
};
