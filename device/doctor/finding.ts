/** What the doctor has to say: one line each, and the command or step that cures it. */

export type Level = "ok" | "warning" | "error";

/** One finding. `cure` says what to do about anything but `ok`. */
export interface Finding {
  /** Which check: gpio, node, kernel, groups, ports, files, power, clock, disk, tls, router, permissions, addons, config. */
  readonly check: string;
  readonly level: Level;
  readonly words: string;
  readonly cure?: string;
}

export const ok = (check: string, words: string): Finding => ({ check, level: "ok", words });
export const warning = (check: string, words: string, cure: string): Finding => ({
  check,
  level: "warning",
  words,
  cure,
});
export const error = (check: string, words: string, cure: string): Finding => ({ check, level: "error", words, cure });

export function findingLine({ level, words, cure }: Finding): string {
  return `${level.padEnd(8)}${words}${cure === undefined || level === "ok" ? "" : `\n        ${cure}`}`;
}
