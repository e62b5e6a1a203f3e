/** The page in a real browser against the built programs: what a person sees and what really happens to the pin. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { nodeClient } from "@pinion/client";
import type { Client } from "@pinion/wamp/client";
import { chromium, type Page } from "playwright-core";
import { freePort, start, startBridge, startDevice, temporaryFolder, until } from "../support/programs.ts";

const CHROMIUM = process.env["PINION_CHROMIUM"] ?? "/usr/bin/chromium";
const ARGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
/** ms: slow machines are slow; what is checked is that it comes at all. */
const PATIENCE = 40_000;

interface Opened {
  readonly page: Page;
  /** Errors on the console, uncaught exceptions and refusals by the Content-Security-Policy. */
  readonly complaints: string[];
  /** Addresses that were asked for, WebSockets included. */
  readonly requests: string[];
}

async function openPage(t: TestContext, url: string): Promise<Opened> {
  assert.ok(existsSync(CHROMIUM), `${CHROMIUM} is missing: install Debian's chromium, or set PINION_CHROMIUM`);
  const profile = mkdtempSync(join(tmpdir(), "pinion-chromium-"));
  const options = { executablePath: CHROMIUM, args: ARGS, viewport: { width: 390, height: 844 } };
  const context = await chromium.launchPersistentContext(profile, options);
  t.after(async () => {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => requests.push(request.url()));
  page.on("websocket", (socket) => requests.push(socket.url()));
  const answer = await page.goto(url);
  assert.match(answer?.headers()["content-security-policy"] ?? "", /default-src 'none'/);
  page.setDefaultTimeout(PATIENCE);
  return { page, complaints, requests };
}

function boardConfig(port: number, naming: string): string {
  return `
device: { id: bench, title: Bench board, naming: ${naming} }
router: { url: "rs://127.0.0.1:${String(port)}", realm: realm1 }
board: { gpio: simulated, wires: [[GPIO17, GPIO27]] }
drivers:
  - use: gpio
    pins:
      relay: { pin: GPIO17, direction: out, title: Relay }
      contact: { pin: GPIO27, direction: in, title: Contact }
  - use: simulated
    sensors:
      outdoor_temperature: { wave: sine, min: 4, max: 16, period: 10s, interval: 200ms, unit: °C }
`;
}

async function joined(t: TestContext, port: number): Promise<Client> {
  const client = nodeClient(`rs://127.0.0.1:${String(port)}`, { realm: "realm1" });
  client.open();
  t.after(() => client.close());
  await client.ready(AbortSignal.timeout(PATIENCE));
  return client;
}

/** What the board says itself, asked by somebody else than the page. */
async function levelOf(client: Client, procedure: string, pin: string): Promise<unknown> {
  const [answer] = (await client.call(procedure, [pin], {}, { timeout: 10_000 })).args;
  return typeof answer === "object" && answer !== null && "value" in answer ? answer.value : answer;
}

function relayOf(page: Page) {
  return page.getByRole("switch", { name: "Relay", exact: true });
}

async function untilChecked(page: Page, checked: boolean): Promise<void> {
  await until(
    `a relay read back as ${String(checked)}`,
    async () => (await relayOf(page).getAttribute("aria-checked")) === String(checked),
    PATIENCE,
  );
}

test("a click switches the pin, the page shows what was read back, and a sensor is drawn; nothing leaves the origin", async (t) => {
  const folder = temporaryFolder(t);
  const port = await freePort();
  const bridge = await startBridge(port);
  t.after(() => bridge.stop());
  const device = startDevice(folder, boardConfig(port, "single"));
  t.after(() => device.stop());
  const origin = `http://127.0.0.1:${String(port)}/`;
  const { page, complaints, requests } = await openPage(t, origin);
  await page.getByRole("heading", { name: "Bench board" }).waitFor();
  const client = await joined(t, port);

  await untilChecked(page, false);
  assert.equal(await levelOf(client, "device.gpio.get", "relay"), 0);
  await relayOf(page).click();
  await untilChecked(page, true);
  assert.equal(await levelOf(client, "device.gpio.get", "relay"), 1);
  await page.getByText("High", { exact: true }).waitFor();

  // Somebody else switches it: the page follows what the board reports.
  await client.call("device.gpio.set", ["relay", 0], {}, { timeout: 10_000 });
  await untilChecked(page, false);

  const card = page.locator(".sensor", { hasText: "Outdoor temperature" });
  await card.locator("canvas").waitFor();
  const value = card.locator(".value");
  const before = await value.textContent();
  assert.match(before ?? "", /^\d+(\.\d+)?$/);
  await until("another value", async () => (await value.textContent()) !== before, PATIENCE);
  assert.equal(await card.locator(".unit").textContent(), "°C");
  assert.equal(await page.title(), "Bench board · Pinion");

  assert.deepEqual(
    requests.filter(
      (url) =>
        !/^(data:|http:|ws:)/.test(url) || (!url.startsWith("data:") && new URL(url).host !== new URL(origin).host),
    ),
    [],
  );
  assert.ok(requests.some((url) => url.startsWith("ws:")));
  assert.deepEqual(complaints, []);
});

test("the router-bridge is killed: controls are off and words say why; it comes back and so does the page, and the pin did not move", async (t) => {
  const folder = temporaryFolder(t);
  const port = await freePort();
  const first = await startBridge(port);
  t.after(() => first.stop("SIGKILL"));
  const device = startDevice(folder, boardConfig(port, "fleet"));
  t.after(() => device.stop());
  const { page } = await openPage(t, `http://127.0.0.1:${String(port)}/`);
  await untilChecked(page, false);
  await relayOf(page).click();
  await untilChecked(page, true);

  assert.equal(await first.stop("SIGKILL"), "SIGKILL");
  await page.getByText("The link to the router is lost").waitFor();
  assert.ok(await relayOf(page).isDisabled());
  assert.equal(await relayOf(page).getAttribute("aria-checked"), "true", "it shows what was last read");
  assert.match(await page.title(), /Link lost|Reconnecting/);

  const second = await startBridge(port);
  t.after(() => second.stop());
  await until("the controls to come back", async () => relayOf(page).isEnabled(), 90_000, device.output);
  await untilChecked(page, true);
  const client = await joined(t, port);
  assert.equal(await levelOf(client, "device.bench.gpio.get", "relay"), 1);
  assert.equal(device.process.exitCode, null, device.output());
  await relayOf(page).click();
  await untilChecked(page, false);
  assert.equal(await levelOf(client, "device.bench.gpio.get", "relay"), 0);
});

test("a board that dies is shown as offline with its controls off, and is back by itself when it starts again", async (t) => {
  const folder = temporaryFolder(t);
  const port = await freePort();
  const bridge = await startBridge(port);
  t.after(() => bridge.stop());
  const { page } = await openPage(t, `http://127.0.0.1:${String(port)}/`);
  await page.getByText("No board has announced itself yet").waitFor();

  const device = startDevice(folder, boardConfig(port, "single"));
  t.after(() => device.stop("SIGKILL"));
  await untilChecked(page, false);
  await device.stop("SIGKILL");
  await page.getByText("The board has not answered").waitFor();
  assert.ok(await relayOf(page).isDisabled());
  assert.match(await page.title(), /offline/);

  const again = startDevice(folder, boardConfig(port, "single"));
  t.after(() => again.stop());
  await until("the controls to come back", async () => relayOf(page).isEnabled(), PATIENCE, again.output);
  await page.getByText("Online", { exact: true }).waitFor();
});

test("what a stranger wrote is shown as text: no markup, no script", async (t) => {
  const port = await freePort();
  const bridge = await startBridge(port);
  t.after(() => bridge.stop());
  const { page, complaints } = await openPage(t, `http://127.0.0.1:${String(port)}/`);
  const client = await joined(t, port);
  const evil = `<img src=x onerror="document.title='owned'"><b>bold</b>`;
  const channel = { name: evil, title: evil, role: "sensor", aliases: [evil], details: { [evil]: evil }, actions: {} };
  const stream = { topic: "sensor.evil", title: evil, unit: evil, kind: "measurement", schema: {} };
  const description = {
    id: "evil",
    title: evil,
    version: evil,
    naming: "single",
    drivers: [{ kind: "evil", channels: [{ ...channel, streams: { evil: stream } }] }],
  };
  await until("the page's subscriptions", async () => (await page.getByText("Connected", { exact: true }).count()) > 0);
  await client.publish("device.announce", [description], {}, { acknowledge: true });
  await page.getByRole("heading", { name: "<b>bold</b>" }).first().waitFor();
  await client.publish("sensor.evil", [evil], { unit: evil, quality: "stale", cause: evil }, { acknowledge: true });
  await page.locator(".sensor .warning", { hasText: "<b>bold</b>" }).waitFor();
  assert.equal(await page.locator("main img, main b").count(), 0);
  assert.doesNotMatch(await page.title(), /^owned/);
  assert.deepEqual(complaints, []);
});

test("from 320 pixels on nothing is wider than the page, in light and in dark, and buttons are big enough for a thumb", async (t) => {
  const folder = temporaryFolder(t);
  const port = await freePort();
  const bridge = await startBridge(port);
  t.after(() => bridge.stop());
  const unbroken = "an-unbroken-unit-of-measurement";
  const wide = `      huge: { wave: constant, min: -1234567, interval: 200ms, unit: ${unbroken} }\n`;
  const device = startDevice(folder, boardConfig(port, "single") + wide);
  t.after(() => device.stop());
  const { page } = await openPage(t, `http://127.0.0.1:${String(port)}/`);
  await untilChecked(page, false);
  await page.getByText(unbroken).waitFor();
  for (const width of [320, 390, 768, 1440]) {
    await page.setViewportSize({ width, height: 844 });
    const over = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
    assert.equal(over, 0, `at ${String(width)} px`);
  }
  for (const button of await page.locator("button:visible").all()) {
    const box = await button.boundingBox();
    assert.ok(
      box && box.height >= 44 && box.width >= 44,
      `${(await button.textContent()) ?? ""}: ${JSON.stringify(box)}`,
    );
  }
  await page.emulateMedia({ colorScheme: "light" });
  const colour = (): Promise<unknown> => page.evaluate("getComputedStyle(document.body).backgroundColor");
  const light = await colour();
  await page.emulateMedia({ colorScheme: "dark" });
  assert.notEqual(await colour(), light);
  // The choice outlives the page and beats the system's.
  const theme = page.getByRole("button", { name: /^Colours/ });
  await theme.click();
  assert.equal(await colour(), light);
  await page.reload();
  await untilChecked(page, false);
  assert.equal(await colour(), light);
});

test("a serial port is written to from the page after it was confirmed, and its lines are shown", async (t) => {
  const folder = temporaryFolder(t);
  const port = await freePort();
  const bridge = await startBridge(port);
  t.after(() => bridge.stop());
  const path = join(folder, "echo");
  const echo = start("socat", [`pty,raw,echo=0,link=${path}`, "EXEC:cat"]);
  t.after(() => echo.stop());
  await until("the pty", () => existsSync(path), 10_000, echo.output);
  const config = `
device: { id: bench }
router: { url: "rs://127.0.0.1:${String(port)}", realm: realm1 }
board: { gpio: simulated }
drivers:
  - use: serial
    ports:
      console: { title: Console, path: ${path}, framing: { delimiter: "\\n" } }
`;
  const device = startDevice(folder, config);
  t.after(() => device.stop());
  const { page, complaints } = await openPage(t, `http://127.0.0.1:${String(port)}/`);
  const form = page.getByRole("form", { name: "Write: Console" });
  await form.getByLabel("Data").fill("are you there?");
  const write = form.getByRole("button", { name: "Write" });
  await write.click();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  assert.equal(await page.locator(".lines:visible").count(), 0, "cancelled: nothing was sent");
  await write.click();
  await page.getByRole("dialog").getByRole("button", { name: "Write" }).click();
  await page.locator(".lines", { hasText: "are you there?" }).waitFor();
  assert.deepEqual(complaints, []);
});
