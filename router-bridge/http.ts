/**
 * The pages of a port: the dashboard's files, held in memory, and /healthz. Owns the files as they were at start. It must
 * not know sockets or sessions: how the process is comes as a function.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname, join, sep } from "node:path";
import { TLSSocket } from "node:tls";
import { isLoopback } from "./listeners/address.ts";
import { isForwarded } from "./listeners/connection-facts.ts";
import { answerMetrics, type MetricsPage } from "./listeners/metrics-listener.ts";
import { hostFault, type OriginRules } from "./listeners/same-origin.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".json": "application/json; charset=utf-8",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
};

const SECURITY_HEADERS = {
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
} as const;

/** A dashboard larger than this is not one. */
const MAX_FOLDER_OCTETS = 16 * 1024 * 1024;

export interface WebPagesOptions {
  /** Undefined: no dashboard at all. */
  readonly folder: string | undefined;
  readonly webSocketPath: string;
  readonly rules: OriginRules;
  /** What /healthz tells. `ok` false makes it 503. */
  readonly health: () => { readonly ok: boolean; readonly report: object };
  /** Undefined while there are none here. */
  readonly metrics?: () => MetricsPage | undefined;
}

interface Page {
  readonly body: Buffer;
  readonly type: string;
  readonly etag: string;
}

export class WebPages {
  readonly #options: WebPagesOptions;
  readonly #pages: ReadonlyMap<string, Page>;

  constructor(options: WebPagesOptions) {
    this.#options = options;
    this.#pages = options.folder === undefined ? new Map() : loadPages(options.folder);
  }

  /** Whether the dashboard's files were there. */
  get built(): boolean {
    return this.#pages.has("/");
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
    const { socket, headers } = request;
    const facts = { host: headers.host, origin: undefined, tls: socket instanceof TLSSocket };
    const fault = hostFault({ ...facts, localAddress: socket.localAddress }, this.#options.rules);
    if (fault !== undefined) return say(response, 403, fault);
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.setHeader("Allow", "GET, HEAD");
      return say(response, 405, `${String(request.method)} is not possible here; only GET and HEAD are`);
    }
    this.#route(request, response, (request.url ?? "/").split("?", 1)[0] ?? "/");
  }

  #route(request: IncomingMessage, response: ServerResponse, path: string): void {
    if (path === "/healthz") return this.#health(response);
    const metrics = this.#options.metrics?.();
    if (path === metrics?.path && isFromHere(request)) return void answerMetrics(metrics, response);
    if (path === this.#options.webSocketPath) {
      response.setHeader("Upgrade", "websocket");
      return say(response, 426, `${path} is for WebSockets; the dashboard is at /`);
    }
    const page = this.#pages.get(path);
    if (page !== undefined) return sendPage(request, response, page);
    if (path !== "/") return say(response, 404, `there is nothing at ${path}; the dashboard is at /`);
    if (this.#options.folder === undefined) return say(response, 404, "the dashboard is switched off");
    response.setHeader("Content-Type", "text/html; charset=utf-8");
    response.setHeader("Cache-Control", "no-store");
    response.statusCode = 503;
    response.end(NOT_BUILT);
  }

  #health(response: ServerResponse): void {
    const { ok, report } = this.#options.health();
    response.statusCode = ok ? 200 : 503;
    response.setHeader("Content-Type", "application/json; charset=utf-8");
    response.setHeader("Cache-Control", "no-store");
    response.end(`${JSON.stringify(report)}\n`);
  }
}

/** Figures tell who does what; they are for this machine, and not for those behind a proxy on it. */
function isFromHere(request: IncomingMessage): boolean {
  return isLoopback(request.socket.remoteAddress ?? "") && !isForwarded(request);
}

const NOT_BUILT = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Pinion</title></head>
<body><h1>The dashboard is not built</h1><p>The router is running. Run <code>npm run build</code> and start it again.</p></body></html>
`;

/** The files of a built dashboard by URL path; none if it is not built. */
function loadPages(folder: string): Map<string, Page> {
  const pages = new Map<string, Page>();
  let names: string[];
  try {
    names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  } catch {
    return pages;
  }
  // in a source tree the page lies there without its script
  if (!names.includes("index.html") || !names.some((name) => name.endsWith(".js"))) return pages;
  let octets = 0;
  for (const name of names) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    const body = readFileSync(join(folder, name));
    octets += body.length;
    if (octets > MAX_FOLDER_OCTETS) return new Map();
    const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
    pages.set(`/${name.split(sep).join("/")}`, { body, type, etag });
  }
  const index = pages.get("/index.html");
  if (index !== undefined) pages.set("/", index);
  return pages;
}

function sendPage(request: IncomingMessage, response: ServerResponse, page: Page): void {
  // names do not change with their content, so a browser asks each time and mostly hears 304
  response.setHeader("Cache-Control", "no-cache");
  response.setHeader("ETag", page.etag);
  const known = request.headers["if-none-match"]?.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  if (known?.includes(page.etag) === true) {
    response.statusCode = 304;
    response.end();
    return;
  }
  response.setHeader("Content-Type", page.type);
  response.setHeader("Content-Length", page.body.length);
  response.end(request.method === "HEAD" ? undefined : page.body);
}

function say(response: ServerResponse, status: number, words: string): void {
  response.statusCode = status;
  response.setHeader("Content-Type", "text/plain; charset=utf-8");
  response.setHeader("Cache-Control", "no-store");
  response.end(`${words}\n`);
}
