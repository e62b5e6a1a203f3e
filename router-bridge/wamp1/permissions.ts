/** What a role may do, told in the shape of either flavour. It only informs: what a session does is judged by the router. */
import type { Match } from "@pinion/wamp";
import type { UriMap } from "./uri-map.ts";
import type { Flavour } from "./v1-message.ts";

type Action = "call" | "register" | "publish" | "subscribe";

export interface PermissionRule {
  readonly uri: string;
  readonly match?: Match | undefined;
  readonly allow?: readonly Action[] | undefined;
  readonly deny?: readonly Action[] | undefined;
}

/** Raw JSON. Patterns with gaps have no likeness in v1 and are left out. */
export function permissionsOf(
  flavour: Flavour,
  map: UriMap,
  { rules, authid }: { readonly rules: readonly PermissionRule[]; readonly authid: string },
): string {
  const told = rules
    .filter(({ match }) => match !== "wildcard")
    .map((rule) => ({ ...rule, v1: map.toV1(rule.uri.replaceAll("<authid>", authid)) }));
  return JSON.stringify(flavour === "autobahn" ? autobahnShape(told) : cljShape(told));
}

interface Told extends PermissionRule {
  readonly v1: string;
}

function autobahnShape(rules: readonly Told[]): object {
  const concerns = ({ allow = [], deny = [] }: Told, ...actions: Action[]): boolean =>
    actions.some((action) => allow.includes(action) || deny.includes(action));
  const may = ({ allow = [], deny = [] }: Told, action: Action): boolean =>
    allow.includes(action) && !deny.includes(action);
  const begins = ({ match }: Told): { prefix: boolean } => ({ prefix: match === "prefix" });
  return {
    rpc: rules
      .filter((rule) => concerns(rule, "call"))
      .map((rule) => ({ uri: rule.v1, ...begins(rule), call: may(rule, "call") })),
    pubsub: rules
      .filter((rule) => concerns(rule, "publish", "subscribe"))
      .map((rule) => ({ uri: rule.v1, ...begins(rule), pub: may(rule, "publish"), sub: may(rule, "subscribe") })),
  };
}

function cljShape(rules: readonly Told[]): object {
  const all = (action: Action): Record<string, boolean> => {
    const found = new Map<string, boolean>();
    for (const { v1, match, allow = [], deny = [] } of rules) {
      const name = match === "prefix" ? `${v1}*` : v1;
      if (deny.includes(action)) found.set(name, false);
      else if (allow.includes(action) && !found.has(name)) found.set(name, true);
    }
    return Object.fromEntries(found);
  };
  return { rpc: all("call"), subscribe: all("subscribe"), publish: all("publish") };
}
