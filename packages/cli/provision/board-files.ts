/** A board's configuration and what it names, read and checked on another machine before anything is written anywhere. */
import { createHash } from "node:crypto";
import { lstatSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { askDeviceProgram } from "../device-program.ts";
import { CommandFailure, ExitStatus } from "../exit-status.ts";

/** Where all of it lies on the board. */
const HOME = "/etc/pinion";
export const CONFIG_NAME = "board.yaml";
/** Octets of one file that a configuration names. */
const MAX_OCTETS = 1_048_576;
/** Names that go through a shell, a FAT file system and a list of checksums as they are. */
const PLAIN_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/;

export interface BoardFile {
  /** Below /etc/pinion on the board. */
  readonly name: string;
  readonly content: Buffer;
  /** In hex. */
  readonly sha256: string;
  /** Whose it is here. */
  readonly from: string;
}

export interface BoardFiles {
  /** The configuration is the first. */
  readonly files: readonly BoardFile[];
  /** What it amounts to, in words. */
  readonly words: string;
  /** The name of a key that is not here: the board makes it. */
  readonly keyToMake: string | undefined;
}

export interface FilesWish {
  /** Where the files are that the configuration names; default: beside it. */
  readonly folder?: string | undefined;
  /** Whether the key of `router.auth.keyFile` may be missing. */
  readonly mayMakeKey?: true;
}

/** What `pinion-device --check --json` prints. */
type Report =
  | { readonly problems: string }
  | {
      readonly words: string;
      readonly files: readonly { readonly key: string; readonly file: string; readonly toEnroll?: true }[];
      readonly drivers: readonly string[];
    };

/** @throws CommandFailure */
export function readBoardFiles(config: string, { folder = dirname(config), mayMakeKey }: FilesWish): BoardFiles {
  const own = fileFrom(CONFIG_NAME, config, "the configuration");
  const check = ["--check", "--json", "--config", config, "--files", folder, ...(mayMakeKey ? ["--to-enroll"] : [])];
  const report = JSON.parse(askDeviceProgram(check)) as Report; // by device/check-report.ts
  if ("problems" in report) {
    console.error(report.problems);
    throw refused(`${config} is wrong as said above. Nothing was written`);
  }
  let keyToMake: string | undefined;
  const named = report.files.flatMap(({ key, file, toEnroll }): readonly BoardFile[] => {
    const name = basename(file);
    if (file !== `${HOME}/${name}`) {
      const where = join(folder, name);
      throw refused(
        `${config}: ${key} is ${file}, which is no place on the board: write ${HOME}/${name}; it is taken from ${where}`,
      );
    }
    if (toEnroll) {
      keyToMake = name;
      return [];
    }
    return [fileFrom(name, join(folder, name), key)];
  });
  const drivers = report.drivers.map((use): BoardFile => {
    const name = basename(use);
    const from = join(dirname(config), name);
    if (use !== `./${name}` && use !== `${HOME}/${name}`)
      throw refused(
        `${config}: use: ${use}: a driver of others has to lie beside the configuration: write use: ./${name}`,
      );
    return fileFrom(name, from, `use: ${use}`);
  });
  const files = [own, ...unique([...named, ...drivers])];
  const odd = files.find(({ name }) => !PLAIN_NAME.test(name));
  if (odd !== undefined) throw refused(`${odd.from}: a file for a board is named by letters, digits, '.', '_' and '-'`);
  if (keyToMake !== undefined && !PLAIN_NAME.test(keyToMake))
    throw refused(`router.auth.keyFile: ${keyToMake} is no name for a key`);
  return { files, words: report.words, keyToMake };
}

function unique(files: readonly BoardFile[]): readonly BoardFile[] {
  const byName = new Map<string, BoardFile>();
  for (const file of files) {
    const same = byName.get(file.name.toLowerCase());
    if (file.name === CONFIG_NAME || (same !== undefined && same.from !== file.from))
      throw refused(`two files are named ${file.name}: on the board they would be one`);
    byName.set(file.name.toLowerCase(), file);
  }
  return [...byName.values()];
}

function fileFrom(name: string, from: string, what: string): BoardFile {
  const content = read(from, what);
  return { name, content, sha256: createHash("sha256").update(content).digest("hex"), from };
}

function read(file: string, what: string): Buffer {
  try {
    const { size } = lstatSync(file);
    if (size > MAX_OCTETS) throw new Error(`it has ${String(size)} octets; at most ${String(MAX_OCTETS)} are taken`);
    return readFileSync(file);
  } catch (error) {
    throw refused(`${what}: ${file} cannot be taken: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function refused(words: string): CommandFailure {
  return new CommandFailure(ExitStatus.usage, words);
}
