/**
 * Why a regular expression is refused, in words; undefined when it may run. JavaScript's engine tries every way to
 * match, which for nested repetition takes time exponential in the line's length and would stop the whole board. Refused
 * are therefore: a repeated group that itself contains a repetition or alternatives, and references back to a group. The
 * rest is at worst polynomial, on lines that are cut short before they are matched.
 */
export function patternFault(source: string): string | undefined {
  try {
    RegExp(source, "u");
  } catch (error) {
    return error instanceof Error ? error.message : "it does not compile";
  }
  return new Scan(source).fault();
}

interface Group {
  readonly repeats: boolean;
  readonly alternatives: boolean;
}

class Scan {
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  fault(): string | undefined {
    const stack: { repeats: boolean; alternatives: boolean }[] = [{ repeats: false, alternatives: false }];
    while (this.#at < this.#source.length) {
      const open = stack.at(-1);
      const character = this.#source[this.#at] ?? "";
      if (character === "\\" && /[1-9k]/.test(this.#source[this.#at + 1] ?? "")) return "it refers back to a group";
      if (character === "(") stack.push({ repeats: false, alternatives: false });
      if (character === "|" && open) open.alternatives = true;
      const closed = character === ")" ? stack.pop() : undefined;
      this.#skipAtom(character);
      const repeated = this.#skipQuantifier();
      if (closed && repeated && (closed.repeats || closed.alternatives)) return nested(closed);
      const outer = stack.at(-1);
      if (outer && (repeated || closed?.repeats === true)) outer.repeats = true;
      if (outer && closed?.alternatives === true) outer.alternatives = true;
    }
    return undefined;
  }

  #skipAtom(character: string): void {
    if (character === "\\") this.#at += 2;
    else if (character === "[") this.#skipClass();
    else if (character === "(" && this.#source[this.#at + 1] === "?") this.#at += 2;
    else this.#at += 1;
  }

  #skipClass(): void {
    while (this.#at < this.#source.length && this.#source[this.#at] !== "]") {
      this.#at += this.#source[this.#at] === "\\" ? 2 : 1;
    }
    this.#at += 1;
  }

  /** True for one that allows more than a single repetition; "?" does not. */
  #skipQuantifier(): boolean {
    const match = /^(?:[*+]|\{(\d+)(?:,(\d*))?\}|\?)\??/.exec(this.#source.slice(this.#at));
    // "(?" opens a group: its question mark quantifies nothing, and #skipAtom has stepped over it.
    if (!match) return false;
    this.#at += match[0].length;
    return (
      !match[0].startsWith("?") && !(match[1] !== undefined && Number(match[2] ?? match[1]) <= 1 && match[2] !== "")
    );
  }
}

function nested({ repeats }: Group): string {
  return repeats
    ? "it repeats a group that repeats something itself, which can take for ever on an unlucky line"
    : "it repeats a group of alternatives, which can take for ever on an unlucky line; use a character class";
}
