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

  /** The option `match` of a dict of options that may be left out. */
  match(place: number): Match {
    const options = this.#args[place] ?? {};
    if (typeof options !== "object" || Array.isArray(options)) throw wrong(place, "options", "a dict");
    const match = (options as Dict)["match"] ?? "exact"; // an object that is no list
    if (match === "exact" || match === "prefix" || match === "wildcard") return match;
    throw wrong(place, "options", "a dict whose match is exact, prefix or wildcard");
  }

  /** A keyword argument. */
  keywordString(name: string): string | undefined {
    const value = this.#kwargs[name] ?? undefined;
    if (value === undefined || typeof value === "string") return value;
    throw new ApplicationError(ErrorUri.invalidArgument, [`the keyword argument ${name} must be a string`]);
  }
}

function wrong(place: number, name: string, wanted: string): ApplicationError {
  return new ApplicationError(ErrorUri.invalidArgument, [`argument ${place + 1} (${name}) must be ${wanted}`]);
}
