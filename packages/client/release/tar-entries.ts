/**
 * The files of a tar archive, as `npm run build` packs a program: plain files with short names, and folders. Whatever else an
 * archive can hold (links, devices, long names) is refused, so nothing of it has to be understood.
 */
import { Refused } from "./refused.ts";

const BLOCK = 512;
/** Entries of one archive. */
const MAX_ENTRIES = 4_096;

export interface TarFile {
  readonly path: string;
  readonly size: number;
  /** Its octets, each time the next ones; read to the end before the next entry is asked for. */
  readonly octets: AsyncIterable<Uint8Array>;
}

/** @throws Refused `bad_artefact` */
export async function* tarFiles(archive: AsyncIterable<Uint8Array>): AsyncGenerator<TarFile> {
  const source = new Source(archive);
  try {
    for (let entries = 0; ; entries += 1) {
      const header = await source.take(BLOCK);
      if (header === undefined || header.every((octet) => octet === 0)) return;
      if (entries === MAX_ENTRIES) throw bad("has too many entries");
      const { path, size, type } = readHeader(header);
      if (type === "5") continue;
      if (type !== "0") throw bad(`has an entry of type '${type}', ${JSON.stringify(path)}`);
      source.open(size);
      yield { path, size, octets: source.pieces() };
      await source.skipTo(size);
    }
  } finally {
    await source.close();
  }
}

interface Header {
  readonly path: string;
  readonly size: number;
  readonly type: string;
}

function readHeader(header: Uint8Array): Header {
  const text = (from: number, length: number): string => {
    const field = Buffer.from(header.subarray(from, from + length));
    const end = field.indexOf(0);
    return field.toString("utf8", 0, end === -1 ? length : end);
  };
  const octal = (from: number, length: number): number => {
    const digits = text(from, length).trim();
    if (!/^[0-7]{1,11}$/.test(digits)) throw bad("has a number that is none");
    return Number.parseInt(digits, 8);
  };
  let sum = 0;
  for (let i = 0; i < BLOCK; i += 1) sum += i >= 148 && i < 156 ? 32 : (header[i] ?? 0);
  if (octal(148, 8) !== sum) throw bad("is damaged, or no tar");
  if (text(257, 5) !== "ustar") throw bad("is of an old kind of tar");
  const prefix = text(345, 155);
  const type = text(156, 1);
  return { path: prefix === "" ? text(0, 100) : `${prefix}/${text(0, 100)}`, size: octal(124, 12), type: type || "0" };
}

/** Octets by number, out of pieces as they come. */
class Source {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #held: Uint8Array = new Uint8Array(0);
  /** Of the present file, not given out yet. */
  #left = 0;

  constructor(archive: AsyncIterable<Uint8Array>) {
    this.#pieces = archive[Symbol.asyncIterator]();
  }

  async close(): Promise<void> {
    await this.#pieces.return?.();
  }

  async take(length: number): Promise<Uint8Array | undefined> {
    const parts: Uint8Array[] = [];
    for (let missing = length; missing > 0;) {
      const piece = await this.#next(missing);
      if (piece === undefined && parts.length === 0) return undefined;
      if (piece === undefined) throw bad("ends in the middle");
      parts.push(piece);
      missing -= piece.length;
    }
    return Buffer.concat(parts);
  }

  open(size: number): void {
    this.#left = size;
  }

  async *pieces(): AsyncGenerator<Uint8Array> {
    while (this.#left > 0) {
      const piece = await this.#next(this.#left);
      if (piece === undefined) throw bad("ends in the middle");
      this.#left -= piece.length;
      yield piece;
    }
  }

  /** What was not read of a file, and what fills its last block. */
  async skipTo(size: number): Promise<void> {
    const unread = this.#left;
    this.#left = 0;
    for (let missing = unread + ((BLOCK - (size % BLOCK)) % BLOCK); missing > 0;) {
      const piece = await this.#next(missing);
      if (piece === undefined) throw bad("ends in the middle");
      missing -= piece.length;
    }
  }

  async #next(most: number): Promise<Uint8Array | undefined> {
    if (this.#held.length === 0) {
      const next = await this.#pieces.next();
      if (next.done === true) return undefined;
      this.#held = next.value;
    }
    const piece = this.#held.subarray(0, most);
    this.#held = this.#held.subarray(piece.length);
    return piece.length === 0 ? this.#next(most) : piece;
  }
}

function bad(what: string): Refused {
  return new Refused("bad_artefact", `the archive ${what}`, "take the .tar.gz that `npm run build` made");
}
