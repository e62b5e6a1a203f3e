/**
 * Questions and answers over a line that knows neither: one question at a time, and the first frame that matches is its
 * answer. Owns who waits; knows neither port nor queue.
 */
import { DriverError } from "../driver-error.ts";
import type { Timers } from "../driver.ts";
import { durationText } from "../duration.ts";

export class PortRequests {
  readonly #name: string;
  readonly #timers: Timers;
  #waiting: { readonly matches: (text: string) => boolean; end(outcome: string | DriverError): void } | undefined;

  constructor(name: string, timers: Timers) {
    this.#name = name;
    this.#timers = timers;
  }

  /** Sends, and waits for a frame that matches; what came before the sending is no answer. */
  async ask(send: () => Promise<unknown>, matches: (text: string) => boolean, limit: number): Promise<string> {
    let cancel = (): void => undefined;
    const answer = new Promise<string>((resolve, reject) => {
      this.#waiting = {
        matches,
        end: (outcome) => {
          this.#waiting = undefined;
          cancel();
          if (typeof outcome === "string") resolve(outcome);
          else reject(outcome);
        },
      };
    });
    const mine = this.#waiting;
    // Whoever asked hears of it below, once the sending has ended.
    answer.catch(() => undefined);
    try {
      await send();
    } catch (error) {
      if (this.#waiting === mine) this.#waiting = undefined;
      throw error;
    }
    if (this.#waiting === mine) {
      cancel = this.#timers.after(limit, () => {
        mine?.end(new DriverError("timeout", `${this.#name} gave no matching answer within ${durationText(limit)}`));
      });
    }
    return answer;
  }

  frame(text: string): void {
    if (this.#waiting?.matches(text)) this.#waiting.end(text);
  }

  /** The port is gone: nobody will answer. */
  fail(error: DriverError): void {
    this.#waiting?.end(error);
  }
}
