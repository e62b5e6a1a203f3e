/**
 * The router-bridge's configuration: read, checked against the schema, then against what a schema cannot say (addresses
 * that would be open to everybody, realms that are no URIs, limits that contradict each other).
 */
import { isUri } from "@pinion/wamp";
import { loadConfig, parseConfig, type Finding, type Loaded, type Problem } from "@pinion/config";
import { authenticatorFindings } from "./authenticator-settings.ts";
import { generalAuthorizer, ownAuthorizers } from "./authorizer-settings.ts";
import { configSchema, type AuthConfig, type Config, type ListenerConfig } from "./config-schema.ts";
import { isLoopback, parseHostPort } from "./listeners/address.ts";
import { pageFindings } from "./page-settings.ts";
import { rulesByRole } from "./role-settings.ts";
import { SHIPPED_ROLES } from "./router/index.ts";
import { wamp1Findings } from "./wamp1-settings.ts";
import { parseUpstreamUrl, reachesThisMachine } from "./relay/upstream-address.ts";

export type ConfigResult =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Reads a configuration file. Without one, the defaults. */
export function readConfig(file: string | undefined): ConfigResult {
  return examine(file === undefined ? parseConfig("", "(defaults)", configSchema) : loadConfig(file, configSchema));
}

/** The same for a text. */
export function readConfigText(text: string, fileName: string): ConfigResult {
  return examine(parseConfig(text, fileName, configSchema));
}

function examine(loaded: Loaded<Config>): ConfigResult {
  if (!loaded.ok) return loaded;
  const problems = findings(loaded.value).map((finding) => loaded.problem(finding));
  return problems.length > 0 ? { ok: false, problems } : { ok: true, config: loaded.value };
}

/** What is wrong with a configuration that fits the schema. */
export function findings(config: Config): Finding[] {
  return [
    ...realmFindings(config),
    ...listenFindings(config),
    ...upstreamFindings(config),
    ...limitFindings(config),
    ...metricsFindings(config),
    ...historyFindings(config),
    ...authFindings(config),
    ...wamp1Findings(config),
    ...pageFindings(config),
  ];
}

function realmFindings({ realms }: Config): Finding[] {
  return realms.flatMap((realm, i) =>
    isUri(realm)
      ? []
      : [
          {
            path: ["realms", i],
            found: JSON.stringify(realm),
            allowed: "a URI such as realm1 or com.example.house",
            cure: "use words joined by dots, without spaces, # or empty parts",
          },
        ],
  );
}

function listenFindings({ listen }: Config): Finding[] {
  return listen.flatMap((listener, i) => {
    if (!("tcp" in listener)) return [];
    const at = parseHostPort(listener.tcp);
    const path = ["listen", i, "tcp"];
    if (at === undefined) {
      const found = JSON.stringify(listener.tcp);
      return [{ path, found, allowed: "host:port, port 0 to 65535", cure: 'for example "127.0.0.1:8080"' }];
    }
    if (listener.tls?.clientCertificate !== undefined && listener.tls.clientCa === undefined) {
      const allowed = "together with clientCa, the authorities that sign clients' certificates";
      const cure = "add clientCa, or remove it";
      return [
        { path: ["listen", i, "tls", "clientCertificate"], found: listener.tls.clientCertificate, allowed, cure },
      ];
    }
    return isOpenToAll(listener) ? [insecureFinding(path, listener.tcp)] : [];
  });
}

/** Plain TCP on an address that other machines reach, without anybody having said so. */
function isOpenToAll(listener: ListenerConfig): boolean {
  if (!("tcp" in listener) || listener.tls !== undefined || listener.insecure === true) return false;
  const at = parseHostPort(listener.tcp);
  return at !== undefined && !isLoopback(at.host);
}

function insecureFinding(path: Finding["path"], tcp: string): Finding {
  return {
    path,
    found: `${tcp}, which other machines reach, without TLS`,
    allowed: "a loopback address, or TLS, or insecure: true",
    cure: "use 127.0.0.1, or add tls: { cert, key }, or write insecure: true beside it if the network is trusted",
  };
}

function upstreamFindings({ upstream, listen }: Config): Finding[] {
  if (upstream === undefined) return [];
  const address = parseUpstreamUrl(upstream.url);
  if ("fault" in address) {
    const cure = "for example rs://127.0.0.1:8081";
    return [{ path: ["upstream", "url"], found: JSON.stringify(upstream.url), allowed: address.fault, cure }];
  }
  const reachable = listen.some((one) => "tcp" in one && !isLoopback(parseHostPort(one.tcp)?.host ?? ""));
  if (!reachable || upstream.acceptRemote || !reachesThisMachine(address)) return [];
  return [
    {
      path: ["upstream", "url"],
      found: `${upstream.url} on this machine, behind listeners that other machines reach`,
      allowed: "a router on this machine sees every relayed peer as a local one",
      cure: "listen on loopback only, or write acceptRemote: true if that router authenticates local peers too",
    },
  ];
}

