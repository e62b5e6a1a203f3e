/**
 * URIs of WAMP (spec "URIs"): dot-separated components in one namespace for topics, procedures, errors and realms.
 * Loose rules are what a peer must keep; strict rules are what our own names keep.
 */
declare const uriBrand: unique symbol;
export type Uri = string & { readonly [uriBrand]: true };

/** How a subscription or registration compares its URI with another one. */
export type Match = "exact" | "prefix" | "wildcard";

/*
 * What a URI or pattern must not contain. Looked for from the front rather than matched as a whole: a repeated group would
 * need a stack as deep as the URI is long, and a hostile one is as long as a message.
 */
const FORBIDDEN = {
  loose: { exact: /^$|[\s#]|\.\.|^\.|\.$/, prefix: /[\s#]|\.\.|^\./, wildcard: /[\s#]/ },
  strict: { exact: /^$|[^a-z0-9_.]|\.\.|^\.|\.$/, prefix: /[^a-z0-9_.]|\.\.|^\./, wildcard: /[^a-z0-9_.]/ },
} as const;

export type UriRules = keyof typeof FORBIDDEN;

/** Whether `text` is a URI, or a pattern of the given match policy, under the loose (default) or strict rules. */
export function isUri(text: string, match: Match = "exact", rules: UriRules = "loose"): text is Uri {
  return !FORBIDDEN[rules][match].test(text);
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
