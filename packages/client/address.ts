/**
 * What a URL of a router says, for every scheme at once. Which schemes there are and what they stand for is the table in
 * connector.ts; this file only takes texts apart.
 */
import { UsageError } from "@pinion/wamp";

export interface TcpAddress {
  readonly host: string;
  readonly port: number;
}

/** `host:port` of a raw-socket URL. The port is never guessed: no two WAMP programs agree on one. */
export function tcpAddress(url: string, rest: string): TcpAddress {
  const found = /^\/\/(\[[0-9a-fA-F:.%a-z]+\]|[^/:?#@[\]]+)(?::(\d+))?\/?$/.exec(rest);
  const [, host, portText] = found ?? [];
  if (host === undefined) {
    throw wrong(url, "it has to be scheme://host:port, without credentials, path or query", "rs://127.0.0.1:8080");
  }
  if (portText === undefined) throw wrong(url, "the port is missing", `${url.replace(/\/$/, "")}:8080`);
  const port = Number(portText);
  if (port < 1 || port > 65_535) throw wrong(url, `${portText} is not a port`, "rs://127.0.0.1:8080");
  return { host: host.replace(/^\[|\]$/g, ""), port };
}

/** The path of a Unix-socket URL: `unix:///run/x.sock`, `unix:/run/x.sock`, `unix://relative/x.sock`. */
export function unixPath(url: string, rest: string): string {
  const path = rest.replace(/^\/\//, "");
  if (path === "" || path.includes("\0")) throw wrong(url, "the path is missing", "unix:///run/pinion/router.sock");
  return path;
}

/** The path in `rs://unix:/run/x.sock`, or undefined when it is not of that form. */
export function embeddedUnixPath(url: string, rest: string): string | undefined {
  const found = /^\/\/unix:(.*)$/.exec(rest);
  if (!found || /^\d+\/?$/.test(found[1] ?? "")) return undefined;
  return unixPath(url, found[1] ?? "");
}

export function wrong(url: string, what: string, example: string): UsageError {
  return new UsageError(
    "invalid_option",
    `${JSON.stringify(url)} is not an address of a router: ${what}, as in ${example}`,
  );
}
