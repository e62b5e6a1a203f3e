/* A growing buffer that one writer reuses from message to message; `take` hands out a copy of exact size. */
const encoder = new TextEncoder();
const scratch = new DataView(new ArrayBuffer(8));
/** Characters up to which a loop beats encodeInto (measured on Node 24). */
const SHORT = 24;
const LONGEST_HEADER = 5;
const INITIAL_SIZE = 4096;
/** A buffer that grew beyond this for one large message is not kept for the small ones after it. */
const KEPT_SIZE = 256 * 1024;

export class ByteWriter {
  buffer = new Uint8Array(INITIAL_SIZE);
  length = 0;

  /** Makes room for `more` octets after `length`. */
  reserve(more: number): void {
    if (this.length + more <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(this.buffer.length * 2, this.length + more));
    grown.set(this.buffer.subarray(0, this.length));
    this.buffer = grown;
  }

  octet(value: number): void {
    if (this.length === this.buffer.length) this.reserve(1);
    this.buffer[this.length++] = value;
  }

  octets(values: Uint8Array): void {
    this.reserve(values.length);
    this.buffer.set(values, this.length);
    this.length += values.length;
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

  reset(): void {
    this.length = 0;
  }

  take(): Uint8Array {
    const taken = this.buffer.slice(0, this.length);
    this.length = 0;
    if (this.buffer.length > KEPT_SIZE) this.buffer = new Uint8Array(INITIAL_SIZE);
    return taken;
  }
}
