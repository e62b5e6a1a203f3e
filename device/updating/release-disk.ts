/** What releases ask of a disk. Paths are relative to the state directory; only `copy` may take one from elsewhere. */
import { constants } from "node:fs";
import {
  copyFile,
  chmod,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  statfs,
  symlink,
} from "node:fs/promises";
import { join, resolve } from "node:path";

export interface ReleaseDisk {
  /** Names in a directory; none where there is no such directory. */
  list(path: string): Promise<readonly string[]>;
  read(path: string): Promise<Uint8Array | undefined>;
  /** Octets of a file; undefined where there is none. */
  size(path: string): Promise<number | undefined>;
  /** What a symbolic link says. */
  target(path: string): Promise<string | undefined>;
  makeDirectory(path: string): Promise<void>;
  /** A file with these octets, which outlive a power cut once its directory is synced. */
  write(path: string, octets: Uint8Array | string, mode: number): Promise<void>;
  /** At the end of a file, which is made; they outlive a power cut. */
  append(path: string, octets: Uint8Array): Promise<void>;
  copy(from: string, to: string, mode: number): Promise<void>;
  setMode(path: string, mode: number): Promise<void>;
  link(target: string, path: string): Promise<void>;
  /** Replaces what is there, at once. */
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Names in this directory outlive a power cut. */
  sync(path: string): Promise<void>;
  /** Octets that may still be written. */
  free(): Promise<number>;
}

export function nodeReleaseDisk(root: string): ReleaseDisk {
  const at = (path: string): string => resolve(root, path);
  const synced = async (
    path: string,
    flags: string | number,
    run: (file: Awaited<ReturnType<typeof open>>) => Promise<void>,
    mode?: number,
  ) => {
    const file = await open(at(path), flags, mode);
    try {
      await run(file);
      await file.sync();
    } finally {
      await file.close();
    }
  };
  return {
    list: (path) => orElse(readdir(at(path)), []),
    read: (path) => orElse(readFile(at(path)), undefined),
    size: async (path) => (await orElse(lstat(at(path)), undefined))?.size,
    target: (path) => orElse(readlink(at(path)), undefined),
    makeDirectory: async (path) => void (await mkdir(at(path), { recursive: true, mode: 0o755 })),
    write: (path, octets, mode) => synced(path, "wx", (file) => file.writeFile(octets), mode),
    append: (path, octets) => synced(path, "a", (file) => file.appendFile(octets), 0o600),
    copy: async (from, to, mode) => {
      await copyFile(at(from), at(to), constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
      await synced(to, "r+", (file) => file.chmod(mode));
    },
    setMode: async (path, mode) => {
      await chmod(at(path), mode);
      await synced(path, "r", async () => undefined);
    },
    link: (target, path) => symlink(target, at(path)),
    rename: (from, to) => rename(at(from), at(to)),
    remove: (path) => rm(at(path), { recursive: true, force: true }),
    sync: (path) => synced(path, "r", async () => undefined),
    free: async () => {
      const { bavail, bsize } = await statfs(join(root));
      return bavail * bsize;
    },
  };
}

/** For what is not there; every other failure stays one. */
async function orElse<T, E>(wanted: Promise<T>, otherwise: E): Promise<T | E> {
  try {
    return await wanted;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EINVAL") return otherwise;
    throw error;
  }
}
