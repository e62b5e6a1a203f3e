/**
 * The journal's end that grows: one file at a time, appended to and synced in groups. Owns the open file and what of it is in
 * memory. After a failed write nothing is known of the file's end, so that file is never written to again.
 */
import type { Disk, DiskFile } from "./disk.ts";
import { encodeEntry, type Entry, type HeadEntry } from "./entry.ts";
import { newSegment, noteEntry, type Segment } from "./segment.ts";

/** An entry and its octets, encoded once. */
export interface Encoded {
  readonly entry: Entry;
  readonly octets: Uint8Array;
}

export function encoded(entry: Entry): Encoded {
  return { entry, octets: encodeEntry(entry) };
}

interface Open {
  readonly segment: Segment;
  readonly file: DiskFile;
  readonly chunks: Uint8Array[];
}

export class SegmentWriter {
  readonly #disk: Disk;
  readonly #boot: string;
  #nextNumber: number;
  #open: Open | undefined;

  constructor(disk: Disk, boot: string, nextNumber: number) {
    this.#disk = disk;
    this.#boot = boot;
    this.#nextNumber = nextNumber;
  }

  /** The segment that is being written. */
  get segment(): Segment | undefined {
    return this.#open?.segment;
  }

  /** What the segment being written holds so far. */
  get chunks(): readonly Uint8Array[] {
    return this.#open?.chunks ?? [];
  }

  /** Opens the next segment. It holds nothing until the first write, which must begin with `head`. */
  async begin(): Promise<Segment> {
    const segment = newSegment(this.#nextNumber, this.#boot);
    this.#nextNumber += 1; // a name is used once, whether it could be made or not
    const file = await this.#disk.create(segment.name);
    this.#open = { segment, file, chunks: [] };
    return segment;
  }

  /** Resolves when all of it outlives a power cut. Rejects when that is not known: the segment is then closed for good. */
  async write(head: HeadEntry | undefined, batch: readonly Encoded[]): Promise<number> {
    const open = this.#open;
    if (open === undefined) throw new Error("the journal has no open segment");
    const all = head === undefined ? batch : [encoded(head), ...batch];
    const octets = join(all.map((one) => one.octets));
    try {
      await open.file.append(octets);
      await open.file.sync();
    } catch (error) {
      open.segment.octets += octets.length;
      await this.end();
      throw error;
    }
    open.segment.octets += octets.length;
    open.chunks.push(octets);
    for (const { entry } of all) noteEntry(open.segment, entry);
    return octets.length;
  }

  /** Lets the file go. Never rejects: what was synced stays synced. */
  async end(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.file.close().catch(() => undefined);
  }
}

export function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
