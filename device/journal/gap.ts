/**
 * journal_full: the oldest segment went to make room. journal_damaged: it could not be read back. journal_unwritable: the disk
 * took nothing and memory was full. unclean_stop: power or process went away with readings not yet on disk.
 * too_large: one reading over the journal's limit. dropped_by_policy: of a stream that is not journaled, without a session.
 * driver_fault, clock_step: no reading is lost; one number stands for what was not read, or for the jump in time.
 */
export const gapReasons = [
  "journal_full",
  "journal_damaged",
  "journal_unwritable",
  "unclean_stop",
  "too_large",
  "dropped_by_policy",
  "driver_fault",
  "clock_step",
] as const;

export type GapReason = (typeof gapReasons)[number];

/**
 * Readings of one stream and boot that nobody may be able to get any more. What was delivered before it was lost may lie within,
 * so a gap is an upper bound of the loss; what lies in no gap is delivered.
 */
export interface Gap {
  /** The same for a gap that grows. It may be told again as it was earlier: the widest one holds. */
  readonly id: string;
  readonly stream: string;
  readonly boot: string;
  readonly from: number;
  /** null: up to the end of that boot, whatever that was. */
  readonly to: number | null;
  readonly reason: GapReason;
  /** Wall clock, ms since 1970, when it was found. */
  readonly t: number;
  readonly detail?: GapDetail;
}

export interface GapDetail {
  /** driver_fault: the driver's words. */
  readonly cause?: string;
  /** clock_step: ms to add to `t` of readings of that boot whose `mono` is lower. */
  readonly offset?: number;
  readonly mono?: number;
}

export function gapEnd({ to }: Pick<Gap, "to">): number {
  return to ?? Number.POSITIVE_INFINITY;
}

const WORDS: Readonly<Record<Exclude<GapReason, "driver_fault" | "clock_step">, string>> = {
  journal_full: "the journal was full, the oldest readings made room",
  journal_damaged: "they could not be read back from the journal",
  journal_unwritable: "the disk took nothing and memory was full",
  unclean_stop: "power or process went away before they were on disk",
  too_large: "one was larger than the journal takes",
  dropped_by_policy: "they are not journaled, and there was no session",
};

/** What people read of it. */
export function gapWords({ from, to, reason, detail }: Pick<Gap, "from" | "to" | "reason" | "detail">): string {
  if (reason === "driver_fault") return `nothing is read: ${detail?.cause ?? "the driver failed"}`;
  if (reason === "clock_step") return `no reading is lost, but the clock was set by ${String(detail?.offset ?? 0)} ms`;
  const range =
    to === null ? `from ${String(from)} on` : from === to ? String(from) : `${String(from)} to ${String(to)}`;
  return `readings ${range} of that boot are lost: ${WORDS[reason]}`;
}
