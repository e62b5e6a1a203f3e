/**
 * Bytes to frames, however the bytes are cut. Owns what has been received of the frame under way, which never exceeds the
 * longest allowed frame; a longer one is dropped whole, up to where the next begins. Knows no encoding and no port.
 */
import type { Timers } from "../driver.ts";
import { PatternFramer } from "./pattern-framer.ts";
import { PendingFrame } from "./pending-frame.ts";
import { PrefixFramer } from "./prefix-framer.ts";
import { SlipFramer } from "./slip-framer.ts";
import type { Framer, FrameSink } from "./frame-sink.ts";

export type Framing =
  | { readonly by: "delimiter"; readonly delimiter: Uint8Array; readonly maxLength: number }
  | { readonly by: "length"; readonly length: number }
  | { readonly by: "idle"; readonly idle: number; readonly maxLength: number }
  | {
      readonly by: "prefix";
      /** Octets of the number, its place in the frame, and what is to be added to it for what follows it. */
      readonly size: 1 | 2 | 4;
      readonly at: number;
      readonly adds: number;
      readonly littleEndian: boolean;
      readonly maxLength: number;
    }
  | { readonly by: "slip"; readonly maxLength: number }
  /** Text that ends a frame, as a regular expression over Latin-1. */
  | { readonly by: "pattern"; readonly pattern: string; readonly maxLength: number };

export function createFramer(framing: Framing, sink: FrameSink, timers: Timers): Framer {
  switch (framing.by) {
    case "delimiter":
      return new DelimiterFramer(framing.delimiter, framing.maxLength, sink);
    case "length":
      return new LengthFramer(framing.length, sink);
    case "idle":
      return new IdleFramer(framing, sink, timers);
    case "prefix":
      return new PrefixFramer(framing, sink);
    case "slip":
      return new SlipFramer(framing.maxLength, sink);
    case "pattern":
    default:
      return new PatternFramer(framing, sink);
  }
}

class DelimiterFramer implements Framer {
  readonly #delimiter: Uint8Array;
  /** For each matched length of the delimiter the length to go on with after a mismatch (Knuth, Morris, Pratt). */
  readonly #fallback: readonly number[];
  readonly #sink: FrameSink;
  readonly #pending: PendingFrame;
  #matched = 0;

  constructor(delimiter: Uint8Array, maxLength: number, sink: FrameSink) {
    this.#delimiter = delimiter;
    this.#fallback = fallbacks(delimiter);
    this.#sink = sink;
    this.#pending = new PendingFrame(maxLength);
  }

  push(bytes: Uint8Array): void {
    for (const byte of bytes) this.#next(byte);
  }

  reset(): void {
    this.#pending.clear();
    this.#matched = 0;
  }

  #next(byte: number): void {
    let matched = this.#matched;
    while (matched > 0 && this.#delimiter[matched] !== byte) {
      const shorter = this.#fallback[matched - 1] ?? 0;
      // What was held back as a possible delimiter turns out to be content.
      for (let index = 0; index < matched - shorter; index += 1) this.#pending.push(this.#delimiter[index] ?? 0);
      matched = shorter;
    }
    if (this.#delimiter[matched] !== byte) this.#pending.push(byte);
    else matched += 1;
    this.#matched = matched;
    if (matched === this.#delimiter.length) this.#end();
  }

  #end(): void {
    this.#matched = 0;
    const { overflown } = this.#pending;
    const frame = this.#pending.take();
    if (overflown) this.#sink.tooLong();
    else this.#sink.frame(frame);
  }
}

function fallbacks(delimiter: Uint8Array): readonly number[] {
  const table = [0];
  let length = 0;
  for (let index = 1; index < delimiter.length; index += 1) {
    while (length > 0 && delimiter[index] !== delimiter[length]) length = table[length - 1] ?? 0;
    if (delimiter[index] === delimiter[length]) length += 1;
    table.push(length);
  }
  return table;
}

class LengthFramer implements Framer {
  readonly #length: number;
  readonly #sink: FrameSink;
  readonly #pending: PendingFrame;

  constructor(length: number, sink: FrameSink) {
    this.#length = length;
    this.#sink = sink;
    this.#pending = new PendingFrame(length);
  }

  push(bytes: Uint8Array): void {
    for (const byte of bytes) {
      this.#pending.push(byte);
      if (this.#pending.length === this.#length) this.#sink.frame(this.#pending.take());
    }
  }

  reset(): void {
    this.#pending.clear();
  }
}

class IdleFramer implements Framer {
  readonly #idle: number;
  readonly #sink: FrameSink;
  readonly #timers: Timers;
  readonly #pending: PendingFrame;
  #cancel: (() => void) | undefined;

  constructor({ idle, maxLength }: { idle: number; maxLength: number }, sink: FrameSink, timers: Timers) {
    this.#idle = idle;
    this.#sink = sink;
    this.#timers = timers;
    this.#pending = new PendingFrame(maxLength);
  }

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    for (const byte of bytes) this.#pending.push(byte);
    this.#cancel?.();
    this.#cancel = this.#timers.after(this.#idle, () => this.#end());
  }

  reset(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#pending.clear();
  }

  #end(): void {
    const { overflown } = this.#pending;
    const frame = this.#pending.take();
    this.reset();
    if (overflown) this.#sink.tooLong();
    else this.#sink.frame(frame);
  }
}
