/**
 * Where the octets of waiting messages lie: in blocks of a few sizes, side by side in slabs, used again as soon as nobody
 * waits for what is in them. So a peer that takes nothing leaves no garbage behind, however long what it is sent pushes out
 * what it was sent before. Owns which block is free, and when a slab is given back. A block is read only until it is freed:
 * what leaves the process is a copy.
 */

/** Octets of a slab. */
export const SLAB = 64 * 1024;
/** Octets of the largest block. */
export const LARGEST_BLOCK = SLAB / 2;
const LEAST_BLOCK = 64;
/** Slabs without a used block that are held for the next message, beside a quarter of those with one. */
const SPARE = 16;
/** Milliseconds without anything that waits, after which none is held. */
const CALM = 1000;
/**
 * Octets of slabs that the collector does not count. To it memory outside of the heap that grows is a reason to look at the whole
 * heap, each 8 MB; of what waits none of it is garbage, and it costs everybody milliseconds. Beyond this much it counts,
 * garbage that it has not found yet included.
 */
const UNCOUNTED = 32 * 1024 * 1024;

interface Slab {
  readonly octets: Uint8Array;
  readonly blockSize: number;
  /** Where blocks that were freed begin. */
  readonly freed: number[];
  /** From here on no block was used yet. */
  fresh: number;
  used: number;
}

export interface Block {
  readonly slab: Slab;
  readonly start: number;
}

export class WaitingMemory {
  /** Those with a free block, by its size. */
  readonly #open = new Map<number, Set<Slab>>();
  #spare: Uint8Array[] = [];
  #slabs = 0;
  #uncounted = 0;
  #isCalming = false;
  readonly #after: (ms: number, run: () => void) => void;
  readonly #found = new FinalizationRegistry<number>((octets) => (this.#uncounted -= octets));

  /** `after` calls once, later; it does not keep the process alive. */
  constructor(after: (ms: number, run: () => void) => void) {
    this.#after = after;
  }

  /** Octets of all slabs, used and spare. */
  get octets(): number {
    return (this.#slabs + this.#spare.length) * SLAB;
  }

  /** Copies at most `LARGEST_BLOCK` octets into a block. */
  put(octets: Uint8Array): Block {
    const slab = this.#slabFor(blockSizeFor(octets.length));
    let start = slab.freed.pop();
    if (start === undefined) {
      start = slab.fresh;
      slab.fresh += slab.blockSize;
    }
    slab.used += 1;
    slab.octets.set(octets, start);
    if (isFull(slab)) this.#open.get(slab.blockSize)?.delete(slab);
    return { slab, start };
  }

  /** To be called once for each block. */
  free({ slab, start }: Block): void {
    if (isFull(slab)) this.#openOf(slab.blockSize).add(slab);
    slab.freed.push(start);
    slab.used -= 1;
    if (slab.used > 0) return;
    this.#open.get(slab.blockSize)?.delete(slab);
    this.#slabs -= 1;
    this.#spare.push(slab.octets);
    while (this.#spare.length > SPARE + this.#slabs / 4) giveBack(this.#spare.pop());
    if (this.#slabs === 0) this.#calmDown();
  }

  #slabFor(blockSize: number): Slab {
    const open = this.#openOf(blockSize);
    for (const slab of open) return slab;
    const slab = { octets: this.#spare.pop() ?? this.#newSlab(), blockSize, freed: [], fresh: 0, used: 0 };
    open.add(slab);
    this.#slabs += 1;
    return slab;
  }

  #openOf(blockSize: number): Set<Slab> {
    let open = this.#open.get(blockSize);
    if (open === undefined) this.#open.set(blockSize, (open = new Set()));
    return open;
  }

  #newSlab(): Uint8Array {
    if (this.#uncounted + SLAB > UNCOUNTED) return new Uint8Array(SLAB);
    // shared with nobody: this is the kind that is not counted
    const buffer = new SharedArrayBuffer(SLAB);
    this.#uncounted += SLAB;
    this.#found.register(buffer, SLAB);
    return new Uint8Array(buffer);
  }

  #calmDown(): void {
    if (this.#isCalming) return;
    this.#isCalming = true;
    this.#after(CALM, () => {
      this.#isCalming = false;
      if (this.#slabs > 0) return;
      for (const slab of this.#spare) giveBack(slab);
      this.#spare = [];
    });
  }
}

function isFull({ freed, fresh, blockSize }: Slab): boolean {
  return freed.length === 0 && fresh + blockSize > SLAB;
}

/** At most a ninth of a block stays empty, but for the least. */
function blockSizeFor(length: number): number {
  if (length <= LEAST_BLOCK) return LEAST_BLOCK;
  const step = 2 ** (28 - Math.clz32(length - 1));
  return Math.ceil(length / step) * step;
}

/** At once, where that can be done; the collector finds the others. */
function giveBack(slab: Uint8Array | undefined): void {
  if (slab?.buffer instanceof ArrayBuffer) slab.buffer.transfer(0);
}
