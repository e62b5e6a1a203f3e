/**
 * The files of a release on their way here, each kept under the sum of its octets: what a release on this board has already is not
 * asked for, and what came before the link or the power went is not sent twice. Owns `incoming/` in the state directory.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join, resolve } from "node:path";
import type { ReleaseDisk } from "./release-disk.ts";
import { MANIFEST, parseManifest, Refused, type ReleaseFile, type ReleaseManifest } from "@pinion/client/release";
import type { ReleaseStore } from "./release-store.ts";

const PLACE = "incoming";
/** Octets that stay free beside the release. */
const SPARE = 16_777_216;
/** Octets of one piece. */
export const MAX_PIECE = 1_048_576;

/** A file that has yet to come, from this octet on. */
export interface Wanted {
  readonly sha256: string;
  readonly size: number;
  readonly offset: number;
}

export interface IncomingContext {
  readonly disk: ReleaseDisk;
  readonly store: ReleaseStore;
  /** The state directory. */
  readonly root: string;
  /** Folders of programs that lie elsewhere on this board and may have the same files. */
  readonly others: readonly string[];
}

export class Incoming {
  readonly manifest: ReleaseManifest;
  readonly octets: Uint8Array;
  readonly #context: IncomingContext;
  /** By sum. */
  readonly #files: ReadonlyMap<string, ReleaseFile>;
  /** By sum: where on this board the same octets are. */
  readonly #here = new Map<string, string>();
  readonly #wanted = new Map<string, Wanted>();

  private constructor(manifest: ReleaseManifest, octets: Uint8Array, context: IncomingContext) {
    this.manifest = manifest;
    this.octets = octets;
    this.#context = context;
    this.#files = new Map(manifest.files.map((file) => [file.sha256, file]));
  }

  /** Takes up what came before of the very same release; of any other one it is thrown away. @throws Refused */
  static async begin(manifest: ReleaseManifest, octets: Uint8Array, context: IncomingContext): Promise<Incoming> {
    const incoming = new Incoming(manifest, octets, context);
    await incoming.#takeUp();
    await incoming.#refuseWithoutSpace();
    return incoming;
  }

  /** What has yet to come, the smallest first. */
  get wanted(): readonly Wanted[] {
    return [...this.#wanted.values()].toSorted((a, b) => a.size - b.size);
  }

  /** The octet from which this file goes on; of a whole one its size. @throws Refused */
  async write(sha256: string, offset: number, piece: Uint8Array): Promise<number> {
    const wanted = this.#wanted.get(sha256);
    const size = this.#files.get(sha256)?.size;
    if (size === undefined) throw new Refused("corrupt", `no file of this release has the sum ${sha256}`, "begin anew");
    if (wanted === undefined) return size;
    // what is sent twice, or too early, is told where to go on
    if (offset !== wanted.offset || piece.length === 0) return wanted.offset;
    const end = offset + piece.length;
    if (piece.length > MAX_PIECE || end > size) {
      const most = Math.min(MAX_PIECE, size - offset);
      throw new Refused("too_large", `a piece of ${piece.length} octets where at most ${most} are left`, "send less");
    }
    const { disk, root } = this.#context;
    const path = `${PLACE}/${sha256}`;
    await disk.append(path, piece);
    this.#wanted.set(sha256, { ...wanted, offset: end });
    if (end < size) return end;
    if ((await sumOf(join(root, path))) !== sha256) {
      await disk.remove(path);
      this.#wanted.set(sha256, { ...wanted, offset: 0 });
      throw new Refused("corrupt", "the file that came is not the one of the manifest", "send it again from its start");
    }
    this.#wanted.delete(sha256);
    this.#here.set(sha256, path);
    return size;
  }

  /** Puts the release beside the others; answers its folder. @throws Refused while something is missing. */
  async finish(): Promise<string> {
    const [missing] = this.#wanted.values();
    if (missing !== undefined) {
      const what = `${this.#wanted.size} files are not here yet, ${missing.sha256} is one of them`;
      throw new Refused("corrupt", what, "send the rest of them first");
    }
    const { disk, store } = this.#context;
    const folder = await store.add(this.manifest, this.octets, async ({ sha256, mode }, to) => {
      await disk.copy(this.#here.get(sha256) ?? "", to, mode);
    });
    await disk.remove(PLACE);
    return folder;
  }

  async #takeUp(): Promise<void> {
    const { disk } = this.#context;
    const known = await disk.read(`${PLACE}/${MANIFEST}`);
    if (known === undefined || !Buffer.from(known).equals(this.octets)) {
      await disk.remove(PLACE);
      await disk.makeDirectory(PLACE);
      await disk.write(`${PLACE}/${MANIFEST}`, this.octets, 0o600);
      await disk.sync(PLACE);
      await disk.sync(".");
    }
    await this.#findHere();
    for (const [sha256, { size }] of this.#files) {
      if (this.#here.has(sha256)) continue;
      const path = `${PLACE}/${sha256}`;
      const offset = (await disk.size(path)) ?? 0;
      if (offset === size && size > 0 && (await sumOf(join(this.#context.root, path))) === sha256) {
        this.#here.set(sha256, path);
        continue;
      }
      if (offset >= size) await disk.remove(path);
      if (size === 0) await disk.write(path, "", 0o600);
      if (size === 0) this.#here.set(sha256, path);
      else this.#wanted.set(sha256, { sha256, size, offset: offset >= size ? 0 : offset });
    }
  }

  /** A file of another release counts only if it really is what that one's manifest says. */
  async #findHere(): Promise<void> {
    const { store, root, others } = this.#context;
    const folders = [...(await store.versions()).map((version) => join("releases", version)), ...others];
    for (const folder of folders) {
      for (const { path, sha256, size } of await this.#filesOf(folder)) {
        if (this.#here.has(sha256) || this.#files.get(sha256)?.size !== size) continue;
        const place = join(folder, path);
        if ((await sumOf(resolve(root, place)).catch(() => "")) === sha256) this.#here.set(sha256, place);
      }
    }
  }

  async #filesOf(folder: string): Promise<readonly ReleaseFile[]> {
    const octets = await this.#context.disk.read(join(folder, MANIFEST)).catch(() => undefined);
    if (octets === undefined) return [];
    try {
      return parseManifest(octets).files;
    } catch {
      return []; // damaged: nothing of it counts
    }
  }

  /** Everything is there twice for a moment. */
  async #refuseWithoutSpace(): Promise<void> {
    const whole = this.manifest.files.reduce((sum, { size }) => sum + size, 0);
    const coming = this.wanted.reduce((sum, { size, offset }) => sum + size - offset, 0);
    const needed = whole + coming + SPARE;
    const free = await this.#context.disk.free();
    if (free >= needed) return;
    const what = `the release needs ${needed} octets for a while, and ${free} are free in ${this.#context.root}`;
    throw new Refused("no_space", what, "make room there: the journal's capacity, old files");
  }
}

async function sumOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  // pieces small enough that nothing else waits for their sum
  for await (const piece of createReadStream(file, { highWaterMark: 65_536 })) hash.update(piece as Buffer); // no encoding
  return hash.digest("hex");
}
