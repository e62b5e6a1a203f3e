/** The built programs as a user runs them: a router that goes, a board that is killed, and a consumer that must know what it has. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { test, type TestContext } from "node:test";
import {
  freePort,
  programScript,
  start,
  startBridge,
  startDevice,
  temporaryFolder,
  until,
  type Running,
} from "../support/programs.ts";
import { ReadingAccount } from "../support/reading-account.ts";

const config = (port: number, folder: string): string => `
device: { id: bench }
router: { url: "rs://127.0.0.1:${String(port)}" }
board: { gpio: simulated }
journal: { directory: ${join(folder, "journal")}, commitEvery: 200ms }
drivers:
  - use: simulated
    sensors:
      tank: { wave: sawtooth, interval: 100ms }
      kiln: { wave: sine, interval: 100ms }
`;

function subscriber(t: TestContext, port: number, folder: string): Running {
  const running = start(process.execPath, [
    programScript("pinion"),
    "subscribe",
    "sensor.*",
    "--from",
    "last",
    "--json",
    "--wait",
    "--cursor",
    join(folder, "cursor.json"),
    "--url",
    `rs://127.0.0.1:${String(port)}`,
  ]);
  t.after(() => running.stop("SIGKILL"));
  return running;
}

/** As printed: events whole, and gaps. */
function take(account: ReadingAccount, printed: string): void {
  for (const line of printed.split("\n")) {
    if (!line.startsWith("{")) continue;
    const { topic, kwargs, gap } = JSON.parse(line) as { topic: string; kwargs?: object; gap?: object }; // packages/cli
    if (gap !== undefined) account.take({ topic, kwargs: { gap } });
    else account.take({ topic, kwargs: { ...kwargs } });
  }
}

const lines = (running: Running): number => running.output().split("\n").length;

test("pinion subscribe --from last prints every number once, over a router's absence, a kill of the board, and its own", async (t) => {
  const folder = temporaryFolder(t);
  const port = await freePort();
  const account = new ReadingAccount();
  let router = await startBridge(port);
  t.after(() => router.stop("SIGKILL"));
  let device = startDevice(folder, config(port, folder));
  t.after(() => device.stop("SIGKILL"));
  const first = subscriber(t, port, folder);
  await until(
    "the first readings",
    () => lines(first) > 20,
    30_000,
    () => device.output() + first.output(),
  );

  await router.stop("SIGKILL");
  await sleep(3_000);
  router = await startBridge(port);
  const before = lines(first);
  await until("readings after the router's absence", () => lines(first) > before + 80, 60_000, first.output);
  await first.stop("SIGTERM");
  take(account, first.output());

  await sleep(1_000);
  await device.stop("SIGKILL");
  device = startDevice(folder, config(port, folder));
  const second = subscriber(t, port, folder);
  const boots = (): Set<string> => new Set(second.output().match(/"boot":"[0-9a-f]{16}"/g));
  await until("the next run's readings", () => boots().size >= 2 && lines(second) > 60, 60_000, second.output);
  await second.stop("SIGTERM");
  take(account, second.output());

  const { undeclared, duplicates, outOfOrder, delivered, gapEvents, holes } = account.report(account.known());
  assert.deepEqual(
    { undeclared, duplicates, outOfOrder, holes },
    { undeclared: 0, duplicates: 0, outOfOrder: 0, holes: [] },
  );
  assert.ok(delivered > 120, `${String(delivered)} delivered`);
  assert.equal(gapEvents, 2, "the kill is one gap on each stream");
  assert.match(second.output(), /"reason":"unclean_stop"/);
});

test("a board without a folder to keep readings in says so once, and still delivers what a router's absence held up", async (t) => {
  const folder = temporaryFolder(t);
  const port = await freePort();
  const text = config(port, folder).replace(/^journal:.*\n/m, "");
  const device = startDevice(folder, text);
  t.after(() => device.stop("SIGKILL"));
  await sleep(1_500);
  const router = await startBridge(port);
  t.after(() => router.stop("SIGKILL"));
  const heard = subscriber(t, port, folder);
  await until(
    "readings",
    () => lines(heard) > 40,
    30_000,
    () => device.output() + heard.output(),
  );
  await heard.stop("SIGTERM");
  const account = new ReadingAccount();
  take(account, heard.output());
  const { undeclared, duplicates } = account.report(account.known());
  assert.deepEqual({ undeclared, duplicates }, { undeclared: 0, duplicates: 0 });
  assert.equal(device.output().match(/memory only/g)?.length, 1);
});
