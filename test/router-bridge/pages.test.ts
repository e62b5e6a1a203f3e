/** Folders of the owner's pages: what is served, what never is, and what bounds hold. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { BridgeError } from "../../router-bridge/bridge-error.ts";
import { readConfigText } from "../../router-bridge/config.ts";
import { eventually, startBridge, temporaryFolder, type TestBridge } from "../support/router-bridge-fixture.ts";

const SECRET = "what nobody may see";

/** `house/page` is served; `house` holds what must not be. */
async function served(t: TestContext, more = ""): Promise<TestBridge & { readonly folder: string }> {
  const house = temporaryFolder(t);
  const folder = join(house, "page");
  mkdirSync(join(folder, "sub/deeper"), { recursive: true });
  mkdirSync(join(folder, ".git"));
  mkdirSync(join(house, "outside"));
  for (const [name, text] of [
    ["secret.txt", SECRET],
    ["outside/secret.txt", SECRET],
    ["page/index.html", "<!doctype html><title>mine</title>"],
    ["page/page.js", "export {};"],
    ["page/a b ü.txt", "odd name"],
    ["page/sub/index.html", "sub"],
    ["page/sub/deeper/x.json", "{}"],
    ["page/.env", SECRET],
    ["page/.git/config.txt", SECRET],
    ["page/notes.yaml", SECRET],
    ["page/noext", SECRET],
    ["page/padding.txt", "x".repeat(943)],
  ] as const) {
    writeFileSync(join(house, name), text);
  }
  symlinkSync("../secret.txt", join(folder, "link.txt"));
  symlinkSync("../outside", join(folder, "linked"));
  execFileSync("mkfifo", [join(folder, "pipe.txt")]);
  const bridge = await startBridge(t, `pages: [{ path: /home/, folder: ${folder} }]\n${more}`);
  return { ...bridge, folder };
}

/** As it stands: `fetch` would tidy the path up. */
async function get(at: string, path: string, host = at): Promise<{ status: number; body: string; location: string }> {
  return await new Promise((resolve, reject) => {
    const [address, port] = at.split(":");
    const asked = request({ host: address, port, path, headers: { Host: host } }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (body += chunk));
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, body, location: response.headers.location ?? "" }),
      );
    });
    asked.on("error", reject);
    asked.end();
  });
}

test("files are served with their types, a folder by its index, and all under a policy that lets nothing foreign or inline in", async (t) => {
  const { at } = await served(t);
  for (const [path, type, text] of [
    ["/home/", "text/html", "<!doctype html><title>mine</title>"],
    ["/home/index.html?x=1", "text/html", "<!doctype html><title>mine</title>"],
    ["/home/page.js", "text/javascript", "export {};"],
    ["/home/sub/", "text/html", "sub"],
    ["/home/sub/deeper/x.json", "application/json", "{}"],
    ["/home/a%20b%20%C3%BC.txt", "text/plain", "odd name"],
  ] as const) {
    const response = await fetch(`http://${at}${path}`);
    assert.equal(response.status, 200, path);
    assert.ok(response.headers.get("content-type")?.startsWith(type), path);
    const policy = response.headers.get("content-security-policy") ?? "";
    assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';/);
    assert.doesNotMatch(policy, /unsafe|\*|https?:/);
    assert.equal(response.headers.get("x-content-type-options"), "nosniff");
    assert.equal(response.headers.get("cache-control"), "no-cache");
    assert.equal(await response.text(), text);
  }
  assert.deepEqual(await get(at, "/home"), { status: 308, body: "this is at /home/\n", location: "/home/" });
  assert.equal((await get(at, "/home/sub")).location, "/home/sub/");
  assert.equal((await get(at, "/home/s%75b")).location, "/home/sub/");
  assert.equal((await get(at, "/")).status, 404, "and the dashboard's place is as it was");
});

test("nothing outside of the folder, no link, no dot file and no unknown type can be had, however it is asked for", async (t) => {
  const { at } = await served(t);
  for (const path of [
    "/home/../secret.txt",
    "/home/../../secret.txt",
    "/home/%2e%2e/secret.txt",
    "/home/..%2fsecret.txt",
    "/home/%2e%2e%2fsecret.txt",
    "/home/..%5csecret.txt",
    "/home/..\\secret.txt",
    "/home/sub/../../secret.txt",
    "/home//secret.txt",
    "/home/./index.html",
    "//home/index.html",
    "/home/link.txt",
    "/home/linked/secret.txt",
    "/home/pipe.txt",
    "/home/.env",
    "/home/%2eenv",
    "/home/.git/config.txt",
    "/home/notes.yaml",
    "/home/noext",
    "/home/%00",
    "/home/index.html%00",
    "/home/%ff%fe",
    "/home/%",
    "/home/sub/deeper/",
    "/home/etc/passwd",
    "/home/constructor",
    "/home/__proto__",
    `/home/${"a/".repeat(2000)}`,
  ]) {
    const { status, body } = await get(at, path);
    assert.equal(status, 404, path);
    assert.equal(body.includes(SECRET), false, path);
  }
});

