/**
 * `pinion create` as a new user has it: a project is made, started by `npm start`, its page used in a real browser, its backend's
 * file read, killed and started again, and every command of its README is typed.
 */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import { chromium, type BrowserContext, type Page } from "playwright-core";
import { freePort, programScript, start, until, type Running } from "../support/programs.ts";

const root = join(import.meta.dirname, "../..");
const CHROMIUM = process.env["PINION_CHROMIUM"] ?? "/usr/bin/chromium";
const ARGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"];
const PATIENCE = 40_000;

const above = mkdtempSync(join(tmpdir(), "pinion-created-"));
const house = join(above, "my-house");
let port = 0;

interface Outcome {
  readonly status: number | null;
  readonly out: string;
  readonly words: string;
}

/** As `npx pinion` runs it in a clone. */
const SOURCES = join(root, "packages/cli/bin.mjs");

function create(args: readonly string[], pinion = programScript("pinion")): Outcome {
  const done = spawnSync(process.execPath, [pinion, "create", ...args], {
    cwd: above,
    encoding: "utf8",
    timeout: PATIENCE,
  });
  return { status: done.status, out: done.stdout, words: done.stderr };
}

before(async () => {
  port = await freePort();
  const { status, out, words } = create(["my-house", "--port", String(port), "--board", "simulated"], SOURCES);
  assert.equal(status, 0, words);
  assert.equal(out, "cd my-house && npm start\n");
});
after(() => rmSync(above, { recursive: true, force: true }));

const fileMode = (path: string): number => statSync(join(house, path)).mode & 0o777;
const secretOf = (name: string): string => readFileSync(join(house, `secrets/${name}.secret`), "utf8").trim();

