import { readFileSync } from "node:fs";
import { connector, type NodeClientOptions } from "@pinion/client";
import type { Finding } from "@pinion/config";
import { milliseconds } from "../drivers/duration.ts";
import type { DeviceConfig } from "./config.ts";
import type { PlaceOf } from "./config-source.ts";
import { routerCredentials } from "./router-credentials.ts";

const SERIALIZERS = ["msgpack", "cbor", "json"] as const;

/** How to reach the router, and what of it cannot work. */
export interface RouterConnection {
  readonly options: NodeClientOptions;
  readonly findings: readonly Finding[];
}

/** Opens no connection; reads the certificates and credentials that are named, so that a missing one is told before anything starts. */
export function routerOptions(
  { url, realm, serializer, tls, auth, ping }: DeviceConfig["router"],
  placeOf: PlaceOf = (file) => file,
): RouterConnection {
  const login = routerCredentials(auth, placeOf);
  const findings: Finding[] = [...login.findings];
  const read = (key: "ca" | "cert" | "key"): Buffer | undefined => {
    const named = tls?.[key];
    if (named === undefined) return undefined;
    const file = placeOf(named, key);
    if (file === undefined) return undefined;
    try {
      return readFileSync(file);
    } catch (error) {
      const found = `${file}, which cannot be read (${error instanceof Error ? error.message : String(error)})`;
      findings.push({
        path: ["router", "tls", key],
        found,
        allowed: "a readable PEM file",
        cure: "check path and permissions",
      });
      return undefined;
    }
  };
  const pem = { ca: read("ca"), cert: read("cert"), key: read("key") };
  const given = Object.fromEntries(Object.entries(pem).filter(([, octets]) => octets !== undefined));
  const name = tls?.servername === undefined ? {} : { servername: tls.servername };
  const options: NodeClientOptions = {
    realm,
    serializer,
    // a WebSocket router that speaks JSON only is a router all the same
    offer: [serializer, ...SERIALIZERS.filter((other) => other !== serializer)],
    agent: "pinion-device",
    ...(login.credentials === undefined ? {} : { credentials: login.credentials }),
    ...(tls === undefined ? {} : { tls: { ...given, ...name } }),
    ...(ping === undefined ? {} : { ping: { interval: milliseconds(ping), timeout: milliseconds(ping) } }),
  };
  findings.push(...certificateFindings(auth, tls));
  for (const [index, one] of urlsOf(url).entries()) {
    findings.push(...addressFindings(one, typeof url === "string" ? [] : [index], options));
  }
  const isTls = urlsOf(url).some((one) => /^(rss|tcps|wss):/.test(one));
  if (tls !== undefined && !isTls) {
    findings.push({
      path: ["router", "tls"],
      found: `TLS settings for ${urlsOf(url).join(", ")}, which does not use TLS`,
      allowed: "tls together with rss:// or wss://",
      cure: "write rss:// or wss:// in router.url, or remove tls",
      atKey: true,
    });
  }
  return { options, findings };
}

type RouterConfig = DeviceConfig["router"];

/** One or several, as written. */
export function urlsOf(url: RouterConfig["url"]): readonly string[] {
  return typeof url === "string" ? [url] : url;
}

function addressFindings(url: string, place: readonly number[], options: NodeClientOptions): readonly Finding[] {
  try {
    connector(url, options);
    return [];
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    const cure = "for example url: rs://127.0.0.1:8080";
    return [{ path: ["router", "url", ...place], found, allowed: "an address of a router", cure }];
  }
}

function certificateFindings(auth: RouterConfig["auth"], tls: RouterConfig["tls"]): Finding[] {
  if (auth?.certificate !== true || (tls?.cert !== undefined && tls.key !== undefined)) return [];
  return [
    {
      path: ["router", "auth", "certificate"],
      found: "true, and no certificate",
      allowed: "together with router.tls.cert and router.tls.key",
      cure: "name the PEM files of this board's certificate and of its key there",
    },
  ];
}
