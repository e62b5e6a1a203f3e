/**
 * `pinion create`: a folder with all that a house needs to run: configurations, accounts, a page, a backend, services, and the
 * programs themselves. It is made beside its place and moved there whole, so nobody finds half of one, and nothing is overwritten.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { CommandFailure, ExitStatus } from "./exit-status.ts";
import { copyProgram, findPrograms, type Programs } from "./project-programs.ts";
import { writeSecrets } from "./project-secrets.ts";
import { writeTemplate } from "./project-template.ts";

type Board = "simulated" | "linux";

interface CreateOptions {
  readonly port: number;
  readonly board?: Board;
}

/** It names users (32 characters at most) and units of systemd, and stands in URLs. */
const NAME = /^[a-z][a-z0-9-]{0,22}[a-z0-9]$/;
const MODEL = "/proc/device-tree/model";

export function addCreateCommand(program: Command): void {
  program
    .command("create")
    .argument("<folder>", "of the new project; its last part is the project's name")
    .description("make a project that runs: a board, its router, a page, a backend that writes CSV, services")
    .addOption(new Option("--port <n>", "that its router listens on, on this machine").argParser(port).default(8080))
    .addOption(
      new Option(
        "--board <kind>",
        "simulated: no hardware is touched; linux: this board's pins. Default: linux on a Raspberry Pi",
      ).choices(["simulated", "linux"]),
    )
    .action((folder: string, options: CreateOptions) => create(folder, options));
}

function port(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > 65_535) throw new InvalidArgumentError("a port is 1 to 65535");
  return value;
}

async function create(folder: string, options: CreateOptions): Promise<void> {
  const place = resolve(folder);
  const name = basename(place);
  refuse(place, name);
  const programs = findPrograms(process.argv[1] ?? "");
  const board = options.board ?? (isRaspberryPi() ? "linux" : "simulated");
  const draft = join(dirname(place), `.${name}.${String(process.pid)}.new`);
  try {
    mkdirSync(draft, { mode: 0o755 });
    writeTemplate(programs.template, draft, { board, values: valuesFor(name, { ...options, board }, programs) });
    for (const one of programs.found) copyProgram(one, join(draft, "programs", one.target));
    await writeSecrets(join(draft, "secrets"));
    renameSync(draft, place);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    const words = error instanceof Error ? error.message : String(error);
    throw new CommandFailure(ExitStatus.applicationError, `${place} was not made: ${words}`, { cause: error });
  }
  const shown = relative(process.cwd(), place);
  console.error(
    `made ${place}${board === "linux" ? ": it drives GPIO17 (header 11) of this board; board.yaml says so" : ""}`,
  );
  console.log(`cd ${shown.startsWith("..") || shown !== "" ? shown : place} && npm start`);
}

function refuse(place: string, name: string): void {
  if (!NAME.test(name)) {
    const words = "a name of 2 to 24 characters: a-z, 0-9 and -, the first a letter, the last no -";
    throw new CommandFailure(ExitStatus.usage, `'${name}' cannot be a project's name: choose ${words}`);
  }
  const above = dirname(place);
  if (!existsSync(above)) throw new CommandFailure(ExitStatus.usage, `there is no folder ${above}: make it first`);
  if (!existsSync(place)) return;
  const isEmpty = statSync(place).isDirectory() && readdirSync(place).length === 0;
  if (isEmpty) return;
  throw new CommandFailure(
    ExitStatus.usage,
    `${place} is there already, and nothing is overwritten: choose another name`,
  );
}

function isRaspberryPi(): boolean {
  try {
    return readFileSync(MODEL, "utf8").startsWith("Raspberry Pi");
  } catch {
    return false;
  }
}

function valuesFor(name: string, { port, board }: CreateOptions, { found }: Programs): Record<string, string> {
  return {
    name,
    id: name.replaceAll("-", "_"),
    port: String(port),
    pressed:
      board === "simulated" ? "the lamp goes on, simulated, and its contact closes" : "GPIO17 (header 11) goes high",
    hardware:
      board === "simulated"
        ? "`board.yaml` says `gpio: simulated`. On the Pi remove that and the two lines after it, and write what is wired to it."
        : "`board.yaml` drives GPIO17 and reads GPIO27. Write there what is wired to yours.",
    targets: found.map(({ target }) => `\`${target}\``).join(", "),
  };
}
