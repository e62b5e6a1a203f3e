/** The first start by cloud-init: two more commands in user-data, and an instance that has not been set up yet. Other lines stay. */
import { CommandFailure, ExitStatus } from "../exit-status.ts";

const MARK = "# by pinion flash";
/** Whatever else happened to the card: without the script there is nothing to do. */
const run = (word = ""): string => `[ sh, -c, "s=/boot/firmware/pinion/first-boot.sh; [ ! -e $s ] || sh $s${word}" ]`;
/**
 * cloud-init notes that it has run runcmd before it does, so it does not again when power goes then. Thus bootcmd, which comes first and at
 * every start, leaves a unit behind that does.
 */
const COMMANDS = [
  ["runcmd", run()],
  ["bootcmd", run(" come-again")],
] as const;

/** @throws CommandFailure where the file is none that a line can be added to */
export function withCommands(userData: string, hostname: string | undefined): string {
  const text = userData.trim() === "" ? "#cloud-config\n" : userData;
  if (!/^#cloud-config\s*$/m.test(text.split("\n", 1)[0] ?? "")) {
    throw cannot(
      `it begins with ${JSON.stringify(text.split("\n", 1)[0])} instead of #cloud-config, so no command can be added to it`,
    );
  }
  let lines = text.replace(/\n*$/, "").split("\n");
  lines = lines.filter((line) => !line.endsWith(MARK));
  if (hostname !== undefined) {
    lines = lines.filter((line) => !line.startsWith("hostname:"));
    lines.splice(1, 0, `hostname: ${hostname} ${MARK}`);
  }
  const all = COMMANDS.reduce<readonly string[]>((text, [key, command]) => addCommand(text, key, command), lines);
  return `${all.join("\n")}\n`;
}

/** Ours comes first. */
function addCommand(lines: readonly string[], key: string, command: string): readonly string[] {
  const at = lines.findIndex((line) => new RegExp(`^["']?${key}["']?\\s*:`).test(line));
  if (at === -1) return [...lines, `${key}:`, `  - ${command} ${MARK}`];
  if (!new RegExp(`^${key}:\\s*(#.*)?$`).test(lines[at] ?? ""))
    throw cannot(`its ${key} is not written as a list with one command a line: write it so, with "- " before each`);
  const item = lines.slice(at + 1).find((line) => line.trim() !== "" && !line.trim().startsWith("#"));
  const indent = /^( *)- /.exec(item ?? "")?.[1] ?? "  ";
  return [...lines.slice(0, at + 1), `${indent}- ${command} ${MARK}`, ...lines.slice(at + 1)];
}

/** cloud-init takes user-data once for each instance: another id, so that it takes what is here now. */
export function withInstanceId(metaData: string, id: string): string {
  const line = `instance-id: ${id}`;
  const written = /^["']?instance[-_]id["']?\s*:.*$/m;
  if (written.test(metaData)) return metaData.replace(written, line);
  return `${metaData === "" || metaData.endsWith("\n") ? metaData : `${metaData}\n`}${line}\n`;
}

/** The same where the kernel's command line gives it, which holds before the file. */
export function withKernelInstanceId(cmdline: string, id: string): string {
  return cmdline.replace(/(\bds=nocloud\S*;i=)[^;\s]*/, (_, before: string) => `${before}${id}`);
}

function cannot(why: string): CommandFailure {
  return new CommandFailure(ExitStatus.usage, `user-data on the card: ${why}. Nothing was written`);
}
