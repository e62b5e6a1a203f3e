/** Updates as a user makes them: the built board under its launcher, the built router-bridge with accounts, the built `pinion`. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { launchBoard, makeArtefact, type LaunchedBoard } from "../support/launched-board.ts";
import { nodeClient, readCredentials } from "@pinion/client";
import { ApplicationError } from "@pinion/wamp";
import { randomBytes } from "node:crypto";
import {
  freePort,
  programScript,
  start,
  startBridge,
  temporaryFolder,
  until,
  type Running,
} from "../support/programs.ts";

interface Finished {
  readonly status: number | null;
  readonly output: string;
}

async function pinion(...args: readonly string[]): Promise<Finished> {
  const command = start(process.execPath, [programScript("pinion"), ...args]);
  await until("the command's end", () => command.process.exitCode !== null, 120_000, command.output);
  return { status: command.process.exitCode, output: command.output() };
}

interface Site {
  readonly folder: string;
  readonly board: LaunchedBoard;
  readonly key: string;
  /** `pinion <args>` with the login of somebody. */
  as(who: "mara" | "olga", ...args: readonly string[]): Promise<Finished>;
  health(): Promise<Record<string, unknown> | undefined>;
  /** The router is killed, and started again. */
  restartRouter(): Promise<void>;
  /** The options of `as`. */
  readonly login: ReadonlyMap<string, readonly string[]>;
}

/** A router with a maintainer, an operator and a board that takes releases signed by a key of ours. */
async function site(t: TestContext, options: { readonly trialLimit?: number } = {}): Promise<Site> {
  const folder = temporaryFolder(t);
  const accounts = join(folder, "accounts.json");
  const port = await freePort();
  const url = `rs://127.0.0.1:${String(port)}`;
  const login = new Map<string, readonly string[]>();
  for (const [who, role] of [
    ["mara", "maintainer"],
    ["olga", "operator"],
    ["bench", "device"],
  ] as const) {
    const key = join(folder, `${who}.key`);
    const added = await pinion("auth", "add", who, "--role", role, "--new-key", key, "--accounts", accounts);
    assert.equal(added.status, 0, added.output);
    login.set(who, ["--authid", who, "--key-file", key, "--url", url]);
  }
  writeFileSync(join(folder, "bridge.yaml"), `auth: { file: ${accounts} }\n`);
  const startRouter = (): Promise<Running> => startBridge(port, ["--config", join(folder, "bridge.yaml")]);
  let bridge = await startRouter();
  t.after(() => bridge.stop());
  const key = join(folder, "release.key");
  const made = await pinion("update", "keygen", key);
  assert.equal(made.status, 0, made.output);
  const config = `
device: { id: bench, naming: fleet }
router: { url: "${url}", auth: { authid: bench, keyFile: ${join(folder, "bench.key")} } }
board: { gpio: simulated }
update: { publicKey: "${made.output.trim()}" }
drivers:
  - use: gpio
    pins: { relay: { pin: GPIO17, direction: out } }
`;
  const board = launchBoard({ folder, config, ...options });
  t.after(() => board.stop());
  const as = (who: "mara" | "olga", ...args: readonly string[]): Promise<Finished> =>
    pinion(...args, ...(login.get(who) ?? []));
  const health = async (): Promise<Record<string, unknown> | undefined> => {
    const { status, output } = await as("olga", "call", "device.bench.health");
    return status === 0 ? (JSON.parse(output) as Record<string, unknown>) : undefined; // what `call` prints
  };
  await until("the board", health, 60_000, board.output);
  const restartRouter = async (): Promise<void> => {
    await bridge.stop("SIGKILL");
    bridge = await startRouter();
  };
  return { folder, board, key, as, health, restartRouter, login };
}

async function runs(one: Site, version: string, onTrial: boolean): Promise<void> {
  const isSo = async (): Promise<boolean> => {
    const release = JSON.stringify((await one.health())?.["release"] ?? null);
    return release.includes(`"version":"${version}"`) && release.includes(`"onTrial":${String(onTrial)}`);
  };
  await until(`release ${version}, on trial: ${String(onTrial)}`, isSo, 90_000, one.board.output);
}

