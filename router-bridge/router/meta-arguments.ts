/**
 * Reads the arguments of a call that the router itself answers. Absent and null are the same, as in options; what is wrong
 * is told by its name. Every method throws ApplicationError `wamp.error.invalid_argument`.
 */
import { ApplicationError, ErrorUri, isId, type Dict, type Match, type Payload } from "@pinion/wamp";

export class MetaArguments {
  readonly #args: readonly unknown[];
  readonly #kwargs: Dict;

  constructor({ args, kwargs }: Payload) {
    this.#args = args;
    this.#kwargs = kwargs;
  }

  id(place: number, name: string): number {
    const value = this.#args[place];
    if (!isId(value)) throw wrong(place, name, "an id");
    return value;
  }

  string(place: number, name: string): string {
    const value = this.#args[place];
    if (typeof value !== "string") throw wrong(place, name, "a string");
    return value;
  }

  optionalStrings(place: number, name: string): readonly string[] | undefined {
    const value = this.#args[place] ?? undefined;
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || !value.every((item) => typeof item === "string")) {
      throw wrong(place, name, "a list of strings");
    }
    return value;
  }

  /** Empty if absent. */
  list(place: number, name: string): readonly unknown[] {
    const value = this.#args[place] ?? [];
    if (!Array.isArray(value)) throw wrong(place, name, "a list");
    const list: readonly unknown[] = value;
    return list;
  }

  /** Empty if absent. */
  dict(place: number, name: string): Dict {
    const value = this.#args[place] ?? {};
    if (isDict(value)) return value;
    throw wrong(place, name, "a dict");
  }

  /** The option `match` of a dict of options that may be left out. */
  match(place: number): Match {
    const match = this.dict(place, "options")["match"] ?? "exact";
    if (match === "exact" || match === "prefix" || match === "wildcard") return match;
    throw wrong(place, "options", "a dict whose match is exact, prefix or wildcard");
  }

  keywordString(name: string): string | undefined {
    const value = this.#keyword(name);
    if (value === undefined || typeof value === "string") return value;
    throw wrongKeyword(name, "a string");
  }

  keywordBoolean(name: string): boolean {
    const value = this.#keyword(name) ?? false;
    if (typeof value === "boolean") return value;
    throw wrongKeyword(name, "true or false");
  }

  /** A whole number from 0. */
  keywordCount(name: string): number | undefined {
    const value = this.#keyword(name);
    if (value === undefined || (typeof value === "number" && Number.isInteger(value) && value >= 0)) return value;
    throw wrongKeyword(name, "a whole number");
  }

  /** Empty if absent. */
  keywordDict(name: string): Dict {
    const value = this.#keyword(name) ?? {};
    if (isDict(value)) return value;
    throw wrongKeyword(name, "a dict");
  }

  keywordId(name: string): number | undefined {
    const value = this.#keyword(name);
    if (value === undefined || isId(value)) return value;
    throw wrongKeyword(name, "an id");
  }

  /** A time in the notation of RFC 3339, as milliseconds since 1970. */
  keywordTime(name: string): number | undefined {
    const value = this.keywordString(name);
    if (value === undefined) return undefined;
    const at = RFC_3339.test(value) ? Date.parse(value) : Number.NaN;
    if (Number.isNaN(at)) throw wrongKeyword(name, "a time such as 2026-11-20T21:05:00.000Z");
    return at;
  }

  #keyword(name: string): unknown {
    return this.#kwargs[name] ?? undefined;
  }
}

function isDict(value: unknown): value is Dict {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

function wrongKeyword(name: string, wanted: string): ApplicationError {
  return new ApplicationError(ErrorUri.invalidArgument, [`the keyword argument ${name} must be ${wanted}`]);
}

function wrong(place: number, name: string, wanted: string): ApplicationError {
  return new ApplicationError(ErrorUri.invalidArgument, [`argument ${place + 1} (${name}) must be ${wanted}`]);
}
