/**
 * Which values of a sensor are told: each, or those that differ enough from the last one told, with a sign of life in
 * between. Owns what was told last; knows no time but what it is given.
 */
import type { JsonValue } from "../description.ts";
import type { RawReading } from "../reading.ts";
import type { Deadband, PollOptions } from "./poll-options.ts";

export class ChangeRule {
  readonly #rule: PollOptions["onChange"];
  /** A timer may fire a moment early: so much before its time the heartbeat counts as due. */
  readonly #tolerance: number;
  #last: RawReading | undefined;
  #at = 0;

  constructor({ onChange, interval }: PollOptions) {
    this.#rule = onChange;
    this.#tolerance = interval / 2;
  }

  /** When something was told last; undefined before that. */
  get toldAt(): number | undefined {
    return this.#last === undefined ? undefined : this.#at;
  }

  isDue(reading: RawReading, now: number): boolean {
    if (this.#rule === undefined || this.#last === undefined) return true;
    if (now - this.#at + this.#tolerance >= this.#rule.heartbeat) return true;
    const { quality, cause, value } = this.#last;
    if (reading.quality !== quality) return true;
    if (reading.quality === "error") return reading.cause !== cause;
    return differs(reading.value, value, this.#rule.deadband);
  }

  told(reading: RawReading, now: number): void {
    this.#last = reading;
    this.#at = now;
  }
}

function differs(value: JsonValue, last: JsonValue, deadband: Deadband): boolean {
  if (typeof value !== "number" || typeof last !== "number") return value !== last;
  const width = "absolute" in deadband ? deadband.absolute : (Math.abs(last) * deadband.percent) / 100;
  return Math.abs(value - last) > width;
}
