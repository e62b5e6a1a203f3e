/**
 * Calls that were given a key, and what came of them: a caller that lost the answer asks again with the same key and gets
 * it, and nothing is done a second time. Owns the answers of one channel for a while; knows nothing of what they say.
 */
import type { Clock } from "../driver.ts";
import { DriverError } from "../driver-error.ts";

/** ms that an answer is kept. */
const KEPT = 600_000;
const MOST = 256;

interface Answered {
  readonly asked: string;
  readonly at: number;
  readonly answer: Promise<object>;
}

export class AnsweredKeys {
  readonly #clock: Clock;
  readonly #answers = new Map<string, Answered>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Runs `act` unless it was run for this key; then the answer is the first one, marked `repeated`. What failed may be tried
   * again under the same key. @throws DriverError `invalid_argument` when the key was used for something else.
   */
  async once<Answer extends object>(
    key: string | undefined,
    asked: string,
    act: () => Promise<Answer>,
  ): Promise<Answer & { readonly repeated?: true }> {
    if (key === undefined) return act();
    this.#forget();
    const known = this.#answers.get(key);
    if (known === undefined) {
      const answer = act();
      this.#answers.set(key, { asked, at: this.#clock.mono(), answer });
      answer.catch(() => this.#answers.delete(key));
      return answer;
    }
    if (known.asked !== asked) {
      throw new DriverError(
        "invalid_argument",
        `The idempotency key ${JSON.stringify(key)} was used for another call`,
        {
          cure: "Give each new wish a key of its own; repeat a key only with the very same arguments.",
        },
      );
    }
    // Answers of one `asked` are all of one kind.
    return { ...((await known.answer) as Answer), repeated: true };
  }

  #forget(): void {
    const oldest = this.#clock.mono() - KEPT;
    for (const [key, { at }] of this.#answers) {
      if (at > oldest && this.#answers.size < MOST) break;
      this.#answers.delete(key);
    }
  }
}
