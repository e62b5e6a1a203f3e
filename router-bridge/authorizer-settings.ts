/** Which procedure decides for which role, as the `auth` section says: for all roles, for one, or for none. */
import { toUri, type Uri } from "@pinion/wamp";
import type { AuthConfig } from "./config-schema.ts";
import type { DynamicAuthorization } from "./router/index.ts";

const DEFAULTS = { timeout: 5000, cacheEntries: 10_000, cacheAge: 60_000 };

type Told = Pick<DynamicAuthorization, "onDenied" | "onFault">;

/** Undefined if no procedure is configured. The URIs were checked with the configuration. */
export function dynamicAuthorization(auth: AuthConfig, told: Told): DynamicAuthorization | undefined {
  const { procedure, roles, timeout, cacheEntries, cacheAge } = generalAuthorizer(auth);
  const general = procedure === undefined ? undefined : toUri(procedure);
  const own = new Map(ownAuthorizers(auth));
  if (general === undefined && own.size === 0) return undefined;
  const procedureFor = (role: string): Uri | undefined => {
    const chosen = own.get(role);
    if (chosen !== undefined) return chosen === false ? undefined : toUri(chosen);
    return roles?.includes(role) === false ? undefined : general;
  };
  return { procedureFor, timeout, cache: { entries: cacheEntries, age: cacheAge }, ...told };
}

interface GeneralAuthorizer {
  readonly procedure?: string | undefined;
  readonly roles?: readonly string[] | undefined;
  readonly timeout: number;
  readonly cacheEntries: number;
  readonly cacheAge: number;
}

/** What holds for roles that say nothing else. */
export function generalAuthorizer({ authorizer }: AuthConfig): GeneralAuthorizer {
  if (typeof authorizer === "string") return { ...DEFAULTS, procedure: authorizer };
  return { ...DEFAULTS, ...authorizer };
}

/** The roles that name an authorizer of their own, or none. */
export function ownAuthorizers({ roles }: AuthConfig): [role: string, authorizer: string | false][] {
  return Object.entries(roles).flatMap(([role, entry]) => {
    if (Array.isArray(entry) || entry.authorizer === undefined) return [];
    return [[role, entry.authorizer]];
  });
}
