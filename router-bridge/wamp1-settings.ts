/** What the `wamp1` section says: what is wrong with it, and the door that it opens for clients of WAMP v1. */
import { isUri } from "@pinion/wamp";
import type { Finding } from "@pinion/config";
import type { Config, Wamp1Config } from "./config-schema.ts";
import type { Link } from "./link.ts";
import { rates, rulesByRole } from "./role-settings.ts";
import { SHIPPED_ROLES } from "./router/index.ts";
import { VERSION } from "./version.ts";
import { CRA, isPrefixRule, permissionsOf, UriMap, V1_CRA, type PermissionRule } from "./wamp1/index.ts";
import { Wamp1Link, type Wamp1Options } from "./wamp1-link.ts";

const DEFAULT_TIMEOUT = 20_000;
/** Of v2 around what a v1 client gives: the message and the list of arguments, where v1 has the message alone. */
const ENVELOPE = 1;

export function wamp1Findings(config: Config): Finding[] {
  const { wamp1, realms, upstream } = config;
  if (wamp1 === undefined) return [];
  const found: Finding[] = [...loginFindings(config, wamp1), ...uriFindings(wamp1)];
  const { realm } = wamp1;
  if (realm === undefined) return found;
  const path = ["wamp1", "realm"];
  if (upstream === undefined && !realms.includes(realm)) {
    const allowed = `one of ${realms.join(", ")}`;
    found.push({ path, found: JSON.stringify(realm), allowed, cure: "name one of them, or add it to realms" });
  } else if (!isUri(realm)) {
    const allowed = "a URI such as realm1 or com.example.house";
    found.push({ path, found: JSON.stringify(realm), allowed, cure: "name a realm of the router behind this relay" });
  }
  return found;
}

function loginFindings({ auth, upstream }: Config, wamp1: Wamp1Config): Finding[] {
  const path = ["wamp1", "auth"];
  const wanted = wamp1.auth;
  if (upstream !== undefined) {
    if (wanted === undefined || wanted === false || wamp1.flavour === "autobahn") return [];
    const allowed = "with flavour: autobahn beside upstream: the router behind this relay asks, by WAMP-CRA of v2";
    return [{ path, found: "a login of the clj-wamp flavour", allowed, cure: "write flavour: autobahn, or remove it" }];
  }
  if (wanted === false) {
    if (auth === undefined || auth.anonymous !== undefined) return [];
    const allowed = "a login, where auth lets nobody in without one";
    return [{ path, found: "false", allowed, cure: "remove it, or add auth.anonymous" }];
  }
  if (auth === undefined) {
    if (wanted === undefined) return [];
    return [{ path, found: "a login", allowed: "only beside auth", cure: "add auth with its accounts, or remove it" }];
  }
  const methods: readonly string[] = auth.methods;
  if (!methods.includes("wampcra")) {
    const allowed = "only with wampcra among auth.methods, which v1 clients log in by";
    return [
      { path: ["wamp1"], found: "a login", allowed, cure: "add wampcra there, or write auth: false here", atKey: true },
    ];
  }
  if (wanted?.anonymous !== true || auth.anonymous !== undefined) return [];
  const allowed = "only beside auth.anonymous";
  return [{ path: [...path, "anonymous"], found: "true", allowed, cure: "add auth: { anonymous: { role: viewer } }" }];
}

function uriFindings({ uris }: Wamp1Config): Finding[] {
  return uris.flatMap((rule, i) => {
    const { v1, v2 } = rule;
    const isBeginning = isPrefixRule(rule);
    if (isBeginning ? v2 === "" || (v2.endsWith(".") && isUri(v2.slice(0, -1))) : isUri(v2)) return [];
    const allowed = isBeginning
      ? `the beginning of URIs, with a dot at its end, as ${JSON.stringify(v1)} is the beginning of URIs`
      : `a whole URI, as ${JSON.stringify(v1)} is one`;
    const cure = 'for example { v1: "http://example.com/device#", v2: "device." }';
    return [{ path: ["wamp1", "uris", i, "v2"], found: JSON.stringify(v2), allowed, cure }];
  });
}

type Around = Pick<Wamp1Options, "accept" | "intake">;

/** Undefined where v1 is not configured. */
export function wamp1Door(config: Config, around: Around): ((link: Link) => void) | undefined {
  const { wamp1 } = config;
  if (wamp1 === undefined) return undefined;
  const options = { ...wamp1Options(config, wamp1), ...around, rate: rates(config) };
  return (link) => new Wamp1Link(link, options).start();
}

function wamp1Options(
  { realms, limits, auth, upstream }: Config,
  wamp1: Wamp1Config,
): Omit<Wamp1Options, keyof Around | "rate"> {
  const { flavour, base, unlisted, maxMessage, maxPrefixes, maxFaults } = wamp1;
  const wanted = wamp1.auth ?? (auth === undefined ? false : { anonymous: false, timeout: DEFAULT_TIMEOUT });
  const uris = new UriMap({ rules: wamp1.uris, base, unlisted });
  const roles = new Map<string, readonly PermissionRule[]>(
    Object.entries({ ...SHIPPED_ROLES, ...rulesByRole(auth?.roles ?? {}) }),
  );
  // without accounts whoever is let in may do everything
  const rulesOf = (role: string): readonly PermissionRule[] =>
    auth === undefined ? (SHIPPED_ROLES["backend"] ?? []) : (roles.get(role) ?? []);
  return {
    flavour,
    realm: wamp1.realm ?? realms[0] ?? "realm1",
    ident: `Pinion/${VERSION}`,
    uris,
    publisherReceives: wamp1.publisherReceives ?? flavour === "clj-wamp",
    login:
      wanted === false ? undefined : { anonymous: wanted.anonymous, method: upstream === undefined ? V1_CRA : CRA },
    isRelayed: upstream !== undefined,
    loginTimeout: wanted === false ? DEFAULT_TIMEOUT : wanted.timeout,
    limits: {
      depth: limits.nestingDepth - ENVELOPE,
      uriLength: limits.uriLength,
      prefixes: maxPrefixes,
      faults: maxFaults,
      held: maxMessage,
    },
    maxMessage,
    permissions: (role, authid) => permissionsOf(flavour, uris, { rules: rulesOf(role), authid }),
    ids: new Map(),
  };
}
