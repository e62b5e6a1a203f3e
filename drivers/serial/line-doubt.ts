/**
 * Whether what a port receives is what its configuration is for. A wrong speed opens without an error and then brings bytes that
 * are no text, or never the end of a line; a wrong rule fits none of many. Owns the counts; must not know the rules.
 */
import { found, quantity } from "../words.ts";
import type { Port } from "./serial-config.ts";

/** Lines in a row that are no text. */
const GARBLED = 3;
/** Lines, since the port was opened, of which none fitted. */
const UNFIT = 50;
/** ms in which bytes come and no frame ends. */
const ENDLESS = 60_000;
/** U+FFFD stands where bytes are no UTF-8; a sign of degrees in Latin-1 alone is no doubt. */
const GARBLED_PART = 1 / 8;

export class LineDoubt {
  readonly #port: Port;
  readonly #now: () => number;
  #garbled = 0;
  #unfit = 0;
  #fitted = false;
  #last = "";
  #unended: { readonly since: number; bytes: number } | undefined;
  #isEndless = false;

  constructor(port: Port, now: () => number) {
    this.#port = port;
    this.#now = now;
  }

  /** Bytes have come, before they are made into frames. */
  received(bytes: number): void {
    this.#unended ??= { since: this.#now(), bytes: 0 };
    this.#unended.bytes += bytes;
    this.#isEndless = this.#now() - this.#unended.since > ENDLESS;
  }

  /** A frame has ended; `fits` is whether a rule had something to say about it, undefined where there are none. */
  frame(text: string, fits: boolean | undefined): void {
    this.#unended = undefined;
    this.#isEndless = false;
    this.#last = text;
    this.#fitted ||= fits === true;
    this.#unfit = this.#fitted ? 0 : this.#unfit + (fits === false ? 1 : 0);
    this.#garbled = fits !== true && this.#isGarbled(text) ? this.#garbled + 1 : 0;
  }

  /** The port was lost: what comes next is new. */
  forget(): void {
    this.#garbled = 0;
    this.#unfit = 0;
    this.#unended = undefined;
    this.#isEndless = false;
  }

  /** What is wrong and what it may be, if anything is. */
  get words(): string | undefined {
    const { path, framing } = this.#port;
    if (this.#garbled >= GARBLED)
      return `${path} brings lines that are no text, ${quantity(this.#garbled, "line")} in a row: check ${this.settings}; the encoding, if it is not UTF-8`;
    if (this.#isEndless && this.#unended !== undefined) {
      const missing =
        framing.by === "delimiter" ? "the end of a line (framing.delimiter)" : "the end of a frame (framing)";
      return `${path} brought ${quantity(this.#unended.bytes, "byte")} and never ${missing}: check ${this.settings}, and the framing`;
    }
    if (this.#unfit >= UNFIT)
      return `no rule fits any of the ${quantity(this.#unfit, "line")} that ${path} brought; the last was ${found(this.#last)}: correct match, pointer, column or nmea of its readings`;
    return undefined;
  }

  get settings(): string {
    const { baudRate, dataBits, parity, stopBits } = this.#port.line;
    return `that baudRate (${String(baudRate)} here), dataBits (${String(dataBits)}), parity (${parity}) and stopBits (${String(stopBits)}) are those of the device`;
  }

  #isGarbled(text: string): boolean {
    const marks = text.split("\ufffd").length - 1;
    return marks > 0 && marks >= text.length * GARBLED_PART;
  }
}
