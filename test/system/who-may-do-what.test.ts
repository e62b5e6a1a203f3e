/**
 * Accounts, rights and the meta API as a user tries them: `npx pinion` and the built programs, a board with a pin, an operator
 * and a viewer, and what the router-bridge's log says of it.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { nodeClient } from "@pinion/client";
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

const root = join(import.meta.dirname, "../..");

interface Finished {
  readonly status: number | null;
  readonly output: string;
}

async function finished(command: Running): Promise<Finished> {
  await until("the command's end", () => command.process.exitCode !== null, 60_000, command.output);
  return { status: command.process.exitCode, output: command.output() };
}

/** The bundle, as it is installed somewhere without its sources. */
const pinion = (...args: readonly string[]): Running => start(process.execPath, [programScript("pinion"), ...args]);
/** As the README has it, in the repository. */
const npxPinion = (...args: readonly string[]): Running => start("npx", ["--no-install", "pinion", ...args], root);

test("npx pinion calls wamp.session.list, and pinion subscribe hears wamp.session.on_join of it", async (t) => {
  const port = await freePort();
  const url = `rs://127.0.0.1:${String(port)}`;
  const bridge = await startBridge(port);
  t.after(() => bridge.stop());
  const observer = nodeClient(url, { realm: "realm1" });
  observer.open();
  t.after(() => observer.close());

  const watching = pinion("subscribe", "wamp.session.on_join", "--count", "2", "--json", "--url", url);
  t.after(() => watching.stop());
  await until(
    "its subscription",
    async () => (await observer.call("wamp.subscription.lookup", ["wamp.session.on_join"])).args[0] !== null,
    20_000,
    watching.output,
  );
  const listing = await finished(npxPinion("call", "wamp.session.list", "--url", url));
  assert.equal(listing.status, 0, listing.output);
  // npm may have had words of its own on stderr
  const ids: unknown = JSON.parse(/^\[.*\]$/m.exec(listing.output)?.[0] ?? "null");
  assert.ok(Array.isArray(ids) && ids.every((id) => Number.isSafeInteger(id)), listing.output);
  assert.equal(ids.length, 3, "the observer, the subscriber, and whoever called");
  assert.ok(ids.includes(observer.session?.id));

  assert.equal((await finished(pinion("call", "wamp.session.count", "--url", url))).status, 0);
  const { status, output } = await finished(watching);
  assert.equal(status, 0, output);
  const [line = ""] = output.split("\n");
  const event: unknown = JSON.parse(line);
  assert.match(line, /"topic":"wamp\.session\.on_join"/);
  const joined = ids.filter((id) => JSON.stringify(event).includes(`"session":${String(id)}`));
  assert.equal(joined.length, 1, `who joined is who called: ${line}`);
  assert.match(line, /"authmethod":"anonymous"/);
});

/** A router-bridge with accounts, and a board behind it. */
async function guardedSite(t: TestContext) {
  const folder = temporaryFolder(t);
  const accounts = join(folder, "accounts.json");
  const port = await freePort();
  const url = `rs://127.0.0.1:${String(port)}`;
  const secretOf = async (authid: string, role: string): Promise<string> => {
    const added = await finished(pinion("auth", "add", authid, "--role", role, "--accounts", accounts));
    assert.equal(added.status, 0, added.output);
    const file = join(folder, `${authid}.secret`);
    const secret = /^[\w-]{27}$/m.exec(added.output)?.[0];
    assert.ok(secret !== undefined, added.output);
    assert.ok(!readFileSync(accounts, "utf8").includes(secret), "the accounts file does not hold the secret");
    writeFileSync(file, `${secret}\n`, { mode: 0o600 });
    return file;
  };
  const board = await secretOf("bench", "backend");
  const login = {
    vera: ["--authid", "vera", "--secret-file", await secretOf("vera", "viewer")],
    olga: ["--authid", "olga", "--secret-file", await secretOf("olga", "operator")],
  } as const;
  writeFileSync(join(folder, "bridge.yaml"), `auth: { file: ${accounts} }\n`);
  const bridge = await startBridge(port, ["--config", join(folder, "bridge.yaml")]);
  t.after(() => bridge.stop());
  const device = startDevice(folder, boardConfig(url, board));
  t.after(() => device.stop());
  const as = async (who: keyof typeof login, ...args: readonly string[]): Promise<Finished> =>
    await finished(pinion("call", ...args, ...login[who], "--url", url));
  const isThere = async (): Promise<boolean> => (await as("olga", "device.gpio.get", "relay")).status === 0;
  await until("the board", isThere, 30_000, device.output);
  return { accounts, bridge, as, login, url };
}

function boardConfig(url: string, secretFile: string): string {
  return `
device: { id: bench }
router: { url: "${url}", auth: { authid: bench, secretFile: ${secretFile} } }
board: { gpio: simulated }
drivers:
  - use: gpio
    pins: { relay: { pin: GPIO17, direction: out } }
`;
}

test("a viewer may look but not switch: wamp.error.not_authorized, and the log says who tried what", async (t) => {
  const { as, bridge } = await guardedSite(t);
  const refused = await as("vera", "device.gpio.set", "relay", "1");
  assert.equal(refused.status, 1, refused.output);
  assert.match(refused.output, /wamp\.error\.not_authorized/);
  const lines = bridge.output().split("\n");
  const denials = lines.filter((line) => line.includes('"not_authorized"'));
  assert.equal(denials.length, 1, bridge.output());
  // a line of the log is JSON
  const denial = JSON.parse(denials[0] ?? "") as Record<string, unknown>;
  const { level, authid, authrole, action, uri } = denial;
  assert.deepEqual(
    { level, authid, authrole, action, uri },
    { level: 40, authid: "vera", authrole: "viewer", action: "call", uri: "device.gpio.set" },
  );

  const looked = await as("vera", "device.gpio.get", "relay");
  assert.equal(looked.status, 0, looked.output);
  assert.match(looked.output, /"value": ?0/, "the pin did not move");
  const switched = await as("olga", "device.gpio.set", "relay", "1");
  assert.equal(switched.status, 0, switched.output);
  assert.match((await as("vera", "device.gpio.get", "relay")).output, /"value": ?1/);
});

test("who may list sessions sees the logins; who was removed from the accounts does not come in again", async (t) => {
  const { as, accounts, login, url } = await guardedSite(t);
  const listed = await as("olga", "wamp.session.list");
  assert.equal(listed.status, 0, listed.output);
  assert.match((await as("vera", "wamp.session.list")).output, /wamp\.error\.not_authorized/);
  const watch = await finished(
    pinion("subscribe", "wamp.session.on_join", "--count", "1", ...login.vera, "--url", url),
  );
  assert.equal(watch.status, 1, watch.output);
  assert.match(watch.output, /wamp\.error\.not_authorized/);

  const known = await finished(pinion("auth", "list", "--accounts", accounts));
  assert.match(known.output, /vera\s+viewer/);
  const removed = await finished(pinion("auth", "remove", "vera", "--accounts", accounts));
  assert.equal(removed.status, 0, removed.output);
  assert.doesNotMatch((await finished(pinion("auth", "list", "--accounts", accounts))).output, /vera/);
  const isShutOut = async (): Promise<boolean> => /auth/.test((await as("vera", "device.gpio.get", "relay")).output);
  await until("the account's end", isShutOut, 10_000);
  assert.equal((await as("olga", "device.gpio.get", "relay")).status, 0);
});
