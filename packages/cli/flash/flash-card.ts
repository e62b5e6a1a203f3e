/** From the options to a prepared card: all is read and checked, then told, then written. */
import { CommandFailure, ExitStatus } from "../exit-status.ts";
import { readBoardFiles } from "../provision/board-files.ts";
import type { DebianFile } from "../provision/debian-file.ts";
import { findPackage } from "../provision/find-package.ts";
import { checkHostname } from "../provision/hostname.ts";
import { octetsInWords } from "../provision/octets-in-words.ts";
import { readSshKeys } from "../provision/ssh-key.ts";
import { type BootPartition, type CardSystem, readCardSystem } from "./boot-partition.ts";
import { type Change, changesFor, octetsNeeded } from "./changes.ts";
import { imagePartition } from "./image-partition.ts";
import { mountedPartition } from "./mounted-partition.ts";

export interface FlashOptions {
  readonly boot?: string;
  readonly image?: string;
  readonly config: string;
  readonly credentials?: string;
  readonly package?: string;
  readonly hostname?: string;
  readonly sshKey?: string;
  readonly nodeOnCard?: true;
  readonly dryRun?: true;
}

/** For folders, and blocks that are not full. */
const SPARE = 1_048_576;

/** @throws CommandFailure before anything is written, unless writing itself fails */
export function flashCard(options: FlashOptions): void {
  const partition = openPartition(options);
  const system = readCardSystem(partition);
  const hostname = options.hostname === undefined ? undefined : checkHostname(options.hostname);
  const sshKeys = options.sshKey === undefined ? undefined : readSshKeys(options.sshKey);
  const deb = findPackage(options.package, system.architecture);
  if (!deb.hasNode && options.nodeOnCard !== true) throw refused(withoutNode(deb));
  const { files, words } = readBoardFiles(options.config, { folder: options.credentials });
  const card = { files, package: deb, hostname, sshKeys };
  const changes = changesFor(partition, system, card);
  tell(partition, { system, changes, words });
  const needed = octetsNeeded(changes) + SPARE;
  const free = partition.freeOctets();
  if (needed > free) {
    throw refused(
      `${partition.words} has ${octetsInWords(free)} free, and ${octetsInWords(needed)} are needed. Nothing was written`,
    );
  }
  if (options.dryRun === true) return console.log("dry run: nothing was written");
  write(partition, changes);
  const next =
    options.image === undefined
      ? "unmount it, put the card into the board"
      : "write it to a card, put that into the board";
  console.log(`done: ${next}, and switch it on. How it went will stand in pinion-first-boot.log beside config.txt`);
}

function openPartition({ boot, image }: FlashOptions): BootPartition {
  if (boot !== undefined) return mountedPartition(boot);
  if (image !== undefined) return imagePartition(image);
  throw refused("which card? --boot <mounted boot partition>, or --image <file.img>");
}

/** Its first start would fail, in a cupboard and without a network. */
function withoutNode({ file, architecture }: DebianFile): string {
  const target = architecture === "armhf" ? "linux-armv7" : "linux-arm64";
  return `${file} brings no Node, and a freshly written card has none: \`npm run build -- --target ${target} --with-node\` makes a package that does. For a card whose system has nodejs 20 or newer, say --node-on-card. Nothing was written`;
}

interface Told {
  readonly system: CardSystem;
  readonly changes: readonly Change[];
  readonly words: string;
}

function tell({ words: place }: BootPartition, { system, changes, words }: Told): void {
  console.log(`${words}\n`);
  const starter = system.firstBoot === "cloud-init" ? "cloud-init" : "firstrun.sh";
  console.log(`${place}: Raspberry Pi OS, ${system.architecture}, first start by ${starter}`);
  for (const { path, content, how, what } of changes) {
    console.log(`  ${how.padEnd(8)} ${path.padEnd(28)} ${octetsInWords(content?.length ?? 0).padStart(9)}  ${what}`);
  }
}

function write(partition: BootPartition, changes: readonly Change[]): void {
  const open = changes.filter(({ how }) => how !== "same");
  for (const [i, { path, content }] of open.entries()) {
    console.error(`${String(i + 1)}/${String(open.length)} ${content === undefined ? "removing" : "writing"} ${path}`);
    try {
      if (content === undefined) partition.remove(path);
      else partition.write(path, content);
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      throw new CommandFailure(
        ExitStatus.applicationError,
        `${path} could not be written: ${words}. The card is half prepared: run this again, or write the card anew`,
        { cause: error },
      );
    }
  }
  if (open.length === 0) console.error("all of it is there already");
}

function refused(words: string): CommandFailure {
  return new CommandFailure(ExitStatus.usage, words);
}
