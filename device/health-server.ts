import { once } from "node:events";
import { createServer } from "node:http";
import type { Health } from "./health.ts";

export interface HealthAddress {
  readonly host: string;
  readonly port: number;
}

/** GET /healthz: 200 while some driver works, else 503; the whole report as JSON. Rejects when the address cannot be had. */
export async function serveHealth({ host, port }: HealthAddress, health: () => Health): Promise<{ close(): void }> {
  const server = createServer((request, response) => {
    const isKnown = request.url?.split("?")[0] === "/healthz";
    const isRead = request.method === "GET" || request.method === "HEAD";
    const head = {
      "content-type": "application/json",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    };
    if (!isKnown) response.writeHead(404, head).end('{"error":"only /healthz is here"}\n');
    else if (!isRead) response.writeHead(405, { ...head, allow: "GET, HEAD" }).end();
    else {
      const report = health();
      response.writeHead(report.state === "faulted" ? 503 : 200, head);
      response.end(request.method === "HEAD" ? undefined : `${JSON.stringify(report)}\n`);
    }
  });
  server.maxConnections = 16;
  server.requestTimeout = 5_000;
  server.headersTimeout = 5_000;
  server.listen(port, host);
  await once(server, "listening");
  server.unref();
  return {
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** `127.0.0.1:9100`, `[::1]:9100`. Undefined for what is no address with a port. */
export function healthAddress(text: string): HealthAddress | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port };
}
