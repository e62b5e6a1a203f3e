/** What `pinion-device --doctor` prints, and the status it ends with: 0, 1 when there is an error, 78 when pins cannot be told for one. */
import { formatProblems } from "@pinion/config";
import { hostname } from "node:os";
import { boardToExamine } from "../compose-board.ts";
import { ConfigTrial } from "../config-trial.ts";
import { doctorGpio } from "../doctor-gpio.ts";
import { findConfig } from "../find-config.ts";
import { journalDirectory } from "../journal-directory.ts";
import { readBoard } from "../read-board.ts";
import { stateFolder } from "../state-folder.ts";
import { examine, type Examined } from "./doctor.ts";
import { findingLine, type Finding } from "./finding.ts";

const EX_CONFIG = 78;

export interface Wanted {
  readonly what: "gpio" | "all";
  /** Left out: where a configuration usually lies. */
  readonly config: string | undefined;
  readonly json: boolean;
}

export async function diagnosis({
  what,
  config,
  json,
}: Wanted): Promise<{ readonly words: string; readonly status: number }> {
  const examined = await read(config);
  if (what === "gpio" && "problems" in examined)
    return { words: `pinion-device: ${formatProblems(examined.problems)}`, status: EX_CONFIG };
  const findings = what === "gpio" ? await pins(examined) : await examine(examined, { folders: foldersOf(examined) });
  const words = json ? JSON.stringify(findings) : findings.map(findingLine).join("\n");
  return { words, status: findings.some(({ level }) => level === "error") ? 1 : 0 };
}

async function read(config: string | undefined): Promise<Examined> {
  const place = findConfig(config);
  if ("words" in place) return { none: place.words.split(". ")[0] ?? place.words };
  const trial = new ConfigTrial(place.file, stateFolder());
  const read = await readBoard(trial.sourceOf(trial.present()), hostname());
  return read.ok ? { board: read.board, file: place.file } : { problems: read.problems };
}

/** Without a configuration to be found the whole header is told of. */
async function pins(examined: Examined): Promise<readonly Finding[]> {
  const board = "board" in examined ? examined.board : undefined;
  return await doctorGpio(await boardToExamine(board), board?.drivers);
}

/** Where the board writes: what outlives it, and its journal. */
function foldersOf(examined: Examined): readonly string[] {
  if (!("board" in examined)) return ["/"];
  const { config } = examined.board;
  const state = config.board.stateDir ?? stateFolder();
  const journal = journalDirectory(config.journal.directory, state);
  const named = [state, journal].filter((folder) => folder !== undefined);
  return named.length > 0 ? named : ["/"];
}
