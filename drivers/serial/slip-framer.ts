/** SLIP (RFC 1055). Owns the frame under way; what is escaped wrongly is taken as it is, as the RFC has it. */
import type { Framer, FrameSink } from "./frame-sink.ts";
import { PendingFrame } from "./pending-frame.ts";

const END = 0xc0;
const ESCAPE = 0xdb;
const ESCAPED: Readonly<Record<number, number>> = { 0xdc: END, 0xdd: ESCAPE };

export class SlipFramer implements Framer {
  readonly #sink: FrameSink;
  readonly #pending: PendingFrame;
  #escaping = false;

  constructor(maxLength: number, sink: FrameSink) {
    this.#sink = sink;
    this.#pending = new PendingFrame(maxLength);
  }

  push(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (byte === END) this.#end();
      else if (!this.#escaping && byte === ESCAPE) this.#escaping = true;
      else {
        this.#pending.push(this.#escaping ? (ESCAPED[byte] ?? byte) : byte);
        this.#escaping = false;
      }
    }
  }

  reset(): void {
    this.#pending.clear();
    this.#escaping = false;
  }

  #end(): void {
    const { overflown } = this.#pending;
    const frame = this.#pending.take();
    this.reset();
    if (overflown) this.#sink.tooLong();
    else if (frame.length > 0) this.#sink.frame(frame);
  }
}
