/** The page's login in a real browser, against a router-bridge of this process that serves the page as it is built. */
import assert from "node:assert/strict";
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { nodeCrypto as crypto, writeAccounts } from "@pinion/client";
import { type Account, noAccounts, SECRET_METHODS, secretCredentials } from "@pinion/wamp";
import { chromium, type BrowserContext, type Page } from "playwright-core";
import { dashboardBundle } from "../../deploy/build.ts";
import { startBridge, temporaryFolder, type TestBridge } from "../support/router-bridge-fixture.ts";

const CHROMIUM = process.env["PINION_CHROMIUM"] ?? "/usr/bin/chromium";
const ARGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"];
const PATIENCE = 40_000;
const SECRET = "correct horse battery";
const vera: Account = {
  authid: "vera",
  role: "operator",
  ...(await secretCredentials(crypto, SECRET, SECRET_METHODS)),
};

interface House extends TestBridge {
  readonly write: (accounts: readonly Account[]) => void;
}

async function house(t: TestContext, auth: string): Promise<House> {
  const folder = temporaryFolder(t);
  await build({ ...dashboardBundle(), outdir: folder });
  copyFileSync(
    fileURLToPath(new URL("../../router-bridge/dashboard/index.html", import.meta.url)),
    join(folder, "index.html"),
  );
  const file = join(folder, "accounts.json");
  const empty = noAccounts(crypto);
  const write = (accounts: readonly Account[]): void => writeAccounts(file, { ...empty, accounts });
  write([vera]);
  const bridge = await startBridge(t, `auth:\n  file: ${file}\n${auth}`, { dashboardFolder: folder });
  return { ...bridge, write };
}

async function browser(t: TestContext): Promise<{ context: BrowserContext; page: Page; complaints: string[] }> {
  assert.ok(existsSync(CHROMIUM), `${CHROMIUM} is missing: install Debian's chromium, or set PINION_CHROMIUM`);
  const profile = mkdtempSync(join(tmpdir(), "pinion-chromium-"));
  const options = { executablePath: CHROMIUM, args: ARGS, viewport: { width: 390, height: 844 } };
  const context = await chromium.launchPersistentContext(profile, options);
  t.after(async () => {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  return { context, page, complaints };
}

const form = (page: Page) => page.getByRole("region", { name: "Log in" });

async function logIn(page: Page, secret: string): Promise<void> {
  await page.getByLabel("Name").fill("vera");
  await page.getByLabel("Password or ticket").fill(secret);
  await page.keyboard.press("Enter");
}

test("who is not known is asked, a wrong secret is told, the right one opens the page, and the browser is remembered until log-out", async (t) => {
  const bridge = await house(t, "  cookie: {}\n");
  const { context, page, complaints } = await browser(t);
  const url = `http://${bridge.at}/`;
  await page.goto(url);
  await form(page).waitFor();
  assert.equal(await page.title(), "Log in · Pinion");
  assert.equal(await page.getByRole("button", { name: "Log out" }).count(), 0);
  await logIn(page, "wrong");
  await page.getByRole("alert").getByText("The name or the secret is wrong.").waitFor();
  await logIn(page, SECRET);
  await page.getByText("No board has announced itself yet").waitFor();
  await page.getByRole("button", { name: "Log out" }).waitFor();
  assert.equal(await form(page).count(), 0);
  const [cookie] = await context.cookies(`${url}ws`);
  assert.deepEqual([cookie?.httpOnly, cookie?.sameSite, cookie?.path], [true, "Strict", "/ws"]);
  assert.equal(await page.evaluate("document.cookie"), "");

  await page.reload();
  await page.getByRole("button", { name: "Log out" }).waitFor();
  await page.setViewportSize({ width: 320, height: 640 });
  assert.equal(await page.evaluate("document.documentElement.scrollWidth"), 320);
  await page.getByRole("button", { name: "Log out" }).click();
  await form(page).waitFor();
  await page.reload();
  await form(page).waitFor();
  assert.deepEqual(complaints, []);
  assert.equal(JSON.stringify(bridge.lines).includes(SECRET), false);
});

test("a page that is open anonymously offers a login, which can be left; a removed account is asked again", async (t) => {
  const bridge = await house(t, "  anonymous: { role: viewer }\n");
  const { page } = await browser(t);
  await page.goto(`http://${bridge.at}/`);
  const offer = page.getByRole("button", { name: "Log in" });
  await offer.click();
  await page.getByRole("button", { name: "Cancel" }).click();
  await form(page).waitFor({ state: "hidden" });
  await offer.click();
  await logIn(page, SECRET);
  await page.getByRole("button", { name: "Log out" }).waitFor();
  bridge.write([]);
  await form(page).waitFor();
});

/** Of WCAG, for colours as a browser computes them. */
function contrast(...colours: [string, string]): number {
  const [a = 0, b = 0] = colours.map((colour) => {
    const [red = 0, green = 0, blue = 0] = (colour.match(/[\d.]+/g) ?? []).slice(0, 3).map((text) => {
      const part = Number(text) / 255;
      return part <= 0.040_45 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  });
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

for (const theme of ["light", "dark"] as const) {
  test(`the form can be read in the ${theme} palette and fits a narrow screen`, async (t) => {
    const bridge = await house(t, "");
    const { page } = await browser(t);
    await page.emulateMedia({ colorScheme: theme });
    await page.setViewportSize({ width: 320, height: 640 });
    await page.goto(`http://${bridge.at}/`);
    await form(page).waitFor();
    const colour = (selector: string, what: string): Promise<string> =>
      page.evaluate(`getComputedStyle(document.querySelector("${selector}")).${what}`).then(String);
    for (const part of [".login label", ".login p", ".login h2"]) {
      const ratio = contrast(await colour(".login", "backgroundColor"), await colour(part, "color"));
      assert.ok(ratio >= 4.5, `${part}: contrast ${String(ratio)}`);
    }
    const { scrollWidth, clientWidth } = await page.evaluate<{ scrollWidth: number; clientWidth: number }>(
      "({ scrollWidth: document.documentElement.scrollWidth, clientWidth: document.documentElement.clientWidth })",
    );
    assert.equal(scrollWidth, clientWidth);
    const shots = process.env["PINION_SCREENSHOTS"];
    if (shots !== undefined) await page.screenshot({ path: join(shots, `login-${theme}.png`) });
  });
}
