/**
 * Who may talk to this port from a browser. Two checks: Host against DNS rebinding (a foreign name that was made to point
 * here), Origin against foreign pages. Programs that are no browsers send no Origin and are not stopped by it.
 */
import { isIP } from "node:net";
import { isLoopback } from "./address.ts";

export interface OriginRules {
  /** Origins besides the page's own, `https://panel.example`; `*` lets every page in. */
  readonly origins: readonly string[];
  /** Names of this machine besides its addresses and localhost. */
  readonly hosts: readonly string[];
}

export interface RequestFacts {
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly tls: boolean;
  /** The address of this machine that the connection came to. */
  readonly localAddress: string | undefined;
}

/** Undefined if the Host header may name this machine, else why not, with the cure. */
export function hostFault(facts: RequestFacts, rules: OriginRules): string | undefined {
  const { host, localAddress = "" } = facts;
  if (host === undefined || host === "") return "the request names no Host";
  const name = hostName(host);
  if (name === undefined) return `the Host ${JSON.stringify(host)} is no host name`;
  if (isLoopback(name)) return undefined;
  if (isIP(name) !== 0 && name === localAddress.replace(/^::ffff:/, "")) return undefined;
  if (rules.hosts.some((allowed) => allowed.toLowerCase() === name)) return undefined;
  return `the Host ${name} is not a name of this router; add it to websocket.hosts in its configuration`;
}

/** Undefined if the page that asks may connect, else why not, with the cure. Presumes that the Host was checked. */
export function originFault(facts: RequestFacts, rules: OriginRules): string | undefined {
  const { host, origin, tls } = facts;
  if (origin === undefined) return undefined;
  if (rules.origins.includes("*")) return undefined;
  const given = normalOrigin(origin);
  if (given !== undefined) {
    if (host !== undefined && given === normalOrigin(`${tls ? "https" : "http"}://${host}`)) return undefined;
    if (rules.origins.some((allowed) => normalOrigin(allowed) === given)) return undefined;
  }
  return `pages from ${JSON.stringify(origin)} may not connect; add the origin to websocket.origins in the router's configuration`;
}

/** The name in a Host header, without port and brackets, in lower case. */
function hostName(host: string): string | undefined {
  if (!URL.canParse(`http://${host}/`)) return undefined;
  const url = new URL(`http://${host}/`);
  if (url.pathname !== "/" || url.username !== "" || url.search !== "" || url.hash !== "") return undefined;
  return url.hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
}

function normalOrigin(origin: string): string | undefined {
  if (!URL.canParse(origin)) return undefined;
  const url = new URL(origin);
  return (url.protocol === "http:" || url.protocol === "https:") && origin.toLowerCase().startsWith(url.protocol)
    ? url.origin
    : undefined;
}