test("a signed release goes over the router to a board, only what it has not, and proves itself; an operator may not send it", async (t) => {
  const one = await site(t);
  const file = makeArtefact(one.folder, "1.1.0");
  const unsigned = await one.as("mara", "update", file, "--to", "bench");
  assert.equal(unsigned.status, 2, unsigned.output);
  assert.match(unsigned.output, /\.sig is not there: sign it/);
  assert.equal((await pinion("update", "sign", file, "--key", one.key)).status, 0);

  const refused = await one.as("olga", "update", file, "--to", "bench");
  assert.equal(refused.status, 1, refused.output);
  assert.match(refused.output, /not_authorized/);

  const sent = await one.as("mara", "update", file, "--to", "bench");
  assert.equal(sent.status, 0, `${sent.output}\n${one.board.output()}`);
  assert.match(sent.output, /1 KiB of release 1\.1\.0 to send/, "the rest is on the board already");
  assert.match(sent.output, /release 1\.1\.0 has proved itself/);
  await runs(one, "1.1.0", false);
  const again = await one.as("mara", "update", file, "--to", "bench");
  assert.match(again.output, /pinion\.error\.not_newer.*runs already/);

  const other = join(one.folder, "other.key");
  assert.equal((await pinion("update", "keygen", other)).status, 0);
  const next = makeArtefact(one.folder, "1.2.0");
  assert.equal((await pinion("update", "sign", next, "--key", other)).status, 0);
  const forged = await one.as("mara", "update", next, "--to", "bench");
  assert.equal(forged.status, 1, forged.output);
  assert.match(forged.output, /pinion\.error\.bad_signature/);
});

test("a release goes on where it was when the router, and then the board, is killed in the middle of it", async (t) => {
  const one = await site(t);
  // random octets: they do not pack, and take a while
  const file = makeArtefact(one.folder, "1.1.0", undefined, randomBytes(32 * 1_048_576));
  assert.equal((await pinion("update", "sign", file, "--key", one.key)).status, 0);
  const login = one.login.get("mara") ?? [];
  const sending = start(process.execPath, [programScript("pinion"), "update", file, "--to", "bench", ...login]);
  t.after(() => sending.stop("SIGKILL"));
  const isAt = (percent: RegExp) => (): boolean => percent.test(sending.output());
  await until("a fifth of it", isAt(/: [2-9]\d %/), 60_000, sending.output);
  await one.restartRouter();
  await until("two fifths of the rest", isAt(/goes on where it was[\s\S]*: [4-9]\d %/), 90_000, sending.output);
  one.board.kill("SIGKILL");
  await until("the end", () => sending.process.exitCode !== null, 120_000, sending.output);
  assert.equal(sending.process.exitCode, 0, `${sending.output()}\n${one.board.output()}`);
  const asked = [...sending.output().matchAll(/(\d+) KiB of release 1\.1\.0 to send/g)].map(([, kib]) => Number(kib));
  assert.ok(asked.length >= 2, sending.output());
  for (const [i, kib] of asked.entries()) if (i > 0) assert.ok(kib < (asked[i - 1] ?? 0), sending.output());
  await runs(one, "1.1.0", false);
});

/** Says yes when it is asked whether it can read the configuration, and then does this. */
const behaves = (how: string): string => `#!/bin/sh\ncase "$*" in *--check* | *--safe*) exit 0 ;; esac\n${how}\n`;

test("a release that crashes is taken back after three starts, and the router is told why", async (t) => {
  const one = await site(t);
  const file = makeArtefact(one.folder, "1.1.0", behaves("echo crashes >&2; exit 1"));
  assert.equal((await pinion("update", "sign", file, "--key", one.key)).status, 0);
  const before = one.board.starts();
  const sent = await one.as("mara", "update", file, "--to", "bench");
  assert.equal(sent.status, 1, sent.output);
  assert.match(sent.output, /release 1\.1\.0 was taken back, 1\.0\.0 runs: 3 starts ended/);
  await runs(one, "1.0.0", false);
  assert.equal(one.board.starts() - before, 4, one.board.output());
  assert.deepEqual((await one.health())?.["release"], {
    version: "1.0.0",
    from: "package",
    onTrial: false,
    rolledBack: { version: "1.1.0", reason: "3 starts ended before it had run for a minute and joined the router" },
  });
});

