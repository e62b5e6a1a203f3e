/** `pinion-device update` and `pinion-device config`: for somebody at the board. The running board notices what they leave behind. */
import { existsSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { BoardConfig, ReadBoardConfig } from "../board-config.ts";
import type { ConfigTrial } from "../config-trial.ts";
import { planChange } from "./config-change.ts";
import { Refused } from "@pinion/client/release";
import { updateFromFile } from "./update-file.ts";
import { Updates, type UpdatesContext } from "./updates.ts";

export const COMMAND_HELP = `Usage: pinion-device update <file.tar.gz> [--unsigned] [--config <file>]
       pinion-device update --package
       pinion-device config show | plan <file> | apply <file> | confirm | revert  [--config <file>]

update         put a release beside the others and let the board start with it; one that does not prove itself is taken back
  --unsigned   although the board has a key, take one that nobody signed: you are at the board
  --package    run the package's own program again
config show    print the configuration in force
config plan    say what another one would change, and change nothing
config apply   let the board start with another one; taken back after 60 s unless confirmed
config confirm keep it
config revert  take it back now
`;

export interface CommandContext {
  readonly board: BoardConfig;
  readonly trial: ConfigTrial;
  readonly readBoard: (text: string) => Promise<ReadBoardConfig>;
  /** Undefined: there is no state directory. */
  readonly updates: UpdatesContext | undefined;
  readonly say: (words: string) => void;
}

/** `args` begins with `update` or `config`. @throws Refused */
export async function runCommand(args: readonly string[], context: CommandContext): Promise<void> {
  const { positionals, values } = read(args);
  const [command = "", ...rest] = positionals;
  if (values.help === true) return context.say(COMMAND_HELP.trimEnd());
  const { updates } = context;
  if (updates === undefined) {
    throw new Refused("bad_config", "there is no state directory", "set board.stateDir, or run the board as a service");
  }
  becomeOwner(updates.root);
  if (command === "config") return config(rest, context);
  if (values.package === true) {
    if (rest.length > 0) throw usage("either a file or --package: the latter runs the program of the package again");
    await new Updates(updates).leave();
    return context.say("the next start runs the package's own program; a board that runs starts anew by itself");
  }
  const [file, ...extra] = rest;
  if (file === undefined || extra.length > 0) throw usage("give one file: pinion-device update <file.tar.gz>");
  const version = await updateFromFile(new Updates(updates), file, {
    mustJoin: existsSync(join(updates.root, "joined")),
    unsigned: values.unsigned === true,
    hasKey: updates.isSigned !== undefined,
  });
  context.say(`release ${version} is in place and on trial; a board that runs starts anew with it by itself`);
}

function read(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        config: { type: "string", short: "c" },
        unsigned: { type: "boolean" },
        package: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw usage(error instanceof Error ? error.message : String(error));
  }
}

async function config([action, file, ...extra]: readonly string[], context: CommandContext): Promise<void> {
  const { trial, board, readBoard, say } = context;
  if (extra.length > 0) throw usage("too many arguments");
  if (action === "show") return say(trial.textOf(trial.present()).trimEnd());
  if (action === "plan" || action === "apply") {
    if (file === undefined) throw usage(`config ${action} takes a file`);
    const text = await readFile(file, "utf8").catch((error: unknown) => {
      throw new Refused("bad_config", `${file} cannot be read: ${String(error)}`, "name another file");
    });
    const plan = planChange(board, await readBoard(text));
    say(plan.words);
    if (action === "plan") return;
    if (trial.isPending) throw new Refused("busy", "one is on trial already", "confirm or revert that one first");
    trial.apply(text, 0);
    return say("applied: the board starts anew with it, and takes it back after 60 s unless `config confirm` keeps it");
  }
  if (action === "confirm" || action === "revert") {
    if (!trial.isPending) throw new Refused("nothing_pending", "no configuration is on trial", "apply one first");
    if (action === "revert") {
      trial.revert("somebody asked for it");
      return say("taken back: a board that runs starts anew with the one before");
    }
    if (!trial.hasBegun) throw new Refused("nothing_pending", "the board has not started with it yet", "wait for that");
    trial.confirm();
    return say("confirmed");
  }
  throw usage("config show, plan <file>, apply <file>, confirm or revert");
}

/** What root leaves behind has to be the service's own. */
function becomeOwner(folder: string): void {
  if (process.getuid?.() !== 0 || !existsSync(folder)) return;
  const { uid, gid } = statSync(folder);
  if (uid === 0) return;
  process.setgroups?.([gid]);
  process.setgid?.(gid);
  process.setuid?.(uid);
}

function usage(words: string): Refused {
  return new Refused("bad_artefact", words, "--help shows how");
}
