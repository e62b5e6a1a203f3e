/** Whether browsers stay logged in, from the `auth` section: by `auth.cookie`, or by `cookie` among `auth.methods`. */
import type { AuthConfig } from "./config-schema.ts";
import { CookieJar, type CookieRules } from "./cookie-jar.ts";
import type { LoginMethod } from "./router/index.ts";

const DEFAULTS: CookieRules = { name: "pinion_session", maxAge: 7 * 86_400_000, capacity: 10_000 };

export function loginMethods({ methods: named, cookie }: AuthConfig): readonly LoginMethod[] {
  const methods: readonly LoginMethod[] = named;
  return cookie === undefined || methods.includes("cookie") ? methods : [...methods, "cookie"];
}

/** `now`: monotonic milliseconds. */
export function cookieJar(auth: AuthConfig | undefined, now: () => number): CookieJar | undefined {
  if (auth === undefined || !loginMethods(auth).includes("cookie")) return undefined;
  return new CookieJar({ ...DEFAULTS, ...auth.cookie }, now);
}
