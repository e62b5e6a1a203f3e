/**
 * Owns what is known under URIs and patterns, one value for each pair of match policy and text, and finds what a URI
 * concerns: everything that matches (events) or the one best match (calls). Exact entries cost one map lookup; prefixes and
 * wildcards cost the length of the URI, not the number of patterns. The same text under two policies is two entries.
 * What was found for a URI is remembered until the next entry comes or goes: the same few topics are published over and over.
 */
import type { Match } from "@pinion/wamp";
import { PrefixTree } from "./prefix-tree.ts";
import { WildcardTree } from "./wildcard-tree.ts";

/** URIs whose matches are remembered, and how long they may be, in characters, and how much may match them. */
const REMEMBERED = 4096;
const LONGEST = 128;
const MOST_MATCHES = 16;

export class PatternIndex<T> {
  readonly #exact = new Map<string, T>();
  readonly #prefix = new Map<string, T>();
  readonly #wildcard = new Map<string, T>();
  readonly #prefixes = new PrefixTree<T>();
  readonly #wildcards = new WildcardTree<T>();
  readonly #remembered = new Map<string, readonly T[]>();

  get size(): number {
    return this.#exact.size + this.#prefix.size + this.#wildcard.size;
  }

  /** Whether anything but exact entries is held; if not, `exact` is the whole answer. */
  get hasPatterns(): boolean {
    return this.#prefix.size > 0 || this.#wildcard.size > 0;
  }

  /** Tree nodes held for patterns; grows and shrinks with what is held, never with what was. Walks both trees. */
  get nodes(): number {
    return this.#prefixes.nodes + this.#wildcards.nodes;
  }

  /** URIs whose matches are remembered. */
  get remembered(): number {
    return this.#remembered.size;
  }

  /** All entries of one match policy, in the order in which they came. */
  values(match: Match): Iterable<T> {
    return this.#of(match).values();
  }

  exact(uri: string): T | undefined {
    return this.#exact.get(uri);
  }

  get(match: Match, pattern: string): T | undefined {
    return this.#of(match).get(pattern);
  }

  set(match: Match, pattern: string, value: T): void {
    this.#forget();
    this.#of(match).set(pattern, value);
    if (match === "prefix") this.#prefixes.set(pattern, value);
    if (match === "wildcard") this.#wildcards.set(pattern, value);
  }

  delete(match: Match, pattern: string): void {
    if (!this.#of(match).delete(pattern)) return;
    this.#forget();
    if (match === "prefix") this.#prefixes.delete(pattern);
    if (match === "wildcard") this.#wildcards.delete(pattern);
  }

  /** All entries that match `uri`: exact, then prefixes from short to long, then wildcards. */
  matching(uri: string): readonly T[] {
    const known = this.#remembered.get(uri);
    if (known !== undefined) return known;
    const found = this.#find(uri);
    if (uri.length <= LONGEST && found.length <= MOST_MATCHES) {
      if (this.#remembered.size >= REMEMBERED) this.#forget();
      this.#remembered.set(uri, found);
    }
    return found;
  }

  #find(uri: string): readonly T[] {
    const found: T[] = [];
    const exact = this.#exact.get(uri);
    if (exact !== undefined) found.push(exact);
    if (this.#prefix.size > 0) this.#prefixes.collect(uri, found);
    if (this.#wildcard.size > 0) this.#wildcards.collect(uri, found);
    return found;
  }

  /** The one entry for a call to `uri`: exact, else the longest prefix, else the most specific wildcard. */
  best(uri: string): T | undefined {
    const exact = this.#exact.get(uri);
    if (exact !== undefined || !this.hasPatterns) return exact;
    return this.#prefixes.longest(uri) ?? this.#wildcards.best(uri);
  }

  #forget(): void {
    // emptying a map costs a new table, an empty one's too
    if (this.#remembered.size > 0) this.#remembered.clear();
  }

  #of(match: Match): Map<string, T> {
    if (match === "exact") return this.#exact;
    return match === "prefix" ? this.#prefix : this.#wildcard;
  }
}
