/**
 * When to try again. Owns the number of failures in a row; knows no timer and no connection. The base delay grows from
 * `initial` by `factor` up to `max` and stays there for ever; each delay is spread by `jitter` so that a room full of
 * boards does not come back in step. A session that was up for `resetAfter` starts the row again.
 */
import { UsageError } from "../errors.ts";
import type { Random } from "../id.ts";

export interface ReconnectOptions {
  /** ms before the second try. Default 1 000. */
  readonly initial: number;
  /** Default 1.6. */
  readonly factor: number;
  /** Upper bound of the base delay, ms (the jitter may add to it). Default 60 000. */
  readonly max: number;
  /** 0.2 = each delay is 80 % to 120 % of its base. Default 0.2. */
  readonly jitter: number;
  /** ms of readiness after which the next loss is the first one again. Default 60 000. */
  readonly resetAfter: number;
}

const DEFAULTS: ReconnectOptions = { initial: 1_000, factor: 1.6, max: 60_000, jitter: 0.2, resetAfter: 60_000 };

export class ReconnectSchedule {
  readonly #options: ReconnectOptions;
  readonly #random: Random;
  #base: number;
  #upSince: number | undefined;

  /** @throws UsageError `invalid_option` for numbers that are out of range. */
  constructor(options: Partial<ReconnectOptions>, random: Random) {
    this.#options = { ...DEFAULTS, ...options };
    this.#random = random;
    const { initial, factor, max, jitter, resetAfter } = this.#options;
    const sound = initial > 0 && factor >= 1 && max >= initial && jitter >= 0 && jitter < 1 && resetAfter >= 0;
    if (!sound || !Number.isFinite(initial * factor * max * resetAfter)) {
      throw new UsageError(
        "invalid_option",
        `reconnect needs 0 < initial <= max, factor >= 1, 0 <= jitter < 1 and resetAfter >= 0; got ${JSON.stringify(this.#options)}`,
      );
    }
    this.#base = initial;
  }

  /** The session became ready at `now` (ms of a monotonic clock). */
  up(now: number): void {
    this.#upSince ??= now;
  }

  /** The next delay is the first one again. */
  reset(): void {
    this.#base = this.#options.initial;
  }

  /** A try failed or the session was lost at `now`: ms to wait before the next try. */
  down(now: number): number {
    const { initial, factor, max, jitter, resetAfter } = this.#options;
    if (this.#upSince !== undefined && now - this.#upSince >= resetAfter) this.#base = initial;
    this.#upSince = undefined;
    const base = this.#base;
    this.#base = Math.min(max, base * factor);
    return Math.round(base * (1 - jitter + 2 * jitter * this.#random()));
  }
}
