/**
 * Frames that say how long they are: a number at a fixed place, then so many octets. Owns the frame under way. A frame that
 * says it is longer than allowed ends all that was received: where the next one begins cannot be known.
 */
import type { Framer, FrameSink } from "./frame-sink.ts";
import { PendingFrame } from "./pending-frame.ts";

export interface Prefix {
  readonly size: 1 | 2 | 4;
  readonly at: number;
  readonly adds: number;
  readonly littleEndian: boolean;
  readonly maxLength: number;
}

export class PrefixFramer implements Framer {
  readonly #prefix: Prefix;
  readonly #sink: FrameSink;
  readonly #pending: PendingFrame;
  readonly #head: number[] = [];
  #whole: number | undefined;

  constructor(prefix: Prefix, sink: FrameSink) {
    this.#prefix = prefix;
    this.#sink = sink;
    this.#pending = new PendingFrame(prefix.maxLength);
  }

  push(bytes: Uint8Array): void {
    for (const byte of bytes) {
      this.#pending.push(byte);
      if (this.#whole === undefined && !this.#readHead(byte)) {
        this.reset();
        this.#sink.tooLong();
        return;
      }
      if (this.#pending.length !== this.#whole) continue;
      const frame = this.#pending.take();
      this.reset();
      this.#sink.frame(frame);
    }
  }

  reset(): void {
    this.#pending.clear();
    this.#head.length = 0;
    this.#whole = undefined;
  }

  /** False: the frame cannot be. */
  #readHead(byte: number): boolean {
    const { size, at, adds, littleEndian, maxLength } = this.#prefix;
    this.#head.push(byte);
    if (this.#head.length < at + size) return true;
    const octets = this.#head.slice(at);
    if (littleEndian) octets.reverse();
    const length = octets.reduce((number, octet) => number * 256 + octet, 0);
    const whole = at + size + length + adds;
    this.#whole = whole;
    return whole >= at + size && whole <= maxLength;
  }
}
