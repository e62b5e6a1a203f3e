import type { Dict, Match } from "@pinion/wamp";

/** The ids of all registrations or subscriptions as the meta API lists them: `{exact, prefix, wildcard}`. */
export function idsByMatch(held: { values(match: Match): Iterable<{ readonly id: number }> }): Dict {
  const ids = (match: Match): number[] => Array.from(held.values(match), ({ id }) => id);
  return { exact: ids("exact"), prefix: ids("prefix"), wildcard: ids("wildcard") };
}
