/**
 * Releases side by side, one of them current. Owns `releases/`, `trial/` and `rolled-back/` in the state directory, of which the
 * launcher (deploy/service/run) is the other user: what it finds at any moment, also after a power cut in the middle of this, must
 * lead to a release that is whole. So nothing is visible under its name before it is on the disk, and what is visible is switched
 * by one rename.
 */
import { createHash } from "node:crypto";
import type { ReleaseDisk } from "./release-disk.ts";
import { MANIFEST, type ReleaseManifest } from "@pinion/client/release";

/** Releases that are kept, the current one among them. */
export const KEPT = 3;
/** Starts that a release on trial has. */
const LIVES = ["life-1", "life-2", "life-3"];
/** Files of more octets are compared with their checksum only while a release is on trial: that of a whole Node takes seconds. */
const LARGE = 8_388_608;
const RELEASES = "releases";
const DRAFT = "releases/.draft";
/** On trial: its version, its lives, the way back. */
export const TRIAL = "trial";
export const ROLLED_BACK = "rolled-back";

export interface Switch {
  /** The release that ran before had joined the router: one that never does is at fault. */
  readonly mustJoin: boolean;
  /** The version of the package, which runs again when it is replaced by another one. */
  readonly baseline: string;
}

export class ReleaseStore {
  readonly #disk: ReleaseDisk;

  constructor(disk: ReleaseDisk) {
    this.#disk = disk;
  }

  /** The version that the next start runs; undefined: the package's. */
  current(): Promise<string | undefined> {
    return this.#disk.target(`${RELEASES}/current`);
  }

  /** The version that has not proved itself yet. */
  async onTrial(): Promise<string | undefined> {
    const version = await this.#disk.read(`${TRIAL}/version`);
    const tried = version === undefined ? undefined : new TextDecoder().decode(version).trim();
    // a trial of another one is a leftover: the launcher clears it away
    return tried !== undefined && tried === (await this.current()) ? tried : undefined;
  }

  async versions(): Promise<readonly string[]> {
    const names = await this.#disk.list(RELEASES);
    return names.filter((name) => /^\d/.test(name));
  }

  /** Removes all but those that may be run again, so that with one more there are `KEPT`. */
  async prune(): Promise<void> {
    const needed = new Set<string | undefined>([
      await this.current(),
      await this.#disk.target(`${RELEASES}/previous`),
      await this.#disk.target(`${TRIAL}/previous`),
    ]);
    const others = (await this.versions()).filter((name) => !needed.has(name)).toSorted();
    const spare = Math.max(0, KEPT - 1 - needed.size);
    for (const name of others.slice(0, Math.max(0, others.length - spare))) {
      await this.#disk.remove(`${RELEASES}/${name}`);
    }
    await this.#disk.remove(DRAFT);
  }

  /** Puts a release beside the others. `place` makes one of its files, durably, with its mode. */
  async add(
    manifest: ReleaseManifest,
    manifestOctets: Uint8Array,
    place: (file: ReleaseManifest["files"][number], to: string) => Promise<void>,
  ): Promise<string> {
    const disk = this.#disk;
    const { version, files } = manifest;
    await disk.remove(DRAFT);
    await disk.makeDirectory(DRAFT);
    const folders = new Set<string>();
    for (const { path } of files) for (const folder of foldersOf(path)) folders.add(folder);
    for (const folder of folders) await disk.makeDirectory(`${DRAFT}/${folder}`);
    for (const file of files) await place(file, `${DRAFT}/${file.path}`);
    await disk.write(`${DRAFT}/${MANIFEST}`, manifestOctets, 0o644);
    const sums = (some: typeof files): string => some.map(({ sha256, path }) => `${sha256}  ${path}\n`).join("");
    const own = { path: MANIFEST, size: 0, sha256: sha256Of(manifestOctets), mode: 0o644 } as const;
    await disk.write(`${DRAFT}/.sums`, sums([own, ...files.filter(({ size }) => size <= LARGE)]), 0o644);
    const large = files.filter(({ size }) => size > LARGE);
    if (large.length > 0) await disk.write(`${DRAFT}/.sums-large`, sums(large), 0o644);
    for (const folder of [...folders].toSorted().toReversed()) await disk.sync(`${DRAFT}/${folder}`);
    await disk.sync(DRAFT);
    const final = `${RELEASES}/${version}`;
    await disk.remove(final);
    await disk.rename(DRAFT, final);
    await disk.sync(RELEASES);
    return final;
  }

  /** The next start runs this release, on trial. */
  async switchTo(version: string, { mustJoin, baseline }: Switch): Promise<void> {
    const disk = this.#disk;
    const before = await this.current();
    const draft = `${TRIAL}.draft`;
    await disk.remove(draft);
    await disk.remove(ROLLED_BACK);
    await disk.makeDirectory(draft);
    await disk.write(`${draft}/version`, `${version}\n`, 0o644);
    if (mustJoin) await disk.write(`${draft}/must-join`, "", 0o644);
    if (before !== undefined) await disk.link(before, `${draft}/previous`);
    // files that are renamed when used up: that works on a full disk too
    for (const life of LIVES) await disk.write(`${draft}/${life}`, "", 0o644);
    await disk.sync(draft);
    await disk.remove(TRIAL);
    await disk.rename(draft, TRIAL);
    await disk.sync(".");
    await this.#replace("baseline", (path) => disk.write(path, `${baseline}\n`, 0o644));
    if (before !== undefined) await this.#replace("previous", (path) => disk.link(before, path));
    await this.#replace("current", (path) => disk.link(version, path));
    await disk.sync(RELEASES);
  }

  /** The next start runs the package's own program. */
  async leave(): Promise<void> {
    await this.#disk.remove(`${RELEASES}/current`);
    await this.#disk.sync(RELEASES);
  }

  async #replace(name: string, make: (path: string) => Promise<void>): Promise<void> {
    const draft = `${RELEASES}/.${name}`;
    await this.#disk.remove(draft);
    await make(draft);
    await this.#disk.sync(RELEASES);
    await this.#disk.rename(draft, `${RELEASES}/${name}`);
  }
}

function foldersOf(path: string): readonly string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, i) => parts.slice(0, i + 1).join("/"));
}

function sha256Of(octets: Uint8Array): string {
  return createHash("sha256").update(octets).digest("hex");
}
