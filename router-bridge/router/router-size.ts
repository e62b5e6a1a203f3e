import type { Realm } from "./realm.ts";

/** How much a router holds; all zero when everybody has left. */
export interface RouterSize {
  readonly sessions: number;
  readonly members: number;
  readonly subscriptions: number;
  readonly registrations: number;
  readonly pendingCalls: number;
  readonly deadlines: number;
}

export function routerSize<P>(
  realms: Iterable<Realm<P>>,
  { sessions, deadlines }: Pick<RouterSize, "sessions" | "deadlines">,
): RouterSize {
  const all = [...realms];
  const sum = (count: (realm: Realm<P>) => number): number => all.reduce((total, realm) => total + count(realm), 0);
  return {
    sessions,
    members: sum((realm) => realm.members.size),
    subscriptions: sum((realm) => realm.broker.subscriptions),
    registrations: sum((realm) => realm.dealer.registrations.size),
    pendingCalls: sum((realm) => realm.dealer.pendingCalls),
    deadlines,
  };
}
