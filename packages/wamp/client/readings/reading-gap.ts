import type { Dict } from "../../message.ts";

/** Numbers of one stream that will not come, as far as anybody knows: what comes of them all the same is handed on. */
export interface ReadingGap {
  readonly device: string;
  readonly topic: string;
  readonly boot: string;
  readonly from: number;
  /** Infinity: up to the end of that boot, whatever that was. */
  readonly to: number;
  /**
   * The board's own word (`journal_full`, `unclean_stop`, ...), or what was found here. `not_kept`: the board has them no more.
   * `history_unavailable`: the board could not be asked.
   */
  readonly reason: string;
  /** Of `driver_fault`: the driver's words. */
  readonly cause?: string;
  /** Of `clock_step`: ms to add to `t` of readings of that boot whose `mono` is lower. No reading is lost. */
  readonly offset?: number;
  readonly mono?: number;
}

/** As a board tells it, in an event or an answer. Undefined for what is none. */
export function gapOf(value: unknown): Omit<ReadingGap, "device" | "topic"> | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { boot, from, to, reason, cause, offset, mono } = value as Dict; // an object may be asked for any key
  if (typeof boot !== "string" || typeof from !== "number" || typeof reason !== "string") return undefined;
  if (to !== null && typeof to !== "number") return undefined;
  return {
    boot,
    from: Math.max(1, from),
    to: to ?? Number.POSITIVE_INFINITY,
    reason,
    ...(typeof cause === "string" ? { cause } : {}),
    ...(typeof offset === "number" && typeof mono === "number" ? { offset, mono } : {}),
  };
}
