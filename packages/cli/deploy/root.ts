/** Commands as root on a board: by logging in as root, or by sudo, with a password where it asks for one. */
import { readFileSync } from "node:fs";
import { askPassword } from "../ask-secret.ts";
import { CommandFailure, ExitStatus } from "../exit-status.ts";
import type { Facts } from "./facts.ts";
import type { Ended, Given, SshBoard } from "./ssh.ts";

export type AsRoot = (command: string, given: Given) => Promise<Ended>;

/** @throws CommandFailure that says why the user cannot be root there, and what cures it */
export async function rootOf(board: SshBoard, facts: Facts, passwordFile: string | undefined): Promise<AsRoot> {
  if (facts.one("uid") === "0") return (command, given) => board.run(`exec ${command}`, given);
  const who = `${facts.one("user")} on ${board.name}`;
  const sudo = facts.one("sudo");
  if (sudo === "")
    throw refused(
      `${who} is not root, and there is no sudo: log in as root, pinion deploy root@<board>, or install sudo`,
    );
  if (sudo === "free") return (command, given) => board.run(`exec sudo -n ${command}`, given);
  if (/must have a tty/.test(sudo))
    throw refused(`sudo wants a terminal for ${who}: remove requiretty from its sudoers, or log in as root`);
  if (/may not run|not allowed|not in the sudoers/.test(sudo))
    throw refused(`${who} may not use sudo: ${HOW_TO_ALLOW}`);
  const password = await passwordFor(who, passwordFile);
  // -k: what sudo remembers would leave the password to the command
  const asked = `sudo -k -S -p ''`;
  const tried = await board.run(`exec ${asked} true`, { input: [password] });
  if (tried.status !== 0) {
    if (/sudoers|may not run|not allowed/.test(tried.stderr)) throw refused(`${who} may not use sudo: ${HOW_TO_ALLOW}`);
    throw refused(`sudo does not take this password for ${who}`);
  }
  return (command, given) =>
    board.run(`exec ${asked} ${command}`, { ...given, input: [password, ...(given.input ?? [])] });
}

const HOW_TO_ALLOW = "let it, as root on the board: adduser <user> sudo; or log in as root";

/** A line. */
async function passwordFor(who: string, file: string | undefined): Promise<Buffer> {
  if (file !== undefined) return Buffer.from(`${firstLine(file)}\n`);
  if (!process.stdin.isTTY) {
    const cure =
      "run this in a terminal, give it --sudo-password-file <file>, log in as root, or let sudo not ask: on the board, " +
      'echo "$USER ALL=(ALL) NOPASSWD: ALL" | sudo tee /etc/sudoers.d/010_nopasswd';
    throw refused(`sudo asks for the password of ${who}, and there is no terminal to type it at: ${cure}`);
  }
  return Buffer.from(`${await askPassword(`password of ${who}, for sudo: `)}\n`);
}

function firstLine(file: string): string {
  try {
    return readFileSync(file, "utf8").split(/\r?\n/, 1)[0] ?? "";
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw refused(`--sudo-password-file ${file} cannot be read: ${words}`);
  }
}

function refused(words: string): CommandFailure {
  return new CommandFailure(ExitStatus.usage, `${words}. Nothing was changed`);
}
