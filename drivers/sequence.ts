/**
 * One thing after the other: what is asked of a channel while it is busy waits its turn, up to a bound. Owns the tail of
 * the queue; knows nothing of what runs in it.
 */
import { DriverError } from "./driver-error.ts";
import { quantity } from "./words.ts";

export class Sequence {
  readonly #name: string;
  readonly #limit: number;
  #waiting = 0;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(name: string, limit: number) {
    this.#name = name;
    this.#limit = limit;
  }

  /** Runs `task` after all that came before it. Rejects with `queue_full` at once when `limit` are waiting or running. */
  async run<Result>(task: () => Promise<Result>): Promise<Result> {
    if (this.#waiting >= this.#limit) {
      throw new DriverError("queue_full", `${this.#name} has ${quantity(this.#waiting, "request")} waiting already`);
    }
    return this.runAnyway(task);
  }

  /** For the driver's own duties (ending a pulse, closing): never refused. */
  async runAnyway<Result>(task: () => Promise<Result>): Promise<Result> {
    this.#waiting += 1;
    const before = this.#tail;
    const mine = (async () => {
      await before;
      return task();
    })();
    // Whoever asked hears of a failure; whoever comes next only needs the end of it.
    this.#tail = mine.then(
      () => undefined,
      () => undefined,
    );
    try {
      return await mine;
    } finally {
      this.#waiting -= 1;
    }
  }
}
