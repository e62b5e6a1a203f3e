/** The prefixes of one connection and how a CURIE is resolved by them, by the rules of either flavour. */
import type { Flavour } from "./v1-message.ts";

export class Prefixes {
  readonly #flavour: Flavour;
  readonly #limit: number;
  readonly #uris = new Map<string, string>();

  constructor(flavour: Flavour, limit: number) {
    this.#flavour = flavour;
    this.#limit = limit;
  }

  get size(): number {
    return this.#uris.size;
  }

  /** A prefix may be defined again. False: one more than there may be. */
  define(prefix: string, uri: string): boolean {
    if (this.#uris.size >= this.#limit && !this.#uris.has(prefix)) return false;
    this.#uris.set(prefix, uri);
    return true;
  }

  /** What no prefix speaks for stays as it is. */
  resolve(name: string): string {
    const colon = name.indexOf(":");
    if (colon < 1) return name;
    const uri = this.#uris.get(name.slice(0, colon));
    if (uri === undefined) return name;
    const rest = this.#flavour === "autobahn" ? name.slice(colon + 1) : (name.split(":", 2)[1] ?? "");
    return uri + rest;
  }
}
