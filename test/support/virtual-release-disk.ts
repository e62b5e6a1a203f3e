/**
 * A file system in memory that loses power. Names are there for certain once their directory was synced, octets once their file was;
 * of what a directory was told since, any beginning is there, and of unsynced octets any part, torn or as zeros. What is left is
 * written to a real folder, for the real launcher to find.
 */
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ReleaseDisk } from "../../device/updating/release-disk.ts";
import type { Chance } from "./virtual-disk.ts";

interface File {
  readonly kind: "file";
  octets: Buffer;
  synced: number;
  mode: number;
}
interface Link {
  readonly kind: "link";
  readonly target: string;
}
interface Directory {
  readonly kind: "directory";
  entries: Map<string, Entry>;
  /** As they are for certain, and what has been done since. */
  durable: Map<string, Entry>;
  pending: ((entries: Map<string, Entry>) => void)[];
}
type Entry = File | Link | Directory;

/** Power went: whoever was writing hears of nothing any more. */
export class PowerCut extends Error {}

export class VirtualReleaseDisk implements ReleaseDisk {
  #root = directory();
  /** Steps until power goes. */
  stepsLeft = Number.POSITIVE_INFINITY;
  steps = 0;

  async list(path: string): Promise<readonly string[]> {
    const found = this.#find(path);
    return found?.kind === "directory" ? [...found.entries.keys()] : [];
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    const found = this.#find(path);
    return found?.kind === "file" ? found.octets : undefined;
  }

  async size(path: string): Promise<number | undefined> {
    const found = this.#find(path);
    return found?.kind === "file" ? found.octets.length : undefined;
  }

  async target(path: string): Promise<string | undefined> {
    const found = this.#find(path);
    return found?.kind === "link" ? found.target : undefined;
  }

  async makeDirectory(path: string): Promise<void> {
    if (this.#find(path) === undefined) this.#put(path, directory());
  }

  async write(path: string, octets: Uint8Array | string, mode: number): Promise<void> {
    if (this.#find(path) !== undefined) throw new Error(`${path} exists`);
    const file: File = { kind: "file", octets: Buffer.alloc(0), synced: 0, mode };
    this.#put(path, file);
    file.octets = Buffer.from(octets);
    this.#step();
    file.synced = file.octets.length;
  }

  append(): Promise<void> {
    throw new Error("not in this test");
  }

  copy(): Promise<void> {
    throw new Error("not in this test");
  }

  setMode(): Promise<void> {
    throw new Error("not in this test");
  }

  async link(target: string, path: string): Promise<void> {
    if (this.#find(path) !== undefined) throw new Error(`${path} exists`);
    this.#put(path, { kind: "link", target });
  }

  async rename(from: string, to: string): Promise<void> {
    if (dirname(from) !== dirname(to)) throw new Error("only within one directory");
    const entry = this.#find(from);
    if (entry === undefined) throw new Error(`${from} does not exist`);
    const [source, target] = [from, to].map(nameOf);
    this.#change(dirname(from), (entries) => {
      entries.delete(source ?? "");
      entries.set(target ?? "", entry);
    });
  }

  async remove(path: string): Promise<void> {
    const entry = this.#find(path);
    if (entry === undefined) return;
    if (entry.kind === "directory") for (const name of entry.entries.keys()) await this.remove(`${path}/${name}`);
    this.#change(dirname(path), (entries) => void entries.delete(nameOf(path)));
  }

  async sync(path: string): Promise<void> {
    const found = path === "." ? this.#root : this.#find(path);
    if (found?.kind !== "directory") throw new Error(`${path} is no directory`);
    this.#step();
    found.durable = new Map(found.entries);
    found.pending = [];
  }

  free(): Promise<number> {
    return Promise.resolve(Number.MAX_SAFE_INTEGER);
  }

  /** All that was written so far is there for certain. */
  settle(entry: Entry = this.#root): void {
    if (entry.kind === "file") entry.synced = entry.octets.length;
    if (entry.kind !== "directory") return;
    entry.durable = new Map(entry.entries);
    entry.pending = [];
    for (const child of entry.entries.values()) this.settle(child);
  }

  /** What a power cut leaves, in a real folder. */
  leave(folder: string, chance: Chance, entry: Directory = this.#root): void {
    mkdirSync(folder, { recursive: true });
    const entries = new Map(entry.durable);
    for (const change of entry.pending.slice(0, chance(entry.pending.length))) change(entries);
    for (const [name, one] of entries) {
      const path = join(folder, name);
      if (one.kind === "directory") this.leave(path, chance, one);
      else if (one.kind === "link") symlinkSync(one.target, path);
      else {
        const kept = one.synced + chance(one.octets.length - one.synced);
        const octets = Buffer.from(one.octets.subarray(0, kept));
        if (kept > one.synced && chance(1) === 0) octets.fill(0, one.synced);
        writeFileSync(path, octets);
        chmodSync(path, one.mode);
      }
    }
  }

  #put(path: string, entry: Entry): void {
    this.#change(dirname(path), (entries) => void entries.set(nameOf(path), entry));
  }

  #change(path: string, change: (entries: Map<string, Entry>) => void): void {
    this.#step();
    const found = path === "." ? this.#root : this.#find(path);
    if (found?.kind !== "directory") throw new Error(`${path} is no directory`);
    change(found.entries);
    found.pending.push(change);
  }

  #step(): void {
    if (this.stepsLeft <= 0) throw new PowerCut("power went");
    this.stepsLeft -= 1;
    this.steps += 1;
  }

  #find(path: string): Entry | undefined {
    let here: Entry | undefined = this.#root;
    for (const name of path.split("/")) here = here?.kind === "directory" ? here.entries.get(name) : undefined;
    return here;
  }
}

function directory(): Directory {
  return { kind: "directory", entries: new Map(), durable: new Map(), pending: [] };
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
