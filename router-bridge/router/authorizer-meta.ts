/** What can be asked about a dynamic authorizer. Not of WAMP: the names are Pinion's own. */
import type { DynamicAuthorizer } from "./dynamic-authorizer.ts";
import type { MetaProcedures } from "./meta-api.ts";

export function authorizerProcedures<P>(authorizer: DynamicAuthorizer<P> | undefined): MetaProcedures<P> {
  if (authorizer === undefined) return {};
  return {
    "pinion.authorizer.flush": ({ caller, given }) => {
      const [authid, authrole] = [given.keywordString("authid"), given.keywordString("authrole")];
      const named = { ...(authid !== undefined && { authid }), ...(authrole !== undefined && { authrole }) };
      return [authorizer.flush({ realm: caller.realm, ...named })];
    },
  };
}
