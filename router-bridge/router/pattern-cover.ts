/**
 * How two patterns stand to each other: whether one covers all that the other means, and whether there is anything that both
 * mean. A right to `sensor.tank` is no right to subscribe to every `sensor.`; a ban on one topic bans every pattern over it.
 */
import { matches, type Match } from "@pinion/wamp";

export interface Pattern {
  readonly uri: string;
  readonly match: Match;
}

/** Whether every URI that `inner` means is also meant by `outer`. */
export function covers(outer: Pattern, inner: Pattern): boolean {
  if (inner.match === "exact") return matches(outer.uri, outer.match, inner.uri);
  switch (outer.match) {
    case "exact":
      return false;
    case "prefix":
      return literalStart(inner).startsWith(outer.uri);
    case "wildcard":
      break;
  }
  if (inner.match === "prefix") return false;
  const components = inner.uri.split(".");
  return (
    sameLength(outer.uri, inner.uri) && outer.uri.split(".").every((own, i) => own === "" || own === components[i])
  );
}

/** Whether there can be a URI that both mean. */
export function overlaps(a: Pattern, b: Pattern): boolean {
  if (a.match === "exact") return matches(b.uri, b.match, a.uri);
  if (b.match === "exact") return matches(a.uri, a.match, b.uri);
  if (a.match === "prefix" && b.match === "prefix") return a.uri.startsWith(b.uri) || b.uri.startsWith(a.uri);
  if (a.match === "prefix") return prefixMeets(a.uri, b.uri);
  if (b.match === "prefix") return prefixMeets(b.uri, a.uri);
  const other = b.uri.split(".");
  const agree = (own: string, i: number): boolean => own === "" || other[i] === "" || own === other[i];
  return sameLength(a.uri, b.uri) && a.uri.split(".").every(agree);
}

/** What all URIs of a prefix or wildcard begin with. */
function literalStart({ uri, match }: Pattern): string {
  if (match === "prefix") return uri;
  const components = uri.split(".");
  const open = components.indexOf("");
  return open < 0
    ? uri
    : components
        .slice(0, open)
        .map((component) => `${component}.`)
        .join("");
}

function prefixMeets(prefix: string, wildcard: string): boolean {
  const begun = prefix.split(".");
  const components = wildcard.split(".");
  if (begun.length > components.length) return false;
  return begun.every((part, i) => {
    const component = components[i] ?? "";
    if (component === "") return true;
    return i === begun.length - 1 ? component.startsWith(part) : component === part;
  });
}

function sameLength(a: string, b: string): boolean {
  return a.split(".").length === b.split(".").length;
}
