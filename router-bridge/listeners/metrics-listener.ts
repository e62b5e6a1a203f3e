/** The metrics on an address of their own: one page over HTTP, nothing else. Owns its server. */
import { createServer, type Server } from "node:http";
import { BridgeError } from "../bridge-error.ts";
import { formatHostPort, isLoopback, parseHostPort } from "./address.ts";
import { explainListenError, insecureBind } from "./listen.ts";
import { hostFault } from "./same-origin.ts";

export interface MetricsPage {
  readonly path: string;
  readonly contentType: string;
  text(): Promise<string>;
}

export interface MetricsAddress {
  /** `host:port`. */
  readonly listen: string;
  /** Other machines may ask. */
  readonly insecure: boolean;
}

export class MetricsListener {
  readonly address: string;
  readonly #server: Server;

  private constructor(server: Server, address: string) {
    this.#server = server;
    this.address = address;
  }

  /** @throws BridgeError with the code of what stands in the way. */
  static async open(page: MetricsPage, { listen, insecure }: MetricsAddress): Promise<MetricsListener> {
    const at = parseHostPort(listen);
    if (at === undefined) throw new BridgeError("config_invalid", `${listen} is not host:port`);
    const local = isLoopback(at.host);
    if (!local && !insecure) throw insecureBind(listen);
    const server = createServer({ headersTimeout: 10_000, requestTimeout: 10_000 }, (request, response) => {
      const facts = { host: request.headers.host, origin: undefined, tls: false };
      const { localAddress } = request.socket;
      const fault = local ? hostFault({ ...facts, localAddress }, { origins: [], hosts: [] }) : undefined;
      const found = (request.url ?? "").split("?", 1)[0] === page.path && request.method === "GET";
      response.setHeader("X-Content-Type-Options", "nosniff");
      if (fault !== undefined || !found) {
        response.writeHead(fault === undefined ? 404 : 403, { "Content-Type": "text/plain; charset=utf-8" });
        response.end(`${fault ?? `there is nothing here but GET ${page.path}`}\n`);
        return;
      }
      void answerMetrics(page, response);
    });
    server.maxConnections = 16;
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error) => reject(explainListenError(error, listen)));
      server.listen(at, resolve);
    });
    const bound = server.address();
    const port = typeof bound === "object" && bound !== null ? bound.port : at.port;
    return new MetricsListener(server, formatHostPort({ host: at.host, port }));
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }
}

interface Answerable {
  writeHead(status: number, headers: Readonly<Record<string, string>>): unknown;
  end(body: string): unknown;
}

/** Answers one request for the metrics. */
export async function answerMetrics(page: MetricsPage, response: Answerable): Promise<void> {
  try {
    const text = await page.text();
    response.writeHead(200, { "Content-Type": page.contentType, "Cache-Control": "no-store" });
    response.end(text);
  } catch (error) {
    response.writeHead(500, { "Content-Type": "text/plain; charset=utf-8" });
    response.end(`the metrics could not be gathered: ${String(error)}\n`);
  }
}
