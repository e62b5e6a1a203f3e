import { once } from "node:events";
import { createServer } from "node:http";
import type { HealthAddress } from "./health-address.ts";
import type { Health } from "./health.ts";

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
