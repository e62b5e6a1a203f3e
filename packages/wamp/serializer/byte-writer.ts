/*
 * Where one writer writes, message after message side by side in one slab, so that nothing is copied when a message is taken:
 * a message that is kept for long keeps its slab. Before each there is room for a frame's prefix. No octet is written twice.
 */
import { wordsOf } from "./word-scan.ts";

const encoder = new TextEncoder();
const scratch = new DataView(new ArrayBuffer(8));
/** Characters up to which a loop beats encodeInto (measured on Node 24). */
const SHORT = 24;
/** Octets up to which a loop beats a view of them and its copy (measured on Node 24). */
const FEW = 256;
const LONGEST_HEADER = 5;
const SLAB = 64 * 1024;
/** With less left of a slab the next message begins a new one. */
const LEAST = 2048;
/** What follows the last long part of a message without another move: closing brackets. */
const LEAST_TAIL = 8;
/** Octets in front of each message that are the receiver's to use, for a frame's prefix. */
export const ROOM = 4;

export class ByteWriter {
  buffer = new Uint8Array(SLAB);
  /** Where the next octet goes, counted from the beginning of `buffer`. */
  length = ROOM;
  #start = ROOM;
  /** The slab meanwhile, for a message that it has no room for. */
  #slab: Uint8Array<ArrayBuffer> | undefined;
  #slabStart = ROOM;
  /** The buffer as words, and which buffer that is. */
  #worded = this.buffer;
  #words = new DataView(this.buffer.buffer);