test("a release that never joins is taken back, by hand too, when the board had a link before", async (t) => {
  const one = await site(t, { trialLimit: 4 });
  await until("the board's word that it has joined", () => existsSync(join(one.board.state, "joined")));
  const file = makeArtefact(one.folder, "1.1.0", behaves("exec sleep 60"));
  const refused = one.board.byHand("update", file);
  assert.equal(refused.status, 1);
  assert.match(refused.output, /no .*\.sig, and this board takes signed releases/);
  const done = one.board.byHand("update", file, "--unsigned");
  assert.equal(done.status, 0, done.output);
  await until("the way back", () => existsSync(join(one.board.state, "rolled-back/reason")), 60_000, one.board.output);
  assert.match(readFileSync(join(one.board.state, "rolled-back/reason"), "utf8"), /did not join the router within 4 s/);
  await runs(one, "1.0.0", false);
});

test("a release that cannot even say what the configuration amounts to is not put in place", async (t) => {
  const one = await site(t);
  const file = makeArtefact(one.folder, "1.1.0", "#!/bin/sh\necho the bundle is broken >&2\nexit 1\n");
  const starts = one.board.starts();
  const refused = one.board.byHand("update", file, "--unsigned");
  assert.equal(refused.status, 1);
  assert.match(refused.output, /the release cannot run here: .*\n?the bundle is broken/s);
  assert.equal(existsSync(join(one.board.state, "releases/1.1.0")), false);
  assert.equal(one.board.starts(), starts);
});

const changed = (text: string): string => text.replace("GPIO17", "GPIO27").replace("relay", "pump");

