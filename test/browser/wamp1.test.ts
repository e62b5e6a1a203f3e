/** A page that speaks WAMP v1 in a real browser, against the built programs: it switches a pin and hears what the board says. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { chromium, type Page } from "playwright-core";
import { nodeCrypto as crypto, writeAccounts } from "@pinion/client";
import { noAccounts } from "@pinion/wamp";
import { freePort, startBridge, startDevice, temporaryFolder } from "../support/programs.ts";
import { v1Board } from "../support/v1-board.ts";

const CHROMIUM = process.env["PINION_CHROMIUM"] ?? "/usr/bin/chromium";
const ARGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"];
const PATIENCE = 60_000;

/** Written as such pages were: no library, one socket, JSON. */
const PAGE = `<!doctype html><meta charset="utf-8"><title>v1</title><pre id="log"></pre><script>
const log = (text) => { document.getElementById("log").textContent += text + "\\n"; };
const query = new URLSearchParams(location.search);
const socket = new WebSocket("ws://" + query.get("at") + "/ws", ["wamp"]);
const waiting = {};
let calls = 0;
const call = (uri, ...args) => new Promise((resolve, reject) => {
  const id = "c" + calls++;
  waiting[id] = { resolve, reject };
  socket.send(JSON.stringify([2, id, uri, ...args]));
});
const sign = async (key, text) => {
  const octets = new TextEncoder();
  const imported = await crypto.subtle.importKey("raw", octets.encode(key), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const signature = await crypto.subtle.sign("HMAC", imported, octets.encode(text));
  return btoa(String.fromCharCode(...new Uint8Array(signature)));
};
const run = async () => {
  const secret = query.get("secret");
  if (secret !== null) {
    const challenge = await call("http://api.wamp.ws/procedure#authreq", "joe");
    const signature = query.get("flavour") === "clj-wamp" ? sign(challenge, secret) : sign(secret, challenge);
    const permissions = await call("http://api.wamp.ws/procedure#auth", await signature);
    log("permissions " + ("rpc" in permissions));
  }
  socket.send(JSON.stringify([1, "device", "http://example.com/device#"]));
  socket.send(JSON.stringify([5, "http://example.com/sensor#warmth"]));
  for (;;) {
    try { await call("device:gpio.set", "led", 1); break; }
    catch (error) {
      if (!String(error).includes("NoSuchRPCEndpoint") && !String(error).includes("notfound")) return log("failed " + error);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  log("switched " + JSON.stringify(await call("device:gpio.get", "led")));
};
socket.onclose = (event) => log("closed " + event.code);
socket.onmessage = ({ data }) => {
  const [type, id, ...rest] = JSON.parse(data);
  if (type === 0) run().catch((error) => log("failed " + error));
  else if (type === 3) waiting[id].resolve(rest[0]);
  else if (type === 4) waiting[id].reject(new Error(rest.join(" ")));
  else if (type === 8) log("event " + id + " " + typeof rest[0].args[0] + " " + rest[0].kwargs.unit);
};
</script>`;

/** On an origin of its own, as the pages of old panels are. */
async function servePage(t: TestContext): Promise<string> {
  const server = createServer((_request, response) => {
    response.setHeader("Content-Type", "text/html; charset=utf-8");
    response.end(PAGE);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return `http://127.0.0.1:${String(address.port)}`;
}

async function openPage(t: TestContext, url: string): Promise<Page> {
  assert.ok(existsSync(CHROMIUM), `${CHROMIUM} is missing: install Debian's chromium, or set PINION_CHROMIUM`);
  const profile = mkdtempSync(join(tmpdir(), "pinion-chromium-"));
  const context = await chromium.launchPersistentContext(profile, { executablePath: CHROMIUM, args: ARGS });
  t.after(async () => {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  await page.goto(url);
  return page;
}

async function startBoth(t: TestContext, config: string, secret?: string): Promise<number> {
  const folder = temporaryFolder(t);
  const port = await freePort();
  const accounts = [
    { authid: "joe", role: "operator", wampcra: { secret: "s3cret" } },
    { authid: "board", role: "backend", wampcra: { secret: "board" } },
  ];
  writeAccounts(join(folder, "accounts.json"), { ...noAccounts(crypto), accounts });
  writeFileSync(join(folder, "bridge.yaml"), config.replaceAll("FOLDER", folder));
  const bridge = await startBridge(port, ["--config", join(folder, "bridge.yaml")]);
  t.after(() => bridge.stop());
  const board = startDevice(folder, v1Board(port, folder, secret));
  t.after(() => board.stop());
  return port;
}

for (const flavour of [undefined, "autobahn", "clj-wamp"]) {
  const how = flavour === undefined ? "without a login" : `after a login of the ${flavour} flavour`;
  test(`a page of another origin speaks v1 ${how}: it switches a pin and receives a sensor's readings`, async (t) => {
    const origin = await servePage(t);
    const login = flavour === undefined ? "" : "auth:\n  file: FOLDER/accounts.json\n";
    const wamp1 = flavour === undefined ? "wamp1: {}" : `wamp1: { flavour: ${flavour} }`;
    const config = `${wamp1}\nwebsocket: { origins: ["${origin}"] }\n${login}`;
    const port = await startBoth(t, config, flavour === undefined ? undefined : "board");
    const query = flavour === undefined ? "" : `&secret=s3cret&flavour=${flavour}`;
    const page = await openPage(t, `${origin}/?at=127.0.0.1:${String(port)}${query}`);
    const log = page.locator("#log");
    await log.getByText(/switched .*1/).waitFor();
    await log.getByText("event http://example.com/sensor#warmth number °C").waitFor();
    const text = (await log.textContent()) ?? "";
    assert.doesNotMatch(text, /failed|closed/);
    if (flavour !== undefined) assert.match(text, /^permissions true/);
  });
}

test("a page of an origin that is not allowed is refused", async (t) => {
  const origin = await servePage(t);
  const port = await startBoth(t, "wamp1: {}\n");
  const page = await openPage(t, `${origin}/?at=127.0.0.1:${String(port)}`);
  await page.locator("#log").getByText("closed 1006").waitFor();
});
