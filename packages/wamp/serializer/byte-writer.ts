/* A growing buffer that one writer reuses from message to message; `take` hands out a copy of exact size. */
const encoder = new TextEncoder();
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
