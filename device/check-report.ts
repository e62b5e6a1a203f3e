/** `--check`: what a configuration amounts to, for people and for the program that brings it to a board. */
import { formatProblems } from "@pinion/config";
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { boardToExamine } from "./compose-board.ts";
import type { ConfigSource } from "./config-source.ts";
import { isFile } from "./guest/is-file.ts";
import { checkPins } from "./pin-check.ts";
import { planWords } from "./plan-words.ts";
import { readBoard } from "./read-board.ts";

/** Either the problems, in words, or what the board is and needs. */
export type CheckReport =
  | { readonly problems: string }
  | {
      readonly id: string;
      readonly words: string;
      /** What `router` names, by its key, as it is written. `toEnroll`: a key that is not there and is made on the board. */
      readonly files: readonly { readonly key: string; readonly file: string; readonly toEnroll?: true }[];
      /** The files of drivers of others, as they are written. */
      readonly drivers: readonly string[];
      /** What could not be told on this machine, in words. */
      readonly warnings: readonly string[];
    };

export interface CheckWish {
  /** The configuration is another machine's: what `router` names is looked for there, by its name. */
  readonly folder: string | undefined;
  /** It is this machine's all the same. */
  readonly here: boolean;
  /** A key that is not there may be missing. */
  readonly toEnroll: boolean;
}

export async function checkReport(
  source: ConfigSource,
  { folder, here, toEnroll }: CheckWish,
  hostname: string,
): Promise<CheckReport> {
  const later = (key: string, place: string): boolean => toEnroll && key === "keyFile" && !existsSync(place);
  const placed = (named: string): string => (folder === undefined ? named : join(folder, basename(named)));
  const placeOf = (named: string, key: string): string | undefined =>
    later(key, placed(named)) ? undefined : placed(named);
  const read = await readBoard({ ...source, placeOf }, hostname);
  if (!read.ok) return { problems: formatProblems(read.problems) };
  const { findings, warnings } = await checkPins(
    read.board,
    folder === undefined || here ? await boardToExamine(read.board) : undefined,
  );
  if (findings.length > 0) {
    const again = await readBoard({ ...source, placeOf, further: findings }, hostname);
    if (!again.ok) return { problems: formatProblems(again.problems) };
  }
  const { config, naming } = read.board;
  const { tls = {}, auth = {} } = config.router;
  const named = Object.entries({
    "router.tls.ca": tls.ca,
    "router.tls.cert": tls.cert,
    "router.tls.key": tls.key,
    "router.auth.secretFile": auth.secretFile,
    "router.auth.ticketFile": auth.ticketFile,
    "router.auth.keyFile": auth.keyFile,
  });
  return {
    id: naming.id,
    words: [planWords(read.board), ...warnings.map((one) => `\nwarning: ${one}`)].join("\n"),
    files: named.flatMap(([key, file]) => {
      if (file === undefined) return [];
      return [{ key, file, ...(later(key.replace(/.*\./, ""), placed(file)) ? { toEnroll: true as const } : {}) }];
    }),
    drivers: [...new Set(config.drivers.map(({ use }) => use).filter(isFile))],
    warnings,
  };
}
