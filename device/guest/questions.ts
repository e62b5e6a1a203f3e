/** Questions to the other side that have no answer yet. */
import { DriverError } from "../../drivers/driver-error.ts";
import { fromWireError, type Answer } from "./messages.ts";

/** One more is refused. */
const MOST = 256;

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: DriverError) => void;
}

export class Questions {
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;

  /** `send` gets the id. What it throws is the answer. */
  ask(send: (id: number) => void): Promise<unknown> {
    if (this.#waiting.size >= MOST)
      return Promise.reject(new DriverError("queue_full", `${String(MOST)} questions wait for their answers`));
    this.#last += 1;
    const id = this.#last;
    return new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      try {
        send(id);
      } catch (error) {
        this.#waiting.delete(id);
        reject(new DriverError("invalid_argument", error instanceof Error ? error.message : String(error)));
      }
    });
  }

  answered(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (answer.type === "result") waiting?.resolve(answer.value);
    else waiting?.reject(fromWireError(answer.error));
  }

  /** No answer will come any more. */
  fail(error: DriverError): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
