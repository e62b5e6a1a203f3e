/**
 * Frames of one port to readings. Owns the compiled rules and their counters; must not know the port. What does not match
 * is counted, never thrown: a serial line carries noise. A stream in error says so once, until it has a value again.
 */
import type { JsonValue } from "../description.ts";
import type { DriverContext } from "../driver.ts";
import { quantity } from "../words.ts";
import { decodeText } from "./encoding.ts";
import { LineDoubt } from "./line-doubt.ts";
import { nmeaSentence } from "./nmea-sentence.ts";
import { compileRule, type Line, type Outcome } from "./rule.ts";
import type { Port } from "./serial-config.ts";

/** A rule that takes longer than this for one line, three times, is switched off: it stops the whole board. */
const SLOW = 100;
const STRIKES = 3;

interface Rule {
  readonly stream: string;
  readonly run: (line: Line) => Outcome;
  strikes: number;
}

export class LineReader {
  readonly #port: Port;
  readonly #ctx: DriverContext;
  readonly #rules: readonly Rule[];
  readonly #streams: readonly string[];
  readonly #onLine: (text: string) => void;
  readonly #inError = new Set<string>();
  readonly #doubt: LineDoubt;
  #doubted = false;
  readonly #counters = { lines: 0, lines_too_long: 0, unmatched_lines: 0, bad_values: 0 };

  /** `onLine` gets each line before the rules do. */
  constructor(port: Port, ctx: DriverContext, onLine: (text: string) => void) {
    this.#onLine = onLine;
    this.#port = port;
    this.#ctx = ctx;
    this.#doubt = new LineDoubt(port, () => ctx.clock.mono());
    this.#rules = port.rules.map((rule) => ({ stream: rule.stream, run: compileRule(rule), strikes: 0 }));
    this.#streams = port.rules.length === 0 ? [port.name] : port.rules.map(({ stream }) => stream);
  }

  get counters(): Readonly<Record<string, number>> {
    return { ...this.#counters };
  }

  /** What keeps the readings from being complete, if anything does. */
  get trouble(): string | undefined {
    const off = this.#rules.filter(({ strikes }) => strikes >= STRIKES).map(({ stream }) => stream);
    return off.length === 0 ? this.#doubt.words : `switched off for being slow: the rule of ${off.join(", ")}`;
  }

  /** Bytes of the port, before they are made into frames. */
  received(bytes: number): void {
    this.#doubt.received(bytes);
    this.#tellDoubt();
  }

  /** The port is gone: all its streams are in error, and what comes later is judged anew. */
  lost(cause: string): void {
    this.#doubt.forget();
    this.#doubted = false;
    this.fail(cause);
  }

  frame(bytes: Uint8Array): void {
    const { trimsReturn, encoding, name } = this.#port;
    const content = trimsReturn && bytes.at(-1) === 0x0d ? bytes.subarray(0, -1) : bytes;
    const text = decodeText(content, encoding);
    if (text === "") return;
    this.#counters.lines += 1;
    this.#onLine(text);
    if (this.#rules.length === 0) this.#value(name, text);
    this.#doubt.frame(text, this.#rules.length === 0 ? undefined : this.#applyRules(text));
    this.#tellDoubt();
  }

  tooLong(): void {
    this.#counters.lines_too_long += 1;
    const { framing } = this.#port;
    const limit = framing.by === "length" ? framing.length : framing.maxLength;
    const check = `check the framing, and ${this.#doubt.settings}`;
    this.fail(`line_too_long: a line of more than ${quantity(limit, "byte")} was dropped: ${check}`);
  }

  /** Once, until it has gone. */
  #tellDoubt(): void {
    const { words } = this.#doubt;
    if (words !== undefined && !this.#doubted) {
      this.#ctx.log.warn(`${this.#port.name}: ${words}`);
      if (this.#rules.length > 0) this.fail(words);
    }
    this.#doubted = words !== undefined;
  }

  /** All streams of the port are in error; those that are already stay silent. */
  fail(cause: string): void {
    for (const stream of this.#streams) this.#error(stream, cause);
  }

  /** Answers whether any rule had something to say about it. */
  #applyRules(text: string): boolean {
    let parsed: { readonly json: JsonValue | undefined } | undefined;
    let packet: { readonly sentence: ReturnType<typeof nmeaSentence> } | undefined;
    const line: Line = {
      text,
      json: () => (parsed ??= { json: parseJson(text) }).json,
      sentence: () => (packet ??= { sentence: nmeaSentence(text) }).sentence,
    };
    let matched = false;
    for (const rule of this.#rules) {
      if (rule.strikes >= STRIKES) continue;
      const outcome = this.#timed(rule, line);
      matched ||= outcome.kind !== "none";
      this.#tell(rule.stream, outcome);
      if (rule.strikes >= STRIKES) this.#error(rule.stream, "the rule was switched off for being slow");
    }
    if (!matched) this.#counters.unmatched_lines += 1;
    return matched;
  }

  #tell(stream: string, outcome: Outcome): void {
    if (outcome.kind === "value") this.#value(stream, outcome.value, outcome.clamped);
    if (outcome.kind !== "bad") return;
    this.#counters.bad_values += 1;
    this.#error(stream, outcome.cause);
  }

  #timed(rule: Rule, line: Line): Outcome {
    const start = this.#ctx.clock.mono();
    const outcome = rule.run(line);
    const took = this.#ctx.clock.mono() - start;
    if (took > SLOW) {
      rule.strikes += 1;
      this.#ctx.log.warn(`The rule of ${rule.stream} on ${this.#port.name} took ${took.toFixed(0)} ms for one line`);
    }
    return outcome;
  }

  #value(stream: string, value: JsonValue, clamped?: string): void {
    this.#inError.delete(stream);
    this.#ctx.publish(stream, clamped === undefined ? { value } : { value, quality: "clamped", cause: clamped });
  }

  #error(stream: string, cause: string): void {
    if (this.#inError.has(stream)) return;
    this.#inError.add(stream);
    this.#ctx.publish(stream, { value: null, quality: "error", cause });
  }
}

function parseJson(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue; // what JSON.parse answers is JSON by definition
  } catch {
    return undefined;
  }
}
