/** A frame that grows, up to a bound beyond which only its length is of interest. */
export class PendingFrame {
  readonly #limit: number;
  #buffer = new Uint8Array(256);
  #length = 0;
  #overflown = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get length(): number {
    return this.#length;
  }

  get overflown(): boolean {
    return this.#overflown;
  }

  push(byte: number): void {
    if (this.#length >= this.#limit) {
      this.#overflown = true;
      return;
    }
    if (this.#length === this.#buffer.length) {
      const larger = new Uint8Array(Math.min(this.#limit, this.#buffer.length * 2));
      larger.set(this.#buffer);
      this.#buffer = larger;
    }
    this.#buffer[this.#length] = byte;
    this.#length += 1;
  }

  take(): Uint8Array {
    const bytes = this.#buffer.slice(0, this.#length);
    this.clear();
    return bytes;
  }

  clear(): void {
    this.#length = 0;
    this.#overflown = false;
  }
}
