import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { startBridge, temporaryFolder, type TestBridge } from "../support/router-bridge-fixture.ts";

async function served(t: TestContext, yaml = ""): Promise<TestBridge> {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "index.html"), "<!doctype html><title>Pinion</title>");
  writeFileSync(join(folder, "app.js"), "export {};");
  writeFileSync(join(folder, "app.css"), "body {}");
  writeFileSync(join(folder, "main.ts"), "source");
  mkdirSync(join(folder, "img"));
  writeFileSync(join(folder, "img", "a.svg"), "<svg/>");
  return startBridge(t, yaml, { dashboardFolder: folder });
}

test("the dashboard's files are served with their types and a strict policy", async (t) => {
  const { at } = await served(t);
  for (const [path, type] of [
    ["/", "text/html"],
    ["/index.html", "text/html"],
    ["/app.js", "text/javascript"],
    ["/app.css", "text/css"],
    ["/img/a.svg", "image/svg+xml"],
    ["/app.js?v=1", "text/javascript"],
  ] as const) {
    const response = await fetch(`http://${at}${path}`);
    assert.equal(response.status, 200, path);
    assert.ok(response.headers.get("content-type")?.startsWith(type), path);
    await response.text();
  }
});

test("every answer carries the strict Content-Security-Policy and its companions", async (t) => {
  const { at } = await served(t);
  for (const path of ["/", "/healthz", "/nothing", "/ws"]) {
    const { headers } = await fetch(`http://${at}${path}`);
    assert.equal(
      headers.get("content-security-policy"),
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    assert.equal(headers.get("x-content-type-options"), "nosniff");
    assert.equal(headers.get("referrer-policy"), "no-referrer");
    assert.equal(headers.get("access-control-allow-origin"), null);
  }
});

test("a file that the browser has is answered with 304", async (t) => {
  const { at } = await served(t);
  const first = await fetch(`http://${at}/app.js`);
  const etag = String(first.headers.get("etag"));
  assert.equal(first.headers.get("cache-control"), "no-cache");
  for (const tag of [etag, `W/${etag}`, `"other", ${etag}`]) {
    const again = await fetch(`http://${at}/app.js`, { headers: { "if-none-match": tag } });
    assert.equal(again.status, 304);
    assert.equal(await again.text(), "");
  }
  assert.equal((await fetch(`http://${at}/app.js`, { headers: { "if-none-match": '"x"' } })).status, 200);
});

test("HEAD has the headers of GET and no body", async (t) => {
  const { at } = await served(t);
  const response = await fetch(`http://${at}/app.js`, { method: "HEAD" });
  assert.deepEqual([response.status, response.headers.get("content-length")], [200, "10"]);
  assert.equal(await response.text(), "");
});

test("what is not there is 404, another method 405 and the WebSocket's path 426, each in words", async (t) => {
  const { at } = await served(t);
  for (const [path, method, status, words] of [
    ["/nothing", "GET", 404, /nothing at \/nothing/],
    ["/main.ts", "GET", 404, /nothing at/],
    ["/..%2f..%2fetc/passwd", "GET", 404, /nothing at/],
    ["/", "POST", 405, /only GET and HEAD/],
    ["/healthz", "DELETE", 405, /only GET and HEAD/],
    ["/ws", "GET", 426, /WebSockets/],
  ] as const) {
    const response = await fetch(`http://${at}${path}`, { method });
    assert.equal(response.status, status, path);
    assert.match(await response.text(), words);
    if (status === 405) assert.equal(response.headers.get("allow"), "GET, HEAD");
  }
});

test("/healthz tells status, version, uptime, sessions and counters as JSON and is never cached", async (t) => {
  const { at } = await served(t);
  const response = await fetch(`http://${at}/healthz`);
  assert.equal(response.headers.get("cache-control"), "no-store");
  assert.ok(response.headers.get("content-type")?.startsWith("application/json"));
  const report = (await response.json()) as Record<string, unknown>; // its keys are looked at below
  assert.deepEqual([report["status"], report["mode"], report["sessions"]], ["ok", "router", 0]);
  assert.equal(typeof report["uptime"], "number");
  assert.equal(report["version"], "0.1.0");
  assert.deepEqual(report["counters"], { connections: 1 });
  assert.equal((report["router"] as Record<string, number>)["joined"], 0); // a missing key would not be 0
});

test("a dashboard that is not built says what to run, also where only its sources lie", async (t) => {
  const { at, lines } = await startBridge(t);
  const response = await fetch(`http://${at}/`);
  assert.match(await response.text(), /switched off/);
  assert.equal(response.status, 404);
  assert.ok(lines.some(({ words }) => words.includes("npm run build")));
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "index.html"), "<script type=module src=main.ts></script>");
  writeFileSync(join(folder, "main.ts"), "source");
  const sources = await startBridge(t, "", { dashboardFolder: folder });
  const page = await fetch(`http://${sources.at}/`);
  assert.equal(page.status, 503);
  assert.match(await page.text(), /npm run build/);
});

test("dashboard: false serves no page and /healthz all the same", async (t) => {
  const { at } = await served(t, "dashboard: false");
  assert.equal((await fetch(`http://${at}/`)).status, 404);
  assert.equal((await fetch(`http://${at}/healthz`)).status, 200);
});

test("the configuration's own dashboard folder wins", async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "index.html"), "mine");
  writeFileSync(join(folder, "x.js"), "");
  const { at } = await served(t, `dashboardFolder: ${folder}`);
  assert.equal(await (await fetch(`http://${at}/`)).text(), "mine");
});
