import { isLoopback } from "../listeners/address.ts";

/** Where the existing router listens. */
export type UpstreamAddress =
  | { readonly kind: "raw-socket"; readonly host: string; readonly port: number; readonly tls: boolean }
  | { readonly kind: "raw-socket-unix"; readonly path: string }
  | { readonly kind: "websocket"; readonly url: string; readonly host: string };

const PLAIN = new Set(["rs:", "tcp:"]);
const ENCRYPTED = new Set(["rss:", "tcps:"]);
const SCHEMES = "rs, rss, tcp, tcps, unix, ws or wss://";

/** Reads the URL spellings that other routers use. `fault` says what is allowed instead. */
export function parseUpstreamUrl(text: string): UpstreamAddress | { readonly fault: string } {
  const unix = /^(?:rs:\/\/unix:|unix(?:\+rs)?:\/\/)(\/.+)$/.exec(text)?.[1];
  if (unix !== undefined) return { kind: "raw-socket-unix", path: unix };
  if (!URL.canParse(text)) return { fault: `a URL beginning with ${SCHEMES}` };
  const url = new URL(text);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (url.protocol === "ws:" || url.protocol === "wss:") {
    return url.hash === "" ? { kind: "websocket", url: text, host } : { fault: "a WebSocket URL without #" };
  }
  const tls = ENCRYPTED.has(url.protocol);
  if (!tls && !PLAIN.has(url.protocol)) return { fault: `a URL beginning with ${SCHEMES}` };
  if (host === "" || url.port === "") return { fault: "host and port, as in rs://127.0.0.1:8081" };
  if (!["", "/"].includes(url.pathname) || url.search !== "" || url.hash !== "") {
    return { fault: "only host and port: a raw socket has no path" };
  }
  return { kind: "raw-socket", host, port: Number(url.port), tls };
}

/** Whether the router is on this machine, so that it takes whoever comes through the relay for a local peer. */
export function reachesThisMachine(address: UpstreamAddress): boolean {
  return address.kind === "raw-socket-unix" || isLoopback(address.host);
}
