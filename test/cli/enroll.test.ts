/** A board that is let in without a password: its key is made on it, and a maintainer lets it in over the router. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { emptyEnvironment } from "../support/empty-environment.ts";
import { startBridge, temporaryFolder } from "../support/router-bridge-fixture.ts";

const BIN = fileURLToPath(new URL("../../packages/cli/bin.mjs", import.meta.url));

interface Finished {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

async function pinion(...args: readonly string[]): Promise<Finished> {
  const child = spawn(process.execPath, [BIN, ...args], { env: emptyEnvironment(), timeout: 60_000 });
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  const [status] = (await once(child, "close")) as [number]; // of `close`
  return { status, out, err };
}

interface Site {
  readonly folder: string;
  readonly accounts: string;
  readonly url: string;
  readonly login: (who: "mara" | "olga") => readonly string[];
}

async function site(t: TestContext): Promise<Site> {
  const folder = temporaryFolder(t);
  const accounts = join(folder, "accounts.json");
  for (const [who, role] of [
    ["mara", "maintainer"],
    ["olga", "operator"],
  ] as const) {
    const added = await pinion(
      "auth",
      "add",
      who,
      "--role",
      role,
      "--new-key",
      join(folder, `${who}.key`),
      "--accounts",
      accounts,
    );
    assert.equal(added.status, 0, added.err);
  }
  const { at } = await startBridge(t, `auth: { file: ${accounts} }\n`);
  const url = `rs://${at}`;
  return {
    folder,
    accounts,
    url,
    login: (who) => ["--url", url, "--authid", who, "--key-file", join(folder, `${who}.key`)],
  };
}

/** `pinion enroll` on a board of this name; answers the line. */
async function onBoard(folder: string, id: string): Promise<Finished & { readonly key: string }> {
  const key = join(folder, `${id}.key`);
  const config = join(folder, `${id}.yaml`);
  writeFileSync(config, `device: { id: ${id} }\nrouter: { auth: { authid: ${id}, keyFile: ${key} } }\n`);
  return { ...(await pinion("enroll", "--config", config)), key };
}

test("a maintainer lets a board in by the line that it printed; nothing secret was on the way, and nobody else may", async (t) => {
  const { folder, accounts, url, login } = await site(t);
  const board = await onBoard(folder, "pump_house");
  assert.equal(board.status, 0, board.err);
  const line = board.out.trim();
  assert.match(line, /^pinion-enroll:pump_house:[0-9a-f]{64}:[0-9a-f]{128}$/);
  assert.equal(statSync(board.key).mode & 0o777, 0o600);
  const secret = /private-key-ed25519: (\w+)/.exec(readFileSync(board.key, "utf8"))?.[1] ?? "none";
  assert.equal((board.out + board.err).includes(secret), false);
  const again = await onBoard(folder, "pump_house");
  assert.equal(again.out.trim(), line, "the key is kept");
  assert.match(again.err, /is kept/);

  const refused = await pinion("enroll", "accept", line, ...login("olga"));
  assert.equal(refused.status, 1, refused.err);
  assert.match(refused.err, /not_authorized/);
  const accepted = await pinion("enroll", "accept", line, ...login("mara"));
  assert.equal(accepted.status, 0, accepted.err);
  assert.equal(readFileSync(accounts, "utf8").includes(secret), false);
  const asBoard = ["--url", url, "--authid", "pump_house", "--key-file", board.key];
  assert.equal((await pinion("publish", "device.announce", "{}", ...asBoard)).status, 0, "it logs in as a device");
  assert.match(
    (await pinion("call", "wamp.session.list", ...asBoard)).err,
    /not_authorized/,
    "and may no more than one",
  );
});

test("a line that was changed, a board that is known with another key, and a name that is no board's are refused", async (t) => {
  const { folder, accounts, login } = await site(t);
  const board = await onBoard(folder, "pump");
  const line = board.out.trim();
  const forged = line.replace("pump", "mill");
  for (const text of [forged, line.slice(0, -1), "pinion-enroll:pump", `${line}0`]) {
    const refused = await pinion("enroll", "accept", text, ...login("mara"));
    assert.equal(refused.status, 2, refused.err);
    const byHand = await pinion("enroll", "accept", text, "--accounts", accounts);
    assert.equal(byHand.status, 2, byHand.err);
  }
  const called = await pinion("call", "pinion.accounts.enroll", forged, ...login("mara"));
  assert.match(called.err, /pinion\.error\.not_enrolled/, "the router looks for itself");
  assert.equal((await pinion("enroll", "accept", line, "--accounts", accounts)).status, 0);
  assert.equal((await pinion("enroll", "accept", line, "--accounts", accounts)).status, 0, "once more is no harm");

  const other = await onBoard(join(folder), "pump_2");
  const mara = other.out.trim();
  assert.equal((await pinion("enroll", "accept", mara, ...login("mara"))).status, 0);
  const swapped = temporaryFolder(t);
  const exchanged = (await onBoard(swapped, "pump")).out.trim();
  const known = await pinion("enroll", "accept", exchanged, ...login("mara"));
  assert.equal(known.status, 1, known.err);
  assert.match(known.err, /there with another key; --replace/);
  assert.equal((await pinion("enroll", "accept", exchanged, "--replace", ...login("mara"))).status, 0);
  const thief = (await onBoard(swapped, "olga")).out.trim();
  const taken = await pinion("enroll", "accept", thief, "--replace", ...login("mara"));
  assert.match(taken.err, /olga has the role operator/, "nobody's account becomes a board's");
});
