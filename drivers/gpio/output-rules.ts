/**
 * What an output may be asked for, and when: minimum on and off times, how often it may be switched, its interlock. Owns
 * when the level last changed and the calls of late. The way to the safe level is never barred by time or rate: only what a
 * caller wants is.
 */
import type { Level } from "../board.ts";
import type { Clock } from "../driver.ts";
import { DriverError } from "../driver-error.ts";
import { durationText } from "../duration.ts";
import type { Interlock } from "../interlock.ts";
import type { OutputPin } from "./gpio-config.ts";

export class OutputRules {
  readonly #pin: OutputPin;
  readonly #clock: Clock;
  readonly #interlock: Interlock | undefined;
  #level: Level | undefined;
  #since = 0;
  #calls: number[] = [];

  constructor(pin: OutputPin, clock: Clock, interlock: Interlock | undefined) {
    this.#pin = pin;
    this.#clock = clock;
    this.#interlock = interlock;
    interlock?.unseen(pin.name);
  }

  /** What the line was last known to be. */
  get level(): Level | undefined {
    return this.#level;
  }

  /** Before a caller's wish is carried out. @throws DriverError `rate_limited`, `too_soon`. */
  permit(level: Level): void {
    if (level === this.#level) return;
    this.#countCall();
    if (this.#level === undefined) return;
    const { name, minOn, minOff } = this.#pin;
    const least = this.#level === 1 ? minOn : minOff;
    const left = this.#since + least - this.#clock.mono();
    if (left <= 0) return;
    const [state, option] = this.#level === 1 ? ["on", "minOn"] : ["off", "minOff"];
    const wait = durationText(Math.ceil(left));
    throw new DriverError(
      "too_soon",
      `${name} must stay ${state} for another ${wait} (${option} ${durationText(least)})`,
      {
        cure: `Try again in ${wait}.`,
      },
    );
  }

  /** Before the line is driven, whoever wants it. @throws DriverError `interlocked`. */
  claim(level: Level): void {
    if (level === 1) this.#interlock?.claim(this.#pin.name);
  }

  /** Of a line that is on, or will be as soon as it is open. @throws DriverError `interlocked`. */
  adopt(level: Level): void {
    if (level === 1) this.#interlock?.adopt(this.#pin.name);
  }

  /** What the line is now known to be; `off` that will be on again by itself (a blink) keeps the interlock. */
  changed(level: Level, moreToCome: boolean): void {
    if (level !== this.#level) this.#since = this.#clock.mono();
    this.#level = level;
    if (level === 0 && !moreToCome) this.#interlock?.release(this.#pin.name);
  }

  #countCall(): void {
    const { changes, per } = this.#pin.rateLimit;
    const now = this.#clock.mono();
    this.#calls = this.#calls.filter((one) => one > now - per);
    const oldest = this.#calls[0];
    if (oldest !== undefined && this.#calls.length >= changes) {
      throw new DriverError(
        "rate_limited",
        `${this.#pin.name} was switched ${String(changes)} times within ${durationText(per)} already (rateLimit)`,
        { cure: `Try again in ${durationText(Math.max(1, Math.ceil(oldest + per - now)))}.` },
      );
    }
    this.#calls.push(now);
  }
}
