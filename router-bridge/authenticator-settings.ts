/** Which procedure says who may log in, as the `auth` section has it. */
import { AUTH_METHODS, isUri, toUri } from "@pinion/wamp";
import type { Finding } from "@pinion/config";
import type { AuthConfig } from "./config-schema.ts";
import type { DynamicAuthentication } from "./router/index.ts";

/** Of the object form the schema leaves them out. */
const DEFAULTS = { timeout: 5000 };

/** Undefined if none is configured. The URIs were checked with the configuration. */
export function dynamicAuthentication(
  { authenticator }: AuthConfig,
  onFault: DynamicAuthentication["onFault"],
): DynamicAuthentication | undefined {
  if (authenticator === undefined) return undefined;
  if (typeof authenticator === "string") {
    return { procedure: toUri(authenticator), methods: AUTH_METHODS, ...DEFAULTS, onFault };
  }
  const { procedure, realm, methods = AUTH_METHODS, timeout } = { ...DEFAULTS, ...authenticator };
  const elsewhere = realm === undefined ? {} : { realm: toUri(realm) };
  return { procedure: toUri(procedure), ...elsewhere, methods, timeout, onFault };
}

/** A procedure that is no URI, and a realm that the router has not. */
export function authenticatorFindings({ authenticator }: AuthConfig, realms: readonly string[]): Finding[] {
  if (authenticator === undefined) return [];
  const whole = typeof authenticator === "string";
  const { procedure, realm } = whole ? { procedure: authenticator, realm: undefined } : authenticator;
  const found: Finding[] = [];
  if (!isUri(procedure)) {
    const path = whole ? ["auth", "authenticator"] : ["auth", "authenticator", "procedure"];
    const cure = "for example com.example.authenticate";
    found.push({ path, found: JSON.stringify(procedure), allowed: "the URI of a procedure", cure });
  }
  if (realm !== undefined && !realms.includes(realm)) {
    const path = ["auth", "authenticator", "realm"];
    const cure = "name one of them, or leave it out";
    found.push({ path, found: JSON.stringify(realm), allowed: `one of realms: ${realms.join(", ")}`, cure });
  }
  return found;
}
