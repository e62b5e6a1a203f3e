/** Frames between matches of a regular expression. Owns what has come since the last match, as Latin-1 text. */
import type { Framer, FrameSink } from "./frame-sink.ts";

export class PatternFramer implements Framer {
  readonly #pattern: RegExp;
  readonly #maxLength: number;
  readonly #sink: FrameSink;
  #rest = "";
  #overflown = false;

  constructor({ pattern, maxLength }: { readonly pattern: string; readonly maxLength: number }, sink: FrameSink) {
    this.#pattern = new RegExp(pattern, "u");
    this.#maxLength = maxLength;
    this.#sink = sink;
  }

  push(bytes: Uint8Array): void {
    // In pieces, so that what is searched is never much longer than a frame may be.
    for (let at = 0; at < bytes.length; at += this.#maxLength) this.#add(bytes.subarray(at, at + this.#maxLength));
  }

  reset(): void {
    this.#rest = "";
    this.#overflown = false;
  }

  #add(bytes: Uint8Array): void {
    this.#rest += Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
    for (let match = this.#pattern.exec(this.#rest); match; match = this.#pattern.exec(this.#rest)) {
      // One that matches nothing would never come to an end.
      if (match[0] === "") break;
      const frame = this.#rest.slice(0, match.index);
      this.#rest = this.#rest.slice(match.index + match[0].length);
      if (this.#overflown || frame.length > this.#maxLength) this.#sink.tooLong();
      else this.#sink.frame(Uint8Array.from(frame, (character) => character.charCodeAt(0)));
      this.#overflown = false;
    }
    if (this.#rest.length <= this.#maxLength) return;
    this.#overflown = true;
    this.#rest = this.#rest.slice(-this.#maxLength);
  }
}
