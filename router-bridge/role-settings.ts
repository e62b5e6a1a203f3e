/** What a role's entry in the configuration says: rules alone, or rules beside how much the role may send and be behind. */
import type { Config } from "./config-schema.ts";
import type { Rate } from "./intake.ts";
import type { QueueBounds, SlowPolicy } from "./peer.ts";

type RoleEntry = NonNullable<Config["auth"]>["roles"][string];
type Rules = Extract<RoleEntry, readonly unknown[]>;

/** Undefined: the shipped rules of that role, if there are any. */
export function rulesOf(entry: RoleEntry): Rules | undefined {
  return Array.isArray(entry) ? entry : entry.rules;
}

/** The configured rules by role; roles that have none of their own are left out. */
export function rulesByRole(roles: NonNullable<Config["auth"]>["roles"]): Record<string, Rules> {
  const found: Record<string, Rules> = {};
  for (const [role, entry] of Object.entries(roles)) {
    const rules = rulesOf(entry);
    if (rules !== undefined) found[role] = rules;
  }
  return found;
}

export function queueBounds({ limits, auth }: Config): QueueBounds {
  const policies = settings(auth, ({ slowConsumer }): SlowPolicy | undefined => slowConsumer);
  return {
    octets: limits.queueOctets,
    messages: limits.queueMessages,
    grace: limits.queueGrace,
    hardOctets: limits.queueHardOctets,
    pressureOctets: limits.pressureOctets,
    policy: (role) => policies.get(role) ?? limits.slowConsumer,
  };
}

/** Undefined if nobody is limited. */
export function rates({ limits, auth }: Config): ((role: string | undefined) => Rate | undefined) | undefined {
  const byRole = settings(auth, ({ rate }) => (rate === undefined ? undefined : withBurst(rate)));
  const general = limits.rate === undefined ? undefined : withBurst(limits.rate);
  if (byRole.size === 0 && general === undefined) return undefined;
  return (role) => byRole.get(role) ?? general;
}

function withBurst({ messages, burst = messages }: NonNullable<Config["limits"]["rate"]>): Rate {
  return { messages, burst };
}

type RoleObject = Exclude<RoleEntry, readonly unknown[]>;

function settings<T>(auth: Config["auth"], read: (role: RoleObject) => T | undefined): Map<string | undefined, T> {
  const found = new Map<string | undefined, T>();
  for (const [role, entry] of Object.entries(auth?.roles ?? {})) {
    const value = Array.isArray(entry) ? undefined : read(entry);
    if (value !== undefined) found.set(role, value);
  }
  return found;
}