function limitFindings({ limits, websocket, rawsocket, longpoll }: Config): Finding[] {
  const found: Finding[] = [];
  if (longpoll.enabled && longpoll.path === websocket.path) {
    const allowed = "a path of its own, not that of websocket";
    found.push({ path: ["longpoll", "path"], found: JSON.stringify(longpoll.path), allowed, cure: "use /lp" });
  }
  if (limits.queueHardOctets < limits.queueOctets) {
    const allowed = `at least queueOctets, ${String(limits.queueOctets)}`;
    const path = ["limits", "queueHardOctets"];
    found.push({ path, found: String(limits.queueHardOctets), allowed, cure: "raise it, or lower queueOctets" });
  }
  for (const [section, { pingInterval, pingTimeout }] of Object.entries({ websocket, rawsocket })) {
    if (pingTimeout > pingInterval) continue;
    const allowed = `more than pingInterval, ${String(pingInterval)}`;
    const path = [section, "pingTimeout"];
    found.push({ path, found: String(pingTimeout), allowed, cure: "use twice the interval" });
  }
  return found;
}

function metricsFindings({ metrics, websocket }: Config): Finding[] {
  if (typeof metrics === "boolean") return [];
  const { listen, insecure, path } = metrics;
  if (listen === undefined) {
    if (path !== websocket.path && path !== "/healthz") return [];
    const found = JSON.stringify(path);
    return [{ path: ["metrics", "path"], found, allowed: "a path that is free", cure: "for example /metrics" }];
  }
  const at = parseHostPort(listen);
  const where = ["metrics", "listen"];
  if (at === undefined) {
    const cure = 'for example "127.0.0.1:9464"';
    return [{ path: where, found: JSON.stringify(listen), allowed: "host:port, port 0 to 65535", cure }];
  }
  if (isLoopback(at.host) || insecure === true) return [];
  const allowed = "a loopback address, or insecure: true";
  const cure = "use 127.0.0.1, or write insecure: true beside it if the network is trusted";
  return [{ path: where, found: `${listen}, which other machines reach`, allowed, cure }];
}

function historyFindings({ history }: Config): Finding[] {
  const known = new Set<string>();
  return history.flatMap(({ topic, match = "exact" }, i) => {
    const path = ["history", i, "topic"];
    const found = JSON.stringify(topic);
    const rule = `${match} ${topic}`;
    if (known.has(rule)) {
      return [{ path, found: `${found} again`, allowed: "each topic once", cure: "remove one of them" }];
    }
    known.add(rule);
    if (isUri(topic, match)) return [];
    const allowed =
      match === "exact" ? "a URI; add match: prefix or match: wildcard for a pattern" : `a ${match} pattern`;
    return [{ path, found, allowed, cure: 'for example { topic: "sensor.", match: prefix }' }];
  });
}

function authFindings({ auth, upstream, realms }: Config): Finding[] {
  if (auth === undefined) return [];
  const found: Finding[] = authenticatorFindings(auth, realms);
  if (upstream !== undefined) {
    const allowed = "auth or upstream: behind a relay the router itself asks who a client is";
    found.push({ path: ["auth"], found: "auth beside upstream", allowed, cure: "remove one of them", atKey: true });
  }
  const roles = new Set([...Object.keys(SHIPPED_ROLES), ...Object.keys(auth.roles)]);
  if (auth.anonymous !== undefined && !roles.has(auth.anonymous.role)) {
    const path = ["auth", "anonymous", "role"];
    const allowed = `one of ${[...roles].join(", ")}`;
    found.push({
      path,
      found: JSON.stringify(auth.anonymous.role),
      allowed,
      cure: "name one of them, or add it to auth.roles",
    });
  }
  for (const [role, rules] of Object.entries(rulesByRole(auth.roles))) {
    for (const [i, { uri, match = "exact" }] of rules.entries()) {
      if (isUri(uri.replaceAll("<authid>", "x"), match)) continue;
      const path = ["auth", "roles", role, ...(Array.isArray(auth.roles[role]) ? [] : ["rules"]), i, "uri"];
      const allowed =
        match === "exact" ? "a URI; add match: prefix or match: wildcard for a pattern" : `a ${match} pattern`;
      found.push({ path, found: JSON.stringify(uri), allowed, cure: 'for example { uri: "sensor.", match: prefix }' });
    }
  }
  return [...found, ...authorizerFindings(auth, roles)];
}

/** Procedures that are no URIs, and roles that do not exist. */
function authorizerFindings(auth: AuthConfig, known: ReadonlySet<string>): Finding[] {
  const { procedure, roles = [] } = generalAuthorizer(auth);
  const whole = typeof auth.authorizer === "string" ? ["auth", "authorizer"] : ["auth", "authorizer", "procedure"];
  const named: [Finding["path"], string | false | undefined][] = [
    [whole, procedure],
    ...ownAuthorizers(auth).map(([role, own]): [Finding["path"], string | false] => [
      ["auth", "roles", role, "authorizer"],
      own,
    ]),
  ];
  const found: Finding[] = named.flatMap(([path, uri]) => {
    if (uri === undefined || uri === false || isUri(uri)) return [];
    const allowed = "the URI of a procedure";
    return [{ path, found: JSON.stringify(uri), allowed, cure: "for example com.example.authorize" }];
  });
  for (const [i, role] of roles.entries()) {
    if (known.has(role)) continue;
    const allowed = `one of ${[...known].join(", ")}`;
    const cure = "name one of them, or add it to auth.roles";
    found.push({ path: ["auth", "authorizer", "roles", i], found: JSON.stringify(role), allowed, cure });
  }
  return found;
}
