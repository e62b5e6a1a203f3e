/** Boards that are let in from afar. Not of WAMP: the name is Pinion's own. */
import type { MetaProcedures } from "./meta-api.ts";

/** Makes the account of a board out of its request. @throws ApplicationError */
export type Enroll = (request: string, replace: boolean) => { readonly authid: string };

export function enrollProcedures<P>(enroll: Enroll | undefined): MetaProcedures<P> {
  if (enroll === undefined) return {};
  return {
    "pinion.accounts.enroll": ({ given }) => [enroll(given.string(0, "request"), given.keywordBoolean("replace"))],
  };
}