test("a configuration is planned, applied, and taken back when nobody confirms it; confirmed from a new session it stays", async (t) => {
  const one = await site(t);
  const next = join(one.folder, "next.yaml");
  writeFileSync(next, changed(readFileSync(one.board.config, "utf8")));
  const wrong = join(one.folder, "wrong.yaml");
  writeFileSync(wrong, "device: { idd: x }\nrouter: { url: nowhere }\n");
  const refused = await one.as("mara", "config", "plan", wrong, "--to", "bench");
  assert.equal(refused.status, 1);
  assert.match(refused.output, /device\.idd.*router\.url/s);
  assert.match((await one.as("olga", "config", "plan", next, "--to", "bench")).output, /not_authorized/);

  const plan = await one.as("mara", "config", "plan", next, "--to", "bench");
  assert.equal(plan.status, 0, plan.output);
  assert.match(plan.output, /^\+ drivers\[0\]\.pins\.pump: /m);
  assert.match(plan.output, /^GPIO17 removed: relay of gpio/m);
  assert.match(plan.output, /^GPIO27 added: pump of gpio/m);
  assert.match(plan.output, /safe level: relay$/m);

  const hasPin = async (pin: string): Promise<boolean> =>
    (await one.as("olga", "call", "device.bench.gpio.get", pin)).status === 0;
  const early = await one.as("mara", "config", "confirm", "--to", "bench");
  assert.match(early.output, /pinion\.error\.nothing_pending/);
  assert.equal((await one.as("mara", "config", "apply", next, "--to", "bench")).status, 0);
  await until("the new pin", () => hasPin("pump"), 60_000, one.board.output);
  await until("the old pin again", () => hasPin("relay"), 60_000, one.board.output);
  assert.match(JSON.stringify((await one.health())?.["config"]), /nobody confirmed it within 8 s/);

  const kept = await one.as("mara", "config", "apply", next, "--to", "bench", "--confirm");
  assert.equal(kept.status, 0, `${kept.output}\n${one.board.output()}`);
  assert.match(kept.output, /the board is back with it: confirmed/);
  const starts = one.board.starts();
  one.board.kill("SIGKILL");
  await until("another start", () => one.board.starts() > starts, 30_000, one.board.output);
  await until("the confirmed pin after a hard kill", () => hasPin("pump"), 60_000, one.board.output);
  assert.match((await one.as("mara", "config", "show", "--to", "bench")).output, /pump: \{ pin: GPIO27/);
});

test("a configuration on trial does not outlive a hard kill, and a file that a person changes is in force again", async (t) => {
  const one = await site(t);
  const next = join(one.folder, "next.yaml");
  const text = readFileSync(one.board.config, "utf8");
  writeFileSync(next, changed(text));
  const shown = (): string => one.board.byHand("config", "show").output;
  const applied = one.board.byHand("config", "apply", next);
  assert.equal(applied.status, 0, applied.output);
  await until("its start", () => existsSync(join(one.board.state, "config/begun")), 30_000, one.board.output);
  one.board.kill("SIGKILL");
  await until("its end", () => !existsSync(join(one.board.state, "config/trial.yaml")), 30_000, one.board.output);
  assert.match(shown(), /relay/);
  assert.match(readFileSync(join(one.board.state, "config/reason"), "utf8"), /started anew before it was confirmed/);

  assert.equal(one.board.byHand("config", "apply", next).status, 0);
  await until("its start", () => existsSync(join(one.board.state, "config/begun")), 30_000, one.board.output);
  assert.equal(one.board.byHand("config", "confirm").status, 0);
  assert.match(shown(), /pump/);
  writeFileSync(one.board.config, `${text}# changed by hand\n`);
  assert.match(shown(), /relay/, "what a person writes is the latest word");
});

test("at the board, `pinion update --package` has the package's own program run again, and the release stays away", async (t) => {
  const one = await site(t);
  const file = makeArtefact(one.folder, "1.1.0");
  assert.equal(one.board.byHand("update", file, "--unsigned").status, 0);
  await runs(one, "1.1.0", false);
  const back = one.board.byHand("update", "--package");
  assert.equal(back.status, 0, back.output);
  assert.match(back.output, /the next start runs the package's own program; a board that runs starts anew by itself/);
  await runs(one, "1.0.0", false);
  const starts = one.board.starts();
  one.board.kill("SIGKILL");
  await until("another start", () => one.board.starts() > starts, 30_000, one.board.output);
  await runs(one, "1.0.0", false);
  const both = one.board.byHand("update", file, "--package");
  assert.notEqual(both.status, 0, "a file and the package are two wishes");
  assert.match(both.output, /either a file or --package/);
});

test("whoever applied a configuration cannot confirm it in the same session, another session can", async (t) => {
  const one = await site(t);
  const text = changed(readFileSync(one.board.config, "utf8"));
  const [, , , keyFile = "", , url = ""] = one.login.get("mara") ?? [];
  const session = nodeClient(url, {
    realm: "realm1",
    credentials: { authid: "mara", ...readCredentials({ keyFile }) },
  });
  t.after(() => session.close());
  session.open();
  await session.ready();
  await session.call("device.bench.config.apply", [text]);
  const refusal = async (): Promise<string | undefined> => {
    try {
      await session.call("device.bench.config.confirm");
      return "confirmed";
    } catch (error) {
      if (!(error instanceof ApplicationError)) throw error;
      // until the board is back with it nobody holds the procedure, or nothing has begun
      const isEarly = /no_such_procedure|nothing_pending|canceled|unavailable/.test(error.uri);
      return isEarly ? undefined : `${error.uri} ${JSON.stringify(error.kwargs)}`;
    }
  };
  const told = await until("the board's answer", refusal, 30_000, one.board.output);
  assert.match(told, /^pinion\.error\.same_session .*confirm it from a new session/);
  const other = await one.as("mara", "config", "confirm", "--to", "bench");
  assert.equal(other.status, 0, other.output);
  assert.match((await one.as("mara", "config", "show", "--to", "bench")).output, /pump/);
});
