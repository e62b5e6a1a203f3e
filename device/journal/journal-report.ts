export interface JournalReport {
  readonly state: "ok" | "failing" | "closed";
  readonly cause?: string;
  /** Readings that nobody has acknowledged. */
  readonly pending: number;
  /** Gaps that nobody has been told of. */
  readonly gaps: number;
  /** Octets on disk, in whole blocks. */
  readonly octets: number;
  readonly capacity: number;
  readonly segments: number;
  /** Octets written since the start. */
  readonly written: number;
  readonly writtenPerDay: number;
  /** Wall clock of the oldest reading kept, ms since 1970. */
  readonly oldest?: number;
}
