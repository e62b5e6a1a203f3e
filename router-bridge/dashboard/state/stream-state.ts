/**
 * What the page knows of one topic: the last reading, when it came, the points of its chart or its last lines. Owns those
 * and the judgement of age. Times are ms since 1970 by the page's clock; the board's clock is used only for readings that
 * were measured before they came (`at` says when, already converted).
 */
import type { StreamModel } from "./board-model.ts";
import { limits } from "./limits.ts";
import type { Reading } from "./reading.ts";
import { Series } from "./series.ts";
import { numberOf, plainText } from "./untrusted.ts";

/** A reading older than this many usual intervals is stale, but never one younger than LEAST_STALE. */
const STALE_INTERVALS = 3;
const LEAST_STALE = 5_000;
const GAPS_KEPT = 8;
const MOST_DIGITS = 3;

export class StreamState {
  readonly topic: string;
  readonly series = new Series(limits.chartSpan, limits.chartSlots);
  #reading: Reading | undefined;
  #at = 0;
  #changedAt = 0;
  #gaps: number[] = [];
  #lines: string[] = [];
  #missed = 0;
  /** Numbers behind the last reading that no reading has. */
  #skipped = 0;
  #largest = 0;
  #digits = 0;
  #lastGood: number | undefined;
  #filledTo: { readonly boot: string; readonly seq: number } | undefined;
  /** The next gap says nothing about the usual interval: the link was down, or the last reading is an old one. */
  #interrupted = true;

  constructor(topic: string) {
    this.topic = topic;
  }

  get reading(): Reading | undefined {
    return this.#reading;
  }

  /** When the last reading was measured, by the page's clock. */
  get at(): number {
    return this.#at;
  }

  /** Since when the value has been what it is, as far as this page saw. */
  get changedAt(): number {
    return this.#changedAt;
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Readings that the numbering says were sent and that never came, in the board's present run. */
  get missed(): number {
    return this.#missed;
  }

  /** Digits after the point: as many as its values need, and no more than make about four digits of the largest. */
  get decimals(): number {
    const sensible = this.#largest >= 1000 ? 0 : this.#largest >= 100 ? 1 : this.#largest >= 1 ? 2 : MOST_DIGITS;
    return Math.min(this.#digits, sensible);
  }

  /** The last number that was not in error. */
  get lastGood(): number | undefined {
    return this.#lastGood;
  }

  /** Takes a reading that was measured at `at`; `isOld`: some time before it came, so that it may lie before a break. */
  receive(reading: Reading, at: number, isOld = false): void {
    const before = this.#reading;
    if (before === undefined || plainText(before.value) !== plainText(reading.value)) this.#changedAt = at;
    this.#count(before, reading);
    this.#skipped = 0;
    this.#measureGap(at);
    this.#reading = reading;
    this.#at = at;
    this.#chart(reading, at, isOld);
  }

  /** Word of a number that no reading has. */
  skip({ boot, seq }: Reading): void {
    if (seq !== undefined && this.#reading?.boot === boot && seq > (this.#reading.seq ?? seq)) this.#skipped += 1;
  }

  /** A reading from a description: taken only where nothing newer came, and never drawn as if it were live. */
  recall(reading: Reading, at: number): void {
    if (this.#reading !== undefined && at <= this.#at) return;
    if (plainText(this.#reading?.value) !== plainText(reading.value)) this.#changedAt = at;
    this.#reading = reading;
    this.#at = at;
    this.#note(reading.value);
    this.#interrupted = true;
  }

  /** The last reading up to which the chart has them all: what comes late is asked for behind it. */
  get filledTo(): { readonly boot: string; readonly seq: number } | undefined {
    return this.#filledTo;
  }

  /** A reading from the board's journal or history, measured at `at`: drawn in its place, and never taken for the present one. */
  fill(reading: Reading, at: number): void {
    const { boot, seq } = reading;
    const joined = seq !== undefined && boot === this.#filledTo?.boot && seq === this.#filledTo.seq + 1;
    if (joined) this.#filledTo = { boot, seq };
    const value = typeof reading.value === "boolean" ? Number(reading.value) : numberOf(reading.value);
    if (value !== undefined && reading.quality !== "error" && reading.quality !== "stale") {
      this.series.insert(at, value, joined);
    }
  }

  /** The link or the board was lost: what comes next does not continue what was. */
  interrupt(now: number): void {
    const { boot = "", seq } = this.#reading ?? {};
    if (!this.#interrupted && seq !== undefined) this.#filledTo = { boot, seq };
    this.#interrupted = true;
    this.series.break(now);
  }

  /** Why the value cannot be taken for the present one, in words; undefined while it can. */
  stale(model: StreamModel | undefined, now: number): string | undefined {
    const reading = this.#reading;
    if (reading === undefined) return undefined;
    if (reading.quality === "error") return reading.cause === "" ? "the reading failed" : reading.cause;
    if (reading.quality === "stale") return reading.cause === "" ? "nothing newer from the sensor" : reading.cause;
    const limit = this.#staleAfter(model);
    return limit !== undefined && now - this.#at > limit ? "no reading for longer than usual" : undefined;
  }

  #staleAfter(model: StreamModel | undefined): number | undefined {
    // A state holds until the next reading, and nobody knows when the next event comes.
    if (model?.kind === "state" || model?.kind === "event") return undefined;
    // Readings come on change as well as in time, so the longest of the last gaps is what is usual.
    const usual = model?.interval ?? (this.#gaps.length < 2 ? undefined : Math.max(...this.#gaps));
    return usual === undefined ? undefined : Math.max(LEAST_STALE, STALE_INTERVALS * usual);
  }

  #count(before: Reading | undefined, reading: Reading): void {
    if (before?.boot !== reading.boot) {
      this.#missed = 0;
      return;
    }
    if (this.#interrupted || before.seq === undefined || reading.seq === undefined) return;
    this.#missed += Math.max(0, reading.seq - before.seq - 1 - this.#skipped);
  }

  #measureGap(at: number): void {
    if (!this.#interrupted && at > this.#at) {
      this.#gaps.push(at - this.#at);
      if (this.#gaps.length > GAPS_KEPT) this.#gaps.shift();
    }
    this.#interrupted = false;
  }

  #chart(reading: Reading, at: number, isOld: boolean): void {
    const value = this.#note(reading.value);
    if (reading.quality === "error" || reading.quality === "stale" || value === undefined) this.series.break(at);
    else if (isOld) this.series.insert(at, value, false);
    else this.series.push(at, value);
    if (typeof reading.value === "string") {
      this.#lines.push(plainText(reading.value).trimEnd());
      if (this.#lines.length > limits.lines) this.#lines.shift();
    }
  }

  /** Remembers what numbers need to be written; gives the value as a number. */
  #note(value: unknown): number | undefined {
    const number = typeof value === "boolean" ? Number(value) : numberOf(value);
    if (number === undefined) return undefined;
    this.#lastGood = number;
    this.#largest = Math.max(this.#largest, Math.abs(number));
    this.#digits = Math.max(this.#digits, digitsNeeded(number));
    return number;
  }
}

function digitsNeeded(value: number): number {
  for (let digits = 0; digits < MOST_DIGITS; digits += 1) {
    if (Math.abs(Number(value.toFixed(digits)) - value) < 10 ** -MOST_DIGITS / 2) return digits;
  }
  return MOST_DIGITS;
}
