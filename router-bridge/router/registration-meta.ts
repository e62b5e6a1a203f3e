/** Which procedures exist in a realm and who serves them (spec, registration meta API). */
import { ApplicationError, ErrorUri } from "@pinion/wamp";
import { idsByMatch } from "./ids-by-match.ts";
import type { MetaProcedures } from "./meta-api.ts";
import type { MetaArguments } from "./meta-arguments.ts";
import { registrationDetails } from "./registration-details.ts";
import type { Registration } from "./registration.ts";
import type { Registrations } from "./registrations.ts";

export function registrationProcedures<P>(registrations: Registrations<P>): MetaProcedures<P> {
  const named = (given: MetaArguments): Registration<P> => {
    const id = given.id(0, "registration");
    const registration = registrations.byId(id);
    if (registration) return registration;
    throw new ApplicationError(ErrorUri.noSuchRegistration, [`there is no registration ${id} in this realm`]);
  };
  return {
    "wamp.registration.list": () => [idsByMatch(registrations)],
    "wamp.registration.lookup": ({ given }) => [
      registrations.lookup(given.match(1), given.string(0, "procedure"))?.id ?? null,
    ],
    "wamp.registration.match": ({ given }) => [registrations.serving(given.string(0, "procedure"))?.id ?? null],
    "wamp.registration.get": ({ given }) => [registrationDetails(named(given))],
    "wamp.registration.list_callees": ({ given }) => [named(given).offers.map(({ callee }) => callee.id)],
    "wamp.registration.count_callees": ({ given }) => [named(given).offers.length],
    "wamp.registration.remove_callee": ({ given, out }) => {
      const registration = named(given);
      const id = given.id(1, "callee");
      const reason = given.keywordString("reason");
      const from = registration.offers.filter(({ callee }) => callee.id === id);
      if (from.length === 0) {
        const words = `session ${id} is no callee of registration ${registration.id}`;
        throw new ApplicationError(ErrorUri.noSuchSession, [words]);
      }
      registrations.revoke(registration, { from, reason }, out);
      return [];
    },
  };
}
