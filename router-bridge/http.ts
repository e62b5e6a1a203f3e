/**
 * The pages of a port: the dashboard, the owner's own pages, and /healthz. Owns which of them a path is, and when the owner's
 * folders are looked at again. It must not know sockets or sessions: how the process is comes as a function.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { TLSSocket } from "node:tls";
import { isLoopback } from "./listeners/address.ts";
import { isForwarded } from "./listeners/connection-facts.ts";
import { answerMetrics, type MetricsPage } from "./listeners/metrics-listener.ts";
import { hostFault, type OriginRules } from "./listeners/same-origin.ts";
import type { FoldedLog } from "./log.ts";
import { type FolderBounds, type StaticFile, StaticFolder } from "./static-folder.ts";

const SECURITY_HEADERS = {
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
} as const;

/** For pages of the owner: fonts and forms of their own too, and still nothing from elsewhere and nothing inline. */
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; font-src 'self'; " +
  "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/** A dashboard larger than this is not one. */
const DASHBOARD: FolderBounds = { files: 1000, octets: 16 * 1024 * 1024 };
/** How often the folders of pages are looked at again, at most. */
const LOOK_MS = 1000;

export interface WebPagesOptions {
  /** Undefined: no dashboard at all. */
  readonly folder: string | undefined;
  /** Folders of the owner, by the beginning of their URL paths. */
  readonly pages?: readonly PageFolder[];
  readonly webSocketPath: string;
  readonly rules: OriginRules;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly folded: FoldedLog;
  /** What /healthz tells. `ok` false makes it 503. */
  readonly health: () => { readonly ok: boolean; readonly report: object };
  /** Undefined while there are none here. */
  readonly metrics?: () => MetricsPage | undefined;
}

export interface PageFolder {
  /** Begins and ends with a slash. */
  readonly path: string;
  readonly folder: StaticFolder;
}

export class WebPages {
  readonly #options: WebPagesOptions;
  readonly #dashboard: StaticFolder | undefined;
  /** The longest path first. */
  readonly #pages: readonly PageFolder[];
  #lookedAt: number;

  constructor(options: WebPagesOptions) {
    this.#options = options;
    this.#dashboard = options.folder === undefined ? undefined : dashboardIn(options.folder);
    this.#pages = (options.pages ?? []).toSorted((a, b) => b.path.length - a.path.length);
    this.#lookedAt = options.now();
  }

  /** Whether the dashboard's files were there. */
  get built(): boolean {
    return this.#dashboard !== undefined;
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
    const place = this.#pages.find(({ path: at }) => path.startsWith(at) || `${path}/` === at);
    if (place !== undefined) return this.#page(request, response, { place, path });
    const file = this.#dashboard?.find(path === "/" ? "index.html" : path.slice(1));
    if (file !== undefined) return sendFile(request, response, file);
    if (path !== "/") return say(response, 404, `there is nothing at ${path}; the dashboard is at /`);
    if (this.#options.folder === undefined) return say(response, 404, "the dashboard is switched off");
    response.setHeader("Content-Type", "text/html; charset=utf-8");
    response.setHeader("Cache-Control", "no-store");
    response.statusCode = 503;
    response.end(NOT_BUILT);
  }

  #page(
    request: IncomingMessage,
    response: ServerResponse,
    { place, path }: { readonly place: PageFolder; readonly path: string },
  ): void {
    this.#lookAgain();
    response.setHeader("Content-Security-Policy", PAGE_POLICY);
    const { folder } = place;
    const name = decoded(path.slice(place.path.length));
    const isFolder = name !== undefined && (name === "" || folder.find(`${name}/index.html`) !== undefined);
    if (path.length < place.path.length || (isFolder && name !== "")) {
      const at = `${place.path}${isFolder && name !== "" ? `${encodeURI(name)}/` : ""}`;
      response.setHeader("Location", at);
      return say(response, 308, `this is at ${at}`);
    }
    const file = name === undefined ? undefined : folder.find(/(^|\/)$/.test(name) ? `${name}index.html` : name);
    if (file !== undefined) return sendFile(request, response, file);
    say(response, 404, `there is nothing at ${path}`);
  }

  /** A page that was just written is there with the next request, and no request costs more than a look. */
  #lookAgain(): void {
    const { now, folded } = this.#options;
    if (now() - this.#lookedAt < LOOK_MS) return;
    this.#lookedAt = now();
    for (const { path, folder } of this.#pages) {
      try {
        folder.refresh();
      } catch (error) {
        const words = `the pages at ${path} are served as they were before: ${wordsOf(error)}`;
        folded.warn("pages_unreadable", { path }, words);
      }
    }
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

/** Undefined if it is not built: in a source tree the page lies there without its script. */
function dashboardIn(folder: string): StaticFolder | undefined {
  try {
    const files = new StaticFolder(folder, DASHBOARD);
    const { names } = files;
    return names.includes("index.html") && names.some((name) => name.endsWith(".js")) ? files : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined for what is no text at all. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function sendFile(request: IncomingMessage, response: ServerResponse, page: StaticFile): void {
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
