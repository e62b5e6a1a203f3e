/**
 * Writes who tried what and was refused. The same attempt is written once a minute, with how often it came in between; a
 * flood of different ones is written up to `MOST` a minute and counted beyond. Owns the present minute.
 */
import type { Log } from "./log.ts";

const MINUTE_MS = 60_000;
const MOST = 200;

export class DenialLog {
  readonly #log: Log;
  readonly #now: () => number;
  #since = 0;
  #again = new Map<string, { readonly fields: object; readonly words: string; count: number }>();
  #more = 0;

  constructor(log: Log, now: () => number) {
    this.#log = log;
    this.#now = now;
  }

  /** `who` and `what` tell attempts apart; both are in `fields` too. */
  warn(code: string, key: string, fields: object, words: string): void {
    const now = this.#now();
    if (now - this.#since >= MINUTE_MS) this.#turn(now);
    const whole = `${code} ${key}`;
    const known = this.#again.get(whole);
    if (known !== undefined) {
      known.count += 1;
    } else if (this.#again.size < MOST) {
      const told = { code, ...fields };
      this.#again.set(whole, { fields: told, words, count: 0 });
      this.#log.warn(told, words);
    } else {
      this.#more += 1;
    }
  }

  #turn(now: number): void {
    for (const { fields, words, count } of this.#again.values()) {
      if (count > 0) this.#log.warn({ ...fields, again: count }, words);
    }
    if (this.#more > 0) this.#log.warn({ code: "more_denials", count: this.#more }, "further attempts were refused");
    this.#again = new Map();
    this.#more = 0;
    this.#since = now;
  }
}
