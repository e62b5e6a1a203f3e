/** `pinion config`: another configuration for a board, here or over the router, that is taken back unless somebody confirms it. */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type Command, Option } from "commander";
import { ApplicationError } from "@pinion/wamp";
import { boardPrefix, callBoard } from "./board-procedures.ts";
import { runDeviceProgram } from "./device-program.ts";
import { CommandFailure, ExitStatus } from "./exit-status.ts";
import { makeClient, untilReady } from "./link.ts";
import { type LinkOptions, withLinkOptions } from "./link-options.ts";

const ACTIONS = ["show", "plan", "apply", "confirm", "revert"] as const;
type Action = (typeof ACTIONS)[number];

interface ConfigOptions extends LinkOptions {
  readonly to?: string;
  readonly config?: string;
  readonly confirm?: true;
}

/** ms for a board to start anew and be there again: slow ones take a while, and its minute begins only then. */
const RETURN_LIMIT = 300_000;
const PAUSE = 1_000;

export function addConfigCommand(program: Command): void {
  withLinkOptions(program.command("config").argument("<action>", ACTIONS.join(", ")).argument("[file]"))
    .description(
      "show a board's configuration, plan or apply another one; it is taken back after 60 s unless confirmed",
    )
    .option("--to <board>", "the id of a board at the router; without it: this board")
    .option(
      "-c, --config <file>",
      "here: the file that is in force; default: ./board.yaml, then /etc/pinion/board.yaml",
    )
    .addOption(new Option("--confirm", "with --to and apply: confirm it from a new session when the board is back"))
    .action((action: string, file: string | undefined, options: ConfigOptions) => run(action, file, options));
}

async function run(action: string, file: string | undefined, options: ConfigOptions): Promise<void> {
  const { to, config } = options;
  if (!isAction(action)) throw usage(`there is no config ${action}; it is one of ${ACTIONS.join(", ")}`);
  const takesFile = action === "plan" || action === "apply";
  if (takesFile !== (file !== undefined)) throw usage(`config ${action} takes ${takesFile ? "a file" : "no file"}`);
  if (to === undefined) {
    if (options.confirm === true) throw usage("--confirm goes with --to; here, confirm it yourself");
    const named = config === undefined ? [] : ["--config", config];
    return runDeviceProgram(["config", action, ...(file === undefined ? [] : [file]), ...named]);
  }
  await overRouter(action, file, { ...options, to });
}

async function overRouter(
  action: Action,
  file: string | undefined,
  options: ConfigOptions & { readonly to: string },
): Promise<void> {
  const { to } = options;
  const answer = await inSession(options, to, action, file === undefined ? [] : [readText(file)]);
  if (action === "show") console.log((answer as { text: string }).text.trimEnd()); // as the board's README has it
  // as the board's README has it; words of a stranger must not steer the terminal
  if (file !== undefined) console.log((answer as { words: string }).words.replaceAll(/(?!\n)\p{Cc}/gu, " "));
  if (action === "apply" && options.confirm === true) await confirmLater(options, to);
  else if (action === "apply")
    console.error(`applied; it is taken back after 60 s unless: pinion config confirm --to ${to}`);
  if (action === "confirm") console.error("confirmed");
}

function isAction(action: string): action is Action {
  return ACTIONS.some((one) => one === action);
}

/** Each in a session of its own, as a confirmation has to be. */
async function inSession(
  options: LinkOptions,
  board: string,
  action: Action,
  args: readonly unknown[],
): Promise<unknown> {
  const client = makeClient(options, false);
  try {
    await untilReady(client, options);
    return await callBoard(client, `${await boardPrefix(client, board)}config.${action}`, args);
  } finally {
    await client.close();
  }
}

async function confirmLater(options: LinkOptions, board: string): Promise<void> {
  let last: unknown;
  let wasAway = false;
  for (const end = Date.now() + RETURN_LIMIT; Date.now() < end; await sleep(PAUSE)) {
    try {
      await inSession(options, board, "confirm", []);
      console.error("the board is back with it: confirmed");
      return;
    } catch (error) {
      last = error; // it starts anew
      const isNotOnTrial = error instanceof ApplicationError && error.uri === "pinion.error.nothing_pending";
      if (isNotOnTrial && wasAway) break;
      wasAway ||= !isNotOnTrial;
    }
  }
  const words = `the board was not back in time, or has taken it back: ${last instanceof Error ? last.message : String(last)}`;
  throw new CommandFailure(ExitStatus.applicationError, words);
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw usage(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function usage(words: string): CommandFailure {
  return new CommandFailure(ExitStatus.usage, words);
}