test("the pages of a foreign name are refused as the dashboard is", async (t) => {
  const { at } = await served(t);
  assert.equal((await get(at, "/home/", "evil.example")).status, 403);
});

test("a file that is changed, added or removed is so with the next request, within a second or so", async (t) => {
  const { at, folder } = await served(t);
  assert.equal((await get(at, "/home/new.txt")).status, 404);
  writeFileSync(join(folder, "new.txt"), "new");
  writeFileSync(join(folder, "page.js"), "export const x = 1;");
  rmSync(join(folder, "sub"), { recursive: true });
  await eventually(async () => (await get(at, "/home/new.txt")).body === "new", "the new file");
  assert.equal((await get(at, "/home/page.js")).body, "export const x = 1;");
  assert.equal((await get(at, "/home/sub/")).status, 404);
});

test("limits.pageFiles, limits.pageOctets: up to them a folder is served, beyond the process does not start", async (t) => {
  // what lies in .git is not looked at
  for (const [limits, ok] of [
    ["pageFiles: 16", true],
    ["pageFiles: 15", true],
    ["pageFiles: 14", false],
    ["pageOctets: 1000", true],
    ["pageOctets: 999", false],
  ] as const) {
    const starting = served(t, `limits: { goodbyeTimeout: 50, ${limits} }\n`);
    if (ok) assert.equal((await get((await starting).at, "/home/")).status, 200, limits);
    else await assert.rejects(starting, (error) => error instanceof BridgeError && error.code === "pages_unreadable");
  }
});

test("a folder that grows over its bounds or goes away is served as it was, and the log says so once a minute", async (t) => {
  const { at, folder, lines, warned } = await served(t, "limits: { goodbyeTimeout: 50, pageOctets: 1100 }\n");
  writeFileSync(join(folder, "large.txt"), "x".repeat(101));
  await eventually(async () => {
    assert.equal((await get(at, "/home/page.js")).body, "export {};");
    return lines.some(({ code }) => code === "pages_unreadable");
  }, "the warning");
  assert.match(
    (await warned("pages_unreadable")).words,
    /\/home\/ are served as they were before: .*more than 1100 octets/,
  );
  renameSync(folder, `${folder}.gone`);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  assert.equal((await get(at, "/home/page.js")).body, "export {};");
  assert.equal(lines.filter(({ code }) => code === "pages_unreadable").length, 1);
});

test("pages_unreadable: a folder that is not there keeps the process from starting, and is named", async (t) => {
  const starting = startBridge(t, "pages: [{ path: /home/, folder: /nowhere/at/all }]\n");
  await assert.rejects(starting, (error) => {
    return (
      error instanceof BridgeError && error.code === "pages_unreadable" && error.message.includes("/nowhere/at/all")
    );
  });
});

test("the configuration tells a path that is taken, or none", () => {
  for (const [text, ok] of [
    ["pages: [{ path: /home/, folder: x }, { path: /home/sub/, folder: y }]", true],
    ["dashboard: false\npages: [{ path: /, folder: x }]", true],
    ["pages: [{ path: /, folder: x }]", false],
    ["pages: [{ path: /home/, folder: x }, { path: /home/, folder: y }]", false],
    ["pages: [{ path: /ws/, folder: x }]", false],
    ["pages: [{ path: /lp/, folder: x }]", false],
    ["longpoll: { enabled: false }\npages: [{ path: /lp/, folder: x }]", true],
    ["pages: [{ path: /healthz/, folder: x }]", false],
    ["metrics: true\npages: [{ path: /metrics/, folder: x }]", false],
    ["pages: [{ path: /metrics/, folder: x }]", true],
    ["pages: [{ path: home, folder: x }]", false],
    ["pages: [{ path: /home, folder: x }]", false],
    ['pages: [{ path: /home/, folder: "" }]', false],
  ] as const) {
    const read = readConfigText(`${text}\n`, "x.yaml");
    assert.equal(read.ok, ok, text);
    if (!read.ok) assert.match(JSON.stringify(read.problems), /pages/);
  }
});
