import type { JsonValue } from "./description.ts";

/**
 * good: as measured. stale: nothing newer came in time. error: the read failed, `cause` says why and value is null.
 * clamped: outside the declared range and cut to it. simulated: made up. replayed: sent again from the journal.
 */
export type Quality = "good" | "stale" | "error" | "clamped" | "simulated" | "replayed";

export const qualities: readonly Quality[] = Object.freeze([
  "good",
  "stale",
  "error",
  "clamped",
  "simulated",
  "replayed",
]);

/** What a driver publishes; the process that hosts it adds order and time. */
export interface RawReading {
  readonly value: JsonValue;
  /** Left out: the unit of the stream's description. */
  readonly unit?: string;
  /** Left out: good. */
  readonly quality?: Quality;
  /** In words, with any quality but good. */
  readonly cause?: string;
  /** Wall clock in ms since 1970, when it happened earlier than now (a debounced edge). */
  readonly t?: number;
}

/** A reading as it leaves the board. `boot` names the run of the process, `seq` counts per stream within it from 1. */
export interface Reading {
  readonly value: JsonValue;
  readonly unit?: string;
  readonly t: number;
  /** Milliseconds of the board's monotonic clock: never goes back, comparable within one boot only. */
  readonly mono: number;
  readonly boot: string;
  readonly seq: number;
  /** Whether the wall clock was known to be right when `t` was taken. */
  readonly synced?: boolean;
  readonly quality: Quality;
  readonly cause?: string;
}
