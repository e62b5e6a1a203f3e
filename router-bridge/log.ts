/**
 * What the bridge says while it runs. `Log` is the part of pino it uses. A flood of one kind of line is folded: the first
 * is written at once, the rest as a count when the minute is over. Owns the open minutes, one for each kind of line.
 */
export interface Log {
  debug(fields: object, words: string): void;
  info(fields: object, words: string): void;
  warn(fields: object, words: string): void;
  error(fields: object, words: string): void;
}

const FOLD_MS = 60_000;

export class FoldedLog {
  readonly #log: Log;
  readonly #now: () => number;
  readonly #minutes = new Map<string, { since: number; folded: number }>();

  constructor(log: Log, now: () => number) {
    this.#log = log;
    this.#now = now;
  }

  /** Writes a warning of this `code`, at most one a minute; the next one after that tells how many were left out. */
  warn(code: string, fields: object, words: string): void {
    const now = this.#now();
    const minute = this.#minutes.get(code);
    if (minute !== undefined && now - minute.since < FOLD_MS) {
      minute.folded += 1;
      return;
    }
    const alike = minute?.folded ?? 0;
    this.#minutes.set(code, { since: now, folded: 0 });
    this.#log.warn(alike === 0 ? { code, ...fields } : { code, ...fields, leftOut: alike }, words);
  }
}
