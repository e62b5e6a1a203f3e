/**
 * Endless numbered frames in batches, cheaply: a batch that was sent is used again as soon as the system has taken its
 * octets, with the new numbers written over the old ones. Frames are made anew only where a number grows by a digit.
 */
import type { NumberedFrame } from "./wire.ts";

export interface Batch {
  readonly octets: Buffer;
  readonly frames: number;
  /** To be called when the octets may be overwritten. */
  readonly done: () => void;
}

interface Template {
  readonly widths: string;
  readonly octets: Buffer;
  readonly starts: readonly number[];
}

export class NumberedBatches {
  readonly #sources: readonly NumberedFrame[];
  readonly #size: number;
  /** For each part of the sources that a batch takes in turn: batches that are free to be used again. */
  readonly #free: Template[][];
  #next = 1;

  /** A batch takes `size` frames, from each source in turn. The number of sources is a multiple of `size`, or one. */
  constructor(sources: readonly NumberedFrame[], size: number) {
    this.#sources = sources;
    this.#size = size;
    this.#free = Array.from({ length: Math.max(1, sources.length / size) }, () => []);
  }

  get sent(): number {
    return this.#next - 1;
  }

  take(size = this.#size): Batch {
    const from = this.#next;
    this.#next += size;
    const free = this.#free[Math.floor((from - 1) / this.#size) % this.#free.length] ?? [];
    const widths = `${String(this.#source(from).width(from))} ${String(this.#source(from + size - 1).width(from + size - 1))} ${String(size)}`;
    const known = free.pop();
    const template = known?.widths === widths ? known : this.#build(from, size, widths);
    for (let i = 0; i < size; i += 1) this.#source(from + i).patch(template.octets, template.starts[i] ?? 0, from + i);
    const [first, last] = widths.split(" ");
    return {
      octets: template.octets,
      frames: size,
      done: () => {
        if (first === last) free.push(template);
      },
    };
  }

  #source(number: number): NumberedFrame {
    const source = this.#sources[(number - 1) % this.#sources.length];
    if (source === undefined) throw new Error("no frame to send");
    return source;
  }

  #build(from: number, size: number, widths: string): Template {
    const frames = Array.from({ length: size }, (_, i) => this.#source(from + i).make(from + i));
    const starts: number[] = [];
    let at = 0;
    for (const { length } of frames) {
      starts.push(at);
      at += length;
    }
    return { widths, octets: Buffer.concat(frames), starts };
  }
}
