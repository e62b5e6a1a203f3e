/** The Debian package on a virtual arm64 board under systemd (test/rig), which is given releases and configurations over a router. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { arm64Package } from "./arm64-bundle.ts";
import { BOARD, makeAccounts, pinion } from "./board-accounts.ts";
import { start, temporaryFolder, until } from "./programs.ts";
import type { Told } from "./virtual-board.ts";

const root = join(import.meta.dirname, "../..");
const scripts = join(root, "test/system/virtual-board");

export interface UpdatedBoard {
  /** With accounts, the key of releases and the configuration; for releases and what is seen. */
  readonly folder: string;
  readonly releaseKey: string;
  /** The configuration of the board. */
  readonly config: string;
  run(wish: BoardWish): Promise<Told>;
}

export interface BoardWish {
  /** The names of two programs in test/system/virtual-board, without -inside.sh and -outside.ts. */
  readonly inside: string;
  readonly outside: string;
  readonly boots: number;
  /** s */
  readonly limit: number;
  /** When power goes, for both programs. */
  readonly cuts?: readonly string[];
  readonly seed?: number;
  /** Shared with the board, by name. */
  readonly files?: ReadonlyMap<string, string>;
}

export function updatedBoard(t: TestContext): UpdatedBoard {
  const folder = temporaryFolder(t);
  makeAccounts(folder);
  const releaseKey = join(folder, "release.key");
  const publicKey = pinion("update", "keygen", releaseKey).trim();
  const config = `device: { id: ${BOARD}, naming: fleet }
router: { url: "rs://10.0.2.2:8080", auth: { authid: ${BOARD}, keyFile: /etc/pinion/${BOARD}.key } }
update: { publicKey: "${publicKey}" }
drivers:
  - use: gpio
    pins: { pump: { pin: GPIO17, direction: out, safe: 0 } }
`;
  const run = async ({ inside, outside, boots, limit, cuts = [], seed, files }: BoardWish): Promise<Told> => {
    const shared = join(folder, "shared");
    mkdirSync(shared);
    writeFileSync(join(shared, "board.yaml"), config);
    copyFileSync(join(folder, `${BOARD}.key`), join(shared, `${BOARD}.key`));
    copyFileSync(await arm64Package(), join(shared, "pinion.deb"));
    for (const [name, file] of files ?? []) copyFileSync(file, join(shared, name));
    copyFileSync(join(scripts, `${inside}-inside.sh`), join(shared, "inside.sh"));
    copyFileSync(join(scripts, "set-up-board.sh"), join(shared, "set-up-board.sh"));
    const host = [process.execPath, join(scripts, `${outside}-outside.ts`), folder, shared, ...cuts];
    const machine = ["--arch", "arm64", "--systemd", "--mem", "512", "--disk", "1024", "--boots", String(boots)];
    const chance = seed === undefined ? [] : ["--seed", String(seed)];
    const options = [...chance, "--env", `CUTS=${cuts.join(" ")}`, "--timeout", String(limit)];
    const command = ["bash", join(shared, "inside.sh"), "pinion.deb"];
    const rig = [...machine, ...options, "--host", host.join(" "), shared, "--", ...command];
    const board = start(join(root, "test/rig/gpio-vm"), rig);
    t.after(() => board.stop());
    await until("the end of the board", () => board.process.exitCode !== null, (limit + 60) * 1000, board.output);
    const seen = join(folder, "seen.jsonl");
    const outsideLines = existsSync(seen) ? readFileSync(seen, "utf8").trim().split("\n") : [];
    const insideLines = [...board.output().matchAll(/^FACT (.*)$/gm)].map(([, json = ""]) => json);
    const lines = [...insideLines, ...outsideLines].filter((line) => line !== "");
    const facts = new Map(lines.map((line) => JSON.parse(line) as [string, unknown])); // written by the two programs
    return { facts, text: `${board.output()}\n${outsideLines.join("\n")}` };
  };
  return { folder, releaseKey, config, run };
}
