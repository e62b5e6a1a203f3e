export interface JournalLimits {
  /** Octets on disk, in all. */
  readonly capacity: number;
  /** Octets of one file; capacity is given back in these. At most an eighth of it. */
  readonly segment: number;
  /** ms until what has been appended is written. 0: each reading at once. */
  readonly commitEvery: number;
  /** Octets after which it is written without waiting. */
  readonly commitOctets: number;
  /** Octets that wait in memory while the disk takes none. */
  readonly memory: number;
  /** Octets of one reading. */
  readonly reading: number;
}

export const journalDefaults: JournalLimits = {
  capacity: 16 * 1024 * 1024,
  segment: 256 * 1024,
  commitEvery: 2_000,
  commitOctets: 64 * 1024,
  memory: 256 * 1024,
  reading: 64 * 1024,
};
