/** The router is away for a while: the chart of a page that stayed open has no hole afterwards, as the pointer finds it. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { test, type TestContext } from "node:test";
import { chromium, type Page } from "playwright-core";
import { freePort, startBridge, startDevice, temporaryFolder, until } from "../support/programs.ts";

const CHROMIUM = process.env["PINION_CHROMIUM"] ?? "/usr/bin/chromium";
const ARGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"];
const PATIENCE = 40_000;
/** s; `npm test` has not the five minutes that a person would give it. */
const AWAY = Number(process.env["PINION_AWAY_SECONDS"] ?? 8);
const INTERVAL = 0.2;

async function openPage(t: TestContext, url: string): Promise<Page> {
  assert.ok(existsSync(CHROMIUM), `${CHROMIUM} is missing: install Debian's chromium, or set PINION_CHROMIUM`);
  const profile = mkdtempSync(join(tmpdir(), "pinion-chromium-"));
  const options = { executablePath: CHROMIUM, args: ARGS, viewport: { width: 1_000, height: 844 } };
  const context = await chromium.launchPersistentContext(profile, options);
  t.after(async () => {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  await page.goto(url);
  return page;
}

/** The moments, in s of the day, of the points that the pointer finds from left to right. */
async function pointsOf(page: Page): Promise<readonly number[]> {
  const card = page.locator(".sensor", { hasText: "Tank" });
  const box = await card.locator(".u-over").boundingBox();
  assert.ok(box !== null, "the chart is on the page");
  const moments = new Set<number>();
  for (let x = 1; x < box.width; x += 1) {
    await page.mouse.move(box.x + x, box.y + box.height / 2);
    const words = (await card.locator(".range").textContent()) ?? "";
    const [, hours, minutes, seconds] = / at (\d+):(\d+):(\d+)/.exec(words) ?? [];
    if (seconds !== undefined) moments.add(Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds));
  }
  return [...moments].toSorted((a, b) => a - b);
}

function widestStep(moments: readonly number[]): number {
  return Math.max(0, ...moments.slice(1).map((moment, index) => moment - (moments[index] ?? 0)));
}

test("a router that is away and comes back leaves no hole in a chart", { timeout: (AWAY + 200) * 1_000 }, async (t) => {
  const folder = temporaryFolder(t);
  const port = await freePort();
  const first = await startBridge(port);
  t.after(() => first.stop("SIGKILL"));
  const text = `
device: { id: bench }
router: { url: "rs://127.0.0.1:${String(port)}" }
board: { gpio: simulated }
journal: { directory: ${join(folder, "journal")} }
drivers:
  - use: simulated
    sensors:
      tank: { wave: sine, min: 4, max: 16, period: 10s, interval: ${String(INTERVAL * 1_000)}ms, title: Tank }
`;
  const device = startDevice(folder, text);
  t.after(() => device.stop("SIGKILL"));
  const page = await openPage(t, `http://127.0.0.1:${String(port)}/`);
  await page.locator(".sensor canvas").waitFor();
  await sleep(3_000);
  await first.stop("SIGKILL");
  await page.getByText("The link to the router is lost").waitFor();
  await sleep(AWAY * 1_000);
  const during = await pointsOf(page);
  const second = await startBridge(port);
  t.after(() => second.stop("SIGKILL"));
  const card = page.locator(".sensor", { hasText: "Tank" });
  await until(
    "the board's readings",
    async () => /[0-5] s|now/.test((await card.locator(".age").textContent()) ?? ""),
    90_000,
  );
  // a chart that is drawn anew shows the pointer nothing for a moment: that is no chart without a hole
  const span = (moments: readonly number[]): number => (moments.at(-1) ?? 0) - (moments[0] ?? 0);
  const isWhole = (moments: readonly number[]): boolean =>
    widestStep(moments) <= 3 && span(moments) >= span(during) + AWAY / 2;
  let after: readonly number[] = [];
  await until(
    "the hole to be filled",
    async () => isWhole((after = await pointsOf(page))),
    60_000,
    () => `during ${during.join(" ")}, after ${after.join(" ")}`,
  );
  assert.ok(!/missed/.test((await card.locator(".range").textContent()) ?? ""), "nothing is counted as missed");
});
