/** One measured figure. A claim is a ratio to something measured in the same run; absolute values are the machine's. */
export interface BenchResult {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  /** What `ratio` compares with, in the same run. */
  readonly ratioTo?: string;
  readonly ratio?: number;
}

/** The middle of several runs of one measurement. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