  /** Makes room for `more` octets after `length`. Places in the buffer stay what they were. */
  reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.buffer.length) return;
    const written = needed - this.#start;
    const grown = new Uint8Array(
      this.#start + Math.max(written + (written >>> 3) + ROOM, 2 * (this.length - this.#start)),
    );
    grown.set(this.buffer.subarray(this.#start, this.length), this.#start);
    this.#leaveSlab();
    this.buffer = grown;
  }

  /** For a message that will have a buffer of its own size. Places in the buffer change. */
  #move(more: number): void {
    const written = this.length - this.#start;
    const own = new Uint8Array(ROOM + written + more + LEAST_TAIL);
    own.set(this.buffer.subarray(this.#start, this.length), ROOM);
    this.#leaveSlab();
    this.buffer = own;
    this.#start = ROOM;
    this.length = ROOM + written;
  }

  /** The message goes on where `values` lie; what was written of it is put in front of them. */
  #moveBefore(values: Uint8Array, buffer: ArrayBuffer): void {
    const whole = new Uint8Array(buffer);
    const start = values.byteOffset - (this.length - this.#start);
    whole.set(this.buffer.subarray(this.#start, this.length), start);
    this.#leaveSlab();
    this.buffer = whole;
    this.#start = start;
    this.length = values.byteOffset + values.length;
  }

  #leaveSlab(): void {
    if (this.#slab !== undefined) return;
    this.#slab = this.buffer;
    this.#slabStart = this.#start;
  }

  octet(value: number): void {
    if (this.length === this.buffer.length) this.reserve(1);
    this.buffer[this.length++] = value;
  }

  /** A whole number from 0 to 2^53, in decimal digits. */
  decimal(value: number): void {
    if (value < 1e8) {
      this.#digits(value, digitsOf(value));
      return;
    }
    const high = Math.floor(value / 1e8);
    this.decimal(high);
    this.#digits(value - high * 1e8, 8);
  }

  #digits(value: number, count: number): void {
    this.reserve(count);
    let rest = value | 0;
    for (let at = this.length + count - 1; at >= this.length; at--) {
      const tenth = (rest / 10) | 0;
      this.buffer[at] = 0x30 + rest - tenth * 10;
      rest = tenth;
    }
    this.length += count;
  }

  /** All of `values`. Nobody may hold a place in the buffer meanwhile. */
  octets(values: Uint8Array): void {
    this.octetsOf(values, 0, values.length, 0);
  }

  /** Those from `from` to `to`. `front`: octets before them that may be written over. */
  octetsOf(values: Uint8Array, from: number, to: number, front: number): void {
    if (this.length - this.#start + ROOM <= front && values.buffer instanceof ArrayBuffer) {
      this.#moveBefore(values.subarray(from, to), values.buffer);
      return;
    }
    const count = to - from;
    if (this.length + count > this.buffer.length) this.#move(count);
    if (count <= FEW) this.#copyFew(values, from, to);
    else this.buffer.set(values.subarray(from, to), this.length);
    this.length += count;
  }

  #copyFew(values: Uint8Array, from: number, to: number): void {
    const { buffer } = this;
    if (this.#worded !== buffer) {
      this.#worded = buffer;
      this.#words = new DataView(buffer.buffer);
    }
    const [source, target] = [wordsOf(values), this.#words];
    const shift = this.length - from - values.byteOffset;
    const end = values.byteOffset + to;
    let at = values.byteOffset + from;
    for (; at <= end - 4; at += 4) target.setInt32(at + shift, source.getInt32(at, true), true);
    for (; at < end; at++) target.setUint8(at + shift, source.getUint8(at));
  }

  /** Text known to be ASCII. */
  ascii(text: string): void {
    this.reserve(text.length);
    for (let i = 0; i < text.length; i++) this.buffer[this.length++] = text.charCodeAt(i);
  }

  /** Any text; lone surrogates become U+FFFD. Returns the number of octets. */
  utf8(text: string): number {
    this.reserve(text.length * 3);
    const { written } = encoder.encodeInto(text, this.buffer.subarray(this.length));
    this.length += written;
    return written;
  }

  /** Text with its size in front of it, as `header` writes that size. */
  sized(text: string, header: (out: ByteWriter, size: number) => void): void {
    const start = this.length;
    if (text.length <= SHORT) {
      header(this, text.length);
      if (this.#appendAscii(text)) return;
    }
    const from = start + LONGEST_HEADER;
    this.length = start;
    this.reserve(LONGEST_HEADER);
    this.length = from;
    const size = this.utf8(text);
    this.length = start;
    header(this, size);
    this.buffer.copyWithin(this.length, from, from + size);
    this.length += size;
  }

  #appendAscii(text: string): boolean {
    this.reserve(text.length);
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return false;
      this.buffer[this.length + i] = code;
    }
    this.length += text.length;
    return true;
  }

  uint16(value: number): void {
    this.octet((value >>> 8) & 0xff);
    this.octet(value & 0xff);
  }

  uint32(value: number): void {
    this.uint16(value >>> 16);
    this.uint16(value & 0xffff);
  }

  /** The low 64 bits, two's complement. */
  uint64(value: number | bigint): void {
    if (typeof value === "number" && value >= 0) {
      this.uint32(Math.floor(value / 2 ** 32));
      this.uint32(value % 2 ** 32);
    } else {
      const bits = BigInt.asUintN(64, BigInt(value));
      this.uint32(Number(bits >> 32n));
      this.uint32(Number(bits & 0xffffffffn));
    }
  }

  float64(value: number): void {
    scratch.setFloat64(0, value);
    for (let i = 0; i < 8; i++) this.octet(scratch.getUint8(i));
  }

  /** Forgets what was written since the last message. */
  reset(): void {
    if (this.#slab !== undefined) this.#begin(this.#slab, this.#slabStart);
    this.length = this.#start;
  }

  /** What was written since the last message, exactly, or with the `ROOM` octets before it, which belong to it. */
  take(withRoom: boolean): Uint8Array {
    const { buffer, length } = this;
    const start = withRoom ? this.#start - ROOM : this.#start;
    const taken = new Uint8Array(buffer.buffer, start, length - start);
    if (this.#slab === undefined) this.#begin(buffer, length + ROOM);
    else this.#begin(this.#slab, this.#slabStart);
    return taken;
  }

  #begin(slab: Uint8Array<ArrayBuffer>, start: number): void {
    this.#slab = undefined;
    const fits = start + LEAST <= slab.length;
    this.buffer = fits ? slab : new Uint8Array(SLAB);
    this.#start = fits ? start : ROOM;
    this.length = this.#start;
  }
}

/** Of a whole number from 0 below 10^8. */
function digitsOf(value: number): number {
  let count = 1;
  for (let limit = 10; value >= limit; limit *= 10) count += 1;
  return count;
}
