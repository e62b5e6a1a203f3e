/** What is told about registrations (spec, registration meta API). */
import { toUri, type Dict } from "@pinion/wamp";
import type { Registration } from "./registration.ts";

export const REGISTRATION_ON_CREATE = toUri("wamp.registration.on_create");
export const REGISTRATION_ON_REGISTER = toUri("wamp.registration.on_register");
export const REGISTRATION_ON_UNREGISTER = toUri("wamp.registration.on_unregister");
export const REGISTRATION_ON_DELETE = toUri("wamp.registration.on_delete");

export function registrationDetails<P>({ id, created, procedure, match, policy }: Registration<P>): Dict {
  return { id, created: new Date(created).toISOString(), uri: procedure, match, invoke: policy };
}
