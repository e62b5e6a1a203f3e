/** A boot partition that the system has mounted. */
import {
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  accessSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { CommandFailure, ExitStatus } from "../exit-status.ts";
import type { BootPartition } from "./boot-partition.ts";

/** Where this very machine starts from. */
const OWN = new Set(["/", "/boot", "/boot/firmware", "/boot/efi"]);
/** Octets of one write: a card takes some seconds for many of them, and what is on the way is bounded. */
const PIECE = 1_048_576;

/** @throws CommandFailure for a folder that cannot be it */
export function mountedPartition(folder: string): BootPartition {
  const root = checked(folder);
  const at = (path: string): string => join(root, path);
  return {
    words: folder,
    names: (path) => {
      try {
        return readdirSync(at(path), { withFileTypes: true }).flatMap((one) => (one.isFile() ? [one.name] : []));
      } catch (error) {
        if (isMissing(error)) return [];
        throw error;
      }
    },
    read: (path) => {
      try {
        return readFileSync(at(path));
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    write: (path, content) => {
      mkdirSync(dirname(at(path)), { recursive: true });
      const half = `${at(path)}.new`;
      writeThrough(half, content);
      renameSync(half, at(path));
      syncFolder(dirname(at(path)));
    },
    remove: (path) => rmSync(at(path), { force: true }),
    freeOctets: () => {
      const { bavail, bsize } = statfsSync(root);
      return bavail * bsize;
    },
  };
}

function checked(folder: string): string {
  try {
    if (!statSync(folder).isDirectory()) throw refused(`--boot ${folder} is no folder: a file is given as --image`);
    const root = realpathSync(folder);
    if (OWN.has(root)) throw refused(`--boot ${folder} is what this machine itself starts from`);
    accessSync(root, constants.W_OK);
    return root;
  } catch (error) {
    if (error instanceof CommandFailure) throw error;
    const words = error instanceof Error ? error.message : String(error);
    throw refused(`--boot ${folder}: ${words}. Is the card mounted, for writing, by this user?`);
  }
}

function writeThrough(file: string, content: Buffer): void {
  const descriptor = openSync(file, "w", 0o600);
  try {
    for (let at = 0; at < content.length; at += PIECE) {
      const piece = content.subarray(at, at + PIECE);
      for (let done = 0; done < piece.length;) done += writeSync(descriptor, piece, done);
    }
    fsyncSync(descriptor);
  } catch (error) {
    rmSync(file, { force: true });
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

/** FAT takes it; what does not has nothing to be synced. */
function syncFolder(folder: string): void {
  try {
    const descriptor = openSync(folder, "r");
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    // the file itself is on the medium
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}

function refused(words: string): CommandFailure {
  return new CommandFailure(ExitStatus.usage, words);
}
