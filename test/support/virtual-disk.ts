/**
 * A disk in memory that loses power. Keeps what a real one may: names and octets that were synced for certain, of the rest any
 * part, torn anywhere, or with blocks missing (zeros), as file systems leave it. Writes fail when a test says so; what a failed sync
 * left behind is lost with the power, whatever a later one said.
 */
import type { Disk, DiskFile } from "../../device/journal/disk.ts";

interface StoredFile {
  octets: Uint8Array;
  synced: number;
  nameSynced: boolean;
  /** A sync of these failed: they can be read, later syncs say that all is well, and power takes them. */
  doubtful: (readonly [from: number, to: number])[];
}

/** An input/output error is found out by a sync only. */
export type DiskFault = "full" | "read-only" | "input/output error";

/** Decides what survives: a whole number in [0, bound]. */
export type Chance = (bound: number) => number;

export class VirtualDisk implements Disk {
  readonly #files = new Map<string, StoredFile>();
  fault: DiskFault | undefined;
  /** Writes until power goes: the one that would be the next never ends. */
  writesLeft = Number.POSITIVE_INFINITY;
  #powered = true;
  written = 0;

  get isPowered(): boolean {
    return this.#powered;
  }

  async list(): Promise<readonly string[]> {
    await this.#turn();
    return [...this.#files.keys()];
  }

  async read(name: string): Promise<Uint8Array> {
    await this.#turn();
    const file = this.#files.get(name);
    if (file === undefined) throw new Error(`${name} does not exist`);
    return file.octets.slice();
  }

  async create(name: string): Promise<DiskFile> {
    await this.#write();
    if (this.#files.has(name)) throw new Error(`${name} exists`);
    const file: StoredFile = { octets: new Uint8Array(0), synced: 0, nameSynced: false, doubtful: [] };
    this.#files.set(name, file);
    await this.#write();
    file.nameSynced = true;
    return {
      append: async (octets) => {
        // the octets are on their way when power goes
        const whole = new Uint8Array(file.octets.length + octets.length);
        whole.set(file.octets);
        whole.set(octets, file.octets.length);
        file.octets = whole;
        this.written += octets.length;
        await this.#write();
      },
      sync: async () => {
        const end = file.octets.length;
        await this.#write(true).catch((error: unknown) => {
          file.doubtful.push([file.synced, end]);
          throw error;
        });
        file.synced = end;
      },
      close: () => this.#turn(),
    };
  }

  async remove(name: string): Promise<void> {
    await this.#write();
    this.#files.delete(name);
  }

  /** Flips one bit. False when there is nothing to flip. */
  flipBit(chance: Chance): boolean {
    const files = [...this.#files.values()].filter(({ octets }) => octets.length > 0);
    const file = files[chance(Math.max(0, files.length - 1))];
    if (file === undefined) return false;
    const at = chance(file.octets.length - 1);
    file.octets[at] = (file.octets[at] ?? 0) ^ (1 << chance(7));
    return true;
  }

  /** Power goes and comes back: what was not synced is there in part, torn, with zeros in it, or not at all. */
  cutPower(chance: Chance): void {
    for (const [name, file] of this.#files) {
      if (!file.nameSynced && chance(1) === 0) {
        this.#files.delete(name);
        continue;
      }
      const kept = file.synced + chance(file.octets.length - file.synced);
      const octets = file.octets.slice(0, kept);
      if (kept > file.synced && chance(2) === 0) octets.fill(0, file.synced + chance(kept - file.synced), kept);
      for (const [from, to] of file.doubtful) octets.fill(0, from, to);
      this.#files.set(name, { octets, synced: kept, nameSynced: true, doubtful: [] });
    }
    this.#powered = true;
    this.writesLeft = Number.POSITIVE_INFINITY;
  }

  async #write(isSync = false): Promise<void> {
    await this.#turn();
    if (this.fault !== undefined && (isSync || this.fault !== "input/output error"))
      throw new Error(`the disk is ${this.fault}`);
    if (this.writesLeft <= 0) {
      this.#powered = false;
      await new Promise<never>(() => undefined);
    }
    this.writesLeft -= 1;
  }

  async #turn(): Promise<void> {
    if (!this.#powered) await new Promise<never>(() => undefined);
    await Promise.resolve();
  }
}