test("secrets are for their owner alone, each its own, not in git, and in no other file", () => {
  assert.equal(fileMode("secrets"), 0o700);
  const files = readdirSync(join(house, "secrets"));
  assert.deepEqual(files.toSorted(), [
    "accounts.json",
    "backend.secret",
    "board.key",
    "operator.secret",
    "viewer.secret",
  ]);
  for (const file of files) assert.equal(fileMode(`secrets/${file}`), 0o600, file);
  const secrets = ["operator", "viewer", "backend"].map(secretOf);
  assert.equal(new Set(secrets).size, 3);
  for (const secret of secrets) {
    assert.match(secret, /^[\w-]{27}$/);
    const found = spawnSync("grep", ["-rlF", "--", secret, house], { encoding: "utf8" }).stdout.trim().split("\n");
    assert.equal(found.length, 1, found.join(" "));
  }
  execFileSync("git", ["init", "-q"], { cwd: house });
  const seen = execFileSync("git", ["status", "--porcelain", "-uall"], { cwd: house, encoding: "utf8" });
  assert.match(seen, /bridge\.yaml/);
  assert.doesNotMatch(seen, /secrets|data\/|state\//);
});

test("nothing stays to be filled in, and both configurations are right", () => {
  const left = spawnSync("grep", ["-rlE", "--exclude-dir=programs", "\\{\\{[a-z]+\\}\\}", house], { encoding: "utf8" });
  assert.equal(left.stdout, "");
  const checked = spawnSync("npm", ["run", "-s", "check"], { cwd: house, encoding: "utf8", timeout: PATIENCE });
  assert.equal(checked.status, 0, checked.stdout + checked.stderr);
  assert.match(checked.stdout, /bridge\.yaml: no problem found/);
  assert.match(checked.stdout, /lamp = GPIO17 = header 11/);
  assert.match(checked.stdout, /GPIO simulated/);
});

test("a folder that holds something, and a name that is none, are refused with the cure; an empty folder is taken", () => {
  mkdirSync(join(above, "full"));
  writeFileSync(join(above, "full/mine.txt"), "mine");
  writeFileSync(join(above, "file"), "mine");
  mkdirSync(join(above, "empty"));
  for (const [args, words] of [
    [["my-house"], /my-house is there already, and nothing is overwritten/],
    [["full"], /full is there already/],
    [["file"], /file is there already/],
    [["nowhere/my-house"], /there is no folder .*nowhere: make it first/],
    [["My-House"], /'My-House' cannot be a project's name: choose/],
    [["-x"], /unknown option/],
    [["x"], /cannot be a project's name/],
    [["a b"], /cannot be a project's name/],
    [["1st"], /cannot be a project's name/],
    [["end-"], /cannot be a project's name/],
    [["a".repeat(25)], /cannot be a project's name/],
    [["../.."], /cannot be a project's name|is there already/],
    [["other", "--port", "0"], /a port is 1 to 65535/],
    [["other", "--port", "http"], /a port is 1 to 65535/],
    [["other", "--board", "arduino"], /simulated, linux/],
  ] as const) {
    const outcome = create(args);
    assert.equal(outcome.status, 2, `${args.join(" ")}: ${outcome.words}`);
    assert.match(outcome.words, words);
  }
  assert.deepEqual(readdirSync(join(above, "full")), ["mine.txt"]);
  assert.equal(create(["empty", "--board", "linux"]).status, 0);
  const board = readFileSync(join(above, "empty/board.yaml"), "utf8");
  assert.match(board, /use: thermal/);
  assert.doesNotMatch(board, /simulated/);
  const leftovers = readdirSync(above).filter((name) => name.startsWith("."));
  assert.deepEqual(leftovers, []);
});

async function startAll(t: TestContext): Promise<Running> {
  const all = start("npm", ["start"], house);
  t.after(() => all.stop("SIGINT"));
  const shown = `Your page     http://127.0.0.1:${String(port)}/home/`;
  await until("the addresses", () => all.output().includes(shown), PATIENCE, all.output);
  await until("the board", () => all.output().includes("the session is ready"), PATIENCE, all.output);
  return all;
}

async function openBrowser(t: TestContext): Promise<{ context: BrowserContext; page: Page; complaints: string[] }> {
  assert.ok(existsSync(CHROMIUM), `${CHROMIUM} is missing: install Debian's chromium, or set PINION_CHROMIUM`);
  const profile = mkdtempSync(join(tmpdir(), "pinion-chromium-"));
  const context = await chromium.launchPersistentContext(profile, { executablePath: CHROMIUM, args: ARGS });
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

async function logIn(page: Page, name: string, secret: string): Promise<void> {
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Secret").fill(secret);
  await page.getByRole("button", { name: "Log in" }).click();
}

/** Whether anything was drawn on the chart's canvas in the colour of its line. */
const LINE_DRAWN = `(() => {
  const canvas = document.querySelector('figure[data-sensor="living_room"] canvas');
  if (!canvas) return false;
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  for (let i = 0; i < data.length; i += 4) if (data[i] < 40 && data[i + 1] > 110 && data[i + 2] > 80 && data[i + 3] > 100) return true;
  return false;
})()`;

const lamp = (page: Page) => page.getByRole("button", { name: /^Lamp/ });

test("npm start works at once: the page logs in, switches the lamp, draws the sensors, and Ctrl-C ends all of it", async (t) => {
  const all = await startAll(t);
  const { page, complaints } = await openBrowser(t);
  const url = `http://127.0.0.1:${String(port)}/home/`;
  await page.goto(url);
  await logIn(page, "operator", "not the secret");
  await page.getByRole("status").getByText("The name or the secret is wrong").waitFor();
  await logIn(page, "operator", secretOf("operator"));
  await page.getByRole("status").getByText("Connected as operator").waitFor();
  await lamp(page).click();
  await page.getByRole("button", { name: "Lamp: on" }).waitFor();
  await page.getByText("Contact: closed").waitFor();
  await page
    .locator('figure[data-sensor="living_room"] output')
    .getByText(/^\d+(\.\d+)? °C$/)
    .waitFor();
  await until("the line of the chart", () => page.evaluate(LINE_DRAWN), PATIENCE);
  await page.locator('figure[data-sensor="humidity"] canvas').waitFor();
  await page.setViewportSize({ width: 320, height: 640 });
  await until("the charts' new width", () => page.evaluate("document.documentElement.scrollWidth === 320"), PATIENCE);

  await page.reload();
  await page.getByRole("status").getByText("Connected as operator").waitFor();
  await lamp(page).click();
  await page.getByRole("button", { name: /Lamp: (on|off)/ }).waitFor();
  await page.getByRole("button", { name: "Log out" }).click();
  await logIn(page, "viewer", secretOf("viewer"));
  await page.getByRole("status").getByText("Connected as viewer").waitFor();
  await lamp(page).click();
  await page
    .getByRole("alert")
    .getByText(/The lamp was not switched: .*may not call/)
    .waitFor();
  assert.deepEqual(complaints, []);
  assert.equal((await fetch(`http://127.0.0.1:${String(port)}/`)).status, 200, "the dashboard is there too");
  assert.equal(await all.stop("SIGINT"), 0, all.output());
  assert.match(all.output(), /outputs to their safe level/);
});

test("npm start where its port is taken says so and ends", async (t) => {
  const other = createServer().listen(port, "127.0.0.1");
  await once(other, "listening");
  t.after(() => other.close());
  const done = spawnSync("npm", ["start"], { cwd: house, encoding: "utf8", timeout: PATIENCE });
  assert.equal(done.status, 1);
  assert.match(done.stderr, /port_in_use/);
  assert.match(done.stderr, /another port: change it in bridge\.yaml, board\.yaml and backend/);
});

function rows(): string[][] {
  const files = readdirSync(join(house, "data")).filter((name) => name.endsWith(".csv"));
  return files.flatMap((name) => {
    const lines = readFileSync(join(house, "data", name), "utf8")
      .split("\n")
      .filter((line) => line !== "");
    assert.equal(lines.shift(), "time,device,topic,value,unit,quality,boot,seq", name);
    return lines.map((line) => line.split(","));
  });
}

/** The numbers of one sensor's readings of one run of the board, as they stand in the file. */
function numbers(boot: string): number[] {
  return rows()
    .filter((row) => row[2] === "sensor.living_room" && row[6] === boot)
    .map((row) => Number(row[7]));
}

test("the backend's file holds each reading once, although the backend is killed and started again", async (t) => {
  const part = (name: string): Running => {
    const running = start("npm", ["run", name], house);
    t.after(() => running.stop());
    return running;
  };
  const bridge = part("bridge");
  const board = part("board");
  await until(
    "the board",
    () => board.output().includes("the session is ready"),
    PATIENCE,
    () => bridge.output() + board.output(),
  );
  const before = rows().length;
  const args = [join(house, "start.mjs"), "backend"];
  const first = start(process.execPath, args, house);
  t.after(() => first.stop());
  await until("rows", () => rows().length > before + 6, PATIENCE, first.output);
  await first.stop("SIGKILL");
  // a row that the power was lost in
  const [file] = readdirSync(join(house, "data"))
    .filter((name) => name.endsWith(".csv"))
    .toSorted()
    .slice(-1);
  writeFileSync(join(house, "data", String(file)), "2026-11-29T17:05:53.7", { flag: "a" });
  const boot = String(rows().at(-2)?.[6]);
  const seen = Math.max(...numbers(boot));
  await new Promise((resolve) => setTimeout(resolve, 2500));
  const second = start(process.execPath, args, house);
  t.after(() => second.stop());
  await until("the readings since", () => Math.max(...numbers(boot)) > seen + 3, PATIENCE, second.output);
  await second.stop();
  const found = numbers(boot);
  assert.deepEqual(
    found,
    Array.from({ length: found.length }, (_, i) => i + 1),
  );
});

/** The commands of the README, as they stand there. */
function commands(): string[] {
  const text = readFileSync(join(house, "README.md"), "utf8");
  return text.split("\n").flatMap((line) => (/^ {4}(npm|sudo) /.test(line) ? [line.trim()] : []));
}

test("every command of the project's README does what it says", async (t) => {
  await startAll(t);
  const typed = commands();
  assert.equal(typed.length, 6, typed.join("\n"));
  const sh = (command: string): Outcome => {
    const done = spawnSync("sh", ["-c", command], { cwd: house, encoding: "utf8", timeout: PATIENCE });
    return { status: done.status, out: done.stdout, words: done.stderr };
  };
  const find = (word: string): string => {
    const command = typed.find((one) => one.includes(word));
    assert.ok(command !== undefined, word);
    return command;
  };
  assert.equal(find("start"), "npm start");
  const subscribed = sh(find("subscribe").replace(" subscribe ", " subscribe --count 3 "));
  assert.equal(subscribed.status, 0, subscribed.words);
  assert.match(subscribed.out, /sensor\.\w+/);
  const called = sh(find("gpio.set"));
  assert.equal(called.status, 0, called.words);
  assert.match(called.out, /"readBack":1/);
  const added = sh(find("auth add"));
  assert.equal(added.status, 0, added.words);
  assert.match(added.out, /^[\w-]{27}\n$/);
  const removed = sh(find("auth remove"));
  assert.equal(removed.status, 0, removed.words);
  assert.equal(find("sudo"), "sudo sh services/install");
  assert.equal(spawnSync("sh", ["-n", join(house, "services/install")]).status, 0);
});

test("each unit runs a part that is there, as a user that the installer makes, and finds its Node", () => {
  const units = readdirSync(join(house, "services")).filter((name) => name.endsWith(".service"));
  assert.deepEqual(units.toSorted(), ["my-house-backend.service", "my-house-board.service", "my-house-bridge.service"]);
  const installer = readFileSync(join(house, "services/install"), "utf8");
  for (const unit of units) {
    const text = readFileSync(join(house, "services", unit), "utf8");
    const part = /^ExecStart=\/opt\/my-house\/services\/run (\w+)$/m.exec(text)?.[1];
    assert.equal(unit, `my-house-${String(part)}.service`);
    assert.match(text, new RegExp(`^User=my-house-${String(part)}$`, "m"));
    assert.match(installer, new RegExp(`for part in .*\\b${String(part)}\\b`));
  }
  assert.equal(statSync(join(house, "services/run")).mode & 0o111, 0o111);
  const run = spawnSync(join(house, "services/run"), ["pinion", "--help"], { encoding: "utf8", timeout: PATIENCE });
  assert.equal(run.status, 0, run.stderr);
  assert.match(run.stdout, /Usage: pinion/);
});
