/**
 * URIs of WAMP (spec "URIs"): dot-separated components in one namespace for topics, procedures, errors and realms.
 * Loose rules are what a peer must keep; strict rules are what our own names keep.
 */
declare const uriBrand: unique symbol;
export type Uri = string & { readonly [uriBrand]: true };

/** How a subscription or registration compares its URI with another one. */
export type Match = "exact" | "prefix" | "wildcard";

const LOOSE = /^[^\s.#]+(?:\.[^\s.#]+)*$/;
const LOOSE_PREFIX = /^(?:[^\s.#]+(?:\.[^\s.#]+)*\.?)?$/;
const LOOSE_WILDCARD = /^[^\s.#]*(?:\.[^\s.#]*)*$/;
const STRICT = /^[a-z0-9_]+(?:\.[a-z0-9_]+)*$/;
const STRICT_PREFIX = /^(?:[a-z0-9_]+(?:\.[a-z0-9_]+)*\.?)?$/;
const STRICT_WILDCARD = /^[a-z0-9_]*(?:\.[a-z0-9_]*)*$/;

const RULES = {
  loose: { exact: LOOSE, prefix: LOOSE_PREFIX, wildcard: LOOSE_WILDCARD },
  strict: { exact: STRICT, prefix: STRICT_PREFIX, wildcard: STRICT_WILDCARD },
} as const;

export type UriRules = keyof typeof RULES;

/** Whether `text` is a URI, or a pattern of the given match policy, under the loose (default) or strict rules. */
export function isUri(text: string, match: Match = "exact", rules: UriRules = "loose"): text is Uri {
  return RULES[rules][match].test(text);
}

/** Brands a URI of our own. @throws RangeError if it breaks the loose rules for that match policy. */
export function toUri(text: string, match: Match = "exact"): Uri {
  if (!isUri(text, match)) throw new RangeError(`not a WAMP URI (${match}): ${JSON.stringify(text)}`);
  return text;
}

/** Whether `pattern` covers `uri`. Prefix is a plain string prefix; wildcard: an empty component stands for any one. */
export function matches(pattern: string, match: Match, uri: string): boolean {
  switch (match) {
    case "exact":
      return pattern === uri;
    case "prefix":
      return uri.startsWith(pattern);
    case "wildcard":
      break;
  }
  return matchesWildcard(pattern.split("."), uri.split("."));
}

function matchesWildcard(pattern: readonly string[], components: readonly string[]): boolean {
  if (pattern.length !== components.length) return false;
  return pattern.every((component, i) => component === "" || component === components[i]);
}
