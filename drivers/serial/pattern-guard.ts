/**
 * Why a regular expression is refused, in words; undefined when it may run. JavaScript's engine tries every way to match,
 * which for nested repetition takes time exponential in the line's length and would stop the whole board. Refused are
 * therefore: a repeated group that itself contains a repetition, something optional or alternatives; references back to a
 * group; more than two repetitions of "anything". What is left is at worst polynomial, on lines that are cut short.
 */
export function patternFault(source: string): string | undefined {
  try {
    RegExp(source, "u");
  } catch (error) {
    return error instanceof Error ? error.message : "it does not compile";
  }
  return new Scan(source).fault();
}

/** Longest part of a line that a pattern is shown. */
export const PATTERN_REACH = 512;

const WIDEST = 2;
const QUANTIFIER = /^(?:[*+?]|\{(\d+)(,?)(\d*)\})\??/;

interface Group {
  /** Something in it can match in more than one length. */
  varies: boolean;
  alternatives: boolean;
}

class Scan {
  readonly #source: string;
  readonly #groups: Group[] = [{ varies: false, alternatives: false }];
  #at = 0;
  #wide = 0;

  constructor(source: string) {
    this.#source = source;
  }

  fault(): string | undefined {
    while (this.#at < this.#source.length) {
      const fault = this.#step();
      if (fault !== undefined) return fault;
    }
    return this.#wide > WIDEST
      ? `it repeats "anything" more than ${String(WIDEST)} times; say what stands there, or leave out what need not be matched`
      : undefined;
  }

  #step(): string | undefined {
    const atom = this.#atom();
    if (/^\\[1-9k]/.test(atom)) return "it refers back to a group";
    this.#at += atom.length;
    if (atom.startsWith("(")) {
      this.#groups.push({ varies: false, alternatives: false });
      return undefined;
    }
    const closed = atom === ")" ? this.#groups.pop() : undefined;
    const group = this.#groups.at(-1);
    if (group === undefined) return "its parentheses do not match";
    if (atom === "|") group.alternatives = true;
    const quantifier = QUANTIFIER.exec(this.#source.slice(this.#at));
    if (closed) inherit(group, closed);
    if (!quantifier) return undefined;
    this.#at += quantifier[0].length;
    group.varies ||= !isFixed(quantifier);
    if (!isRepeated(quantifier)) return undefined;
    if (isWide(atom)) this.#wide += 1;
    return closed && nestedFault(closed);
  }

  /** The next thing that a quantifier could stand behind, or the opening of a group with its prefix. */
  #atom(): string {
    const rest = this.#source.slice(this.#at);
    const found = /^(?:\\[\s\S]|\[(?:\\[\s\S]|[^\]\\])*\]|\((?:\?(?:[:=!]|<[=!]|<[^>]*>|[a-z-]+:))?|[\s\S])/.exec(rest);
    return found?.[0] ?? rest;
  }
}

function inherit(outer: Group, inner: Group): void {
  outer.varies ||= inner.varies || inner.alternatives;
}

function isFixed([text, least, comma, most]: RegExpExecArray): boolean {
  return !/^[*+?]/.test(text) && (comma === "" || least === most);
}

function isRepeated([text, least, comma, most]: RegExpExecArray): boolean {
  if (text.startsWith("?")) return false;
  if (/^[*+]/.test(text)) return true;
  const highest = comma === "" ? least : most;
  return highest === "" || Number(highest) > 1;
}

function isWide(atom: string): boolean {
  return atom === "." || /^\\[SDW]$/.test(atom) || atom.startsWith("[^");
}

function nestedFault({ varies, alternatives }: Group): string | undefined {
  if (varies) return "it repeats a group whose own length varies, which can take for ever on an unlucky line";
  if (!alternatives) return undefined;
  return "it repeats a group of alternatives, which can take for ever on an unlucky line; use a character class";
}
