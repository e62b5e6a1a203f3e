/**
 * The files of a folder for browsers, held in memory as they were when the folder was last looked at. A request only picks from
 * what was found there: no path of a request ever reaches the file system. Owns the content, within bounds; files whose name
 * begins with a dot, of a type that is not known, and symbolic links are not there at all.
 */
import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, lstatSync, openSync, opendirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".txt": "text/plain; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".jpeg": "image/jpeg",
  ".gif": "image/gif",
  ".webp": "image/webp",
  ".ico": "image/x-icon",
  ".json": "application/json; charset=utf-8",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
};

export interface FolderBounds {
  /** Files and folders below it, whatever they are. */
  readonly files: number;
  /** Of all files together. */
  readonly octets: number;
}

export interface StaticFile {
  readonly body: Buffer;
  readonly type: string;
  readonly etag: string;
}

interface Kept extends StaticFile {
  /** Changes with the file. */
  readonly stamp: string;
}

export class StaticFolder {
  readonly #folder: string;
  readonly #bounds: FolderBounds;
  #files: ReadonlyMap<string, Kept>;

  /** @throws Error whose words name the place, if it cannot be read or is over its bounds. */
  constructor(folder: string, bounds: FolderBounds) {
    this.#folder = folder;
    this.#bounds = bounds;
    this.#files = this.#known(new Map());
  }

  get names(): readonly string[] {
    return [...this.#files.keys()];
  }

  /** `a/b.html`; undefined if there was none. */
  find(name: string): StaticFile | undefined {
    return this.#files.get(name);
  }

  /** Looks again. Unchanged files are not read again. @throws Error as above; what was known stays then. */
  refresh(): void {
    this.#files = this.#known(this.#files);
  }

  #known(before: ReadonlyMap<string, Kept>): Map<string, Kept> {
    try {
      return this.#read(before);
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      throw new Error(`the folder ${this.#folder} cannot be served: ${words}`, { cause: error });
    }
  }

  #read(known: ReadonlyMap<string, Kept>): Map<string, Kept> {
    const files = new Map<string, Kept>();
    let octets = 0;
    for (const { name, stamp, type } of this.#look()) {
      const before = known.get(name);
      const file = before?.stamp === stamp ? before : { ...contentOf(join(this.#folder, name)), type, stamp };
      octets += file.body.length;
      if (octets > this.#bounds.octets) {
        throw new Error(`it holds more than ${String(this.#bounds.octets)} octets`);
      }
      files.set(name, file);
    }
    return files;
  }

  *#look(): Generator<{ readonly name: string; readonly stamp: string; readonly type: string }> {
    const folders = [""];
    let seen = 0;
    // grows while it is gone through
    for (const below of folders) {
      const folder = opendirSync(join(this.#folder, below));
      try {
        for (let entry = folder.readSync(); entry !== null; entry = folder.readSync()) {
          seen += 1;
          if (seen > this.#bounds.files) {
            throw new Error(`it holds more than ${String(this.#bounds.files)} files and folders`);
          }
          if (entry.name.startsWith(".")) continue;
          const name = below === "" ? entry.name : `${below}/${entry.name}`;
          const type = TYPES[extname(entry.name).toLowerCase()];
          if (entry.isDirectory()) folders.push(name);
          else if (entry.isFile() && type !== undefined) yield { name, type, stamp: stampOf(join(this.#folder, name)) };
        }
      } finally {
        folder.closeSync();
      }
    }
  }
}

function stampOf(path: string): string {
  const { ino, size, mtimeMs, ctimeMs } = lstatSync(path);
  return [ino, size, mtimeMs, ctimeMs].join(" ");
}

/** It may have become something else since it was found: a link is not followed, a pipe not waited for. */
function contentOf(path: string): Pick<StaticFile, "body" | "etag"> {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if (!fstatSync(descriptor).isFile()) throw new Error(`${path} is no file any more`);
    const body = readFileSync(descriptor);
    return { body, etag: `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"` };
  } finally {
    closeSync(descriptor);
  }
}
