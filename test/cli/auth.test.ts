/** `pinion auth` and logging in, as a user runs them, against a whole router-bridge. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { makeAuthority, makeCertificate, serverFiles } from "../support/certificates.ts";
import { emptyEnvironment } from "../support/empty-environment.ts";
import { startBridge, temporaryFolder } from "../support/router-bridge-fixture.ts";

const BIN = fileURLToPath(new URL("../../packages/cli/bin.mjs", import.meta.url));

interface Finished {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

async function run(args: readonly string[], env: Record<string, string> = {}, input = ""): Promise<Finished> {
  const child = spawn(process.execPath, [BIN, ...args], {
    env: { ...emptyEnvironment(), ...env },
    stdio: ["pipe", "pipe", "pipe"],
    timeout: 60_000,
  });
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const [status] = (await once(child, "close")) as [number]; // of `close`
  return { status, out, err };
}

function accountsOf(t: TestContext): { file: string; env: { PINION_ACCOUNTS: string }; folder: string } {
  const folder = temporaryFolder(t);
  const file = join(folder, "accounts.json");
  return { file, env: { PINION_ACCOUNTS: file }, folder };
}

test("auth add prints a made-up secret once, with which the account logs in; a viewer may look but not switch", async (t) => {
  const { file, env } = accountsOf(t);
  const added = await run(["auth", "add", "vera", "--role", "viewer"], env);
  assert.equal(added.status, 0, added.err);
  const secret = added.out.trim();
  assert.match(secret, /^[\w-]{27}$/);
  assert.equal(readFileSync(file, "utf8").includes(secret), false);
  assert.equal(statSync(file).mode & 0o777, 0o600);

  const { at } = await startBridge(t, `auth: { file: ${file} }\n`);
  const call = (how: Record<string, string>): Promise<Finished> =>
    run(["call", "device.gpio.set", "17", "1", "--url", `rs://${at}`], how);
  for (const how of [{ PINION_SECRET: secret }, { PINION_TICKET: secret }]) {
    const refused = await call({ ...how, PINION_AUTHID: "vera" });
    assert.equal(refused.status, 1, refused.err);
    assert.match(refused.err, /wamp\.error\.not_authorized/);
  }
  const wrong = await call({ PINION_SECRET: "not the secret", PINION_AUTHID: "vera" });
  assert.equal(wrong.status, 3);
  assert.match(wrong.err, /credentials are wrong/);
  const nobody = await call({});
  assert.equal(nobody.status, 3);
  assert.match(nobody.err, /without credentials/);

  const backend = await run(["auth", "add", "back", "--role", "backend", "--ask"], env, "piped in secret\n");
  assert.deepEqual([backend.status, backend.out], [0, ""], backend.err);
  const asBackend = { PINION_SECRET: "piped in secret", PINION_AUTHID: "back" };
  const none = await call(asBackend);
  assert.match(none.err, /no_such_procedure/);

  assert.equal((await run(["auth", "remove", "back"], env)).status, 0);
  assert.equal((await call(asBackend)).status, 3);
});

test("auth add --cra plain keeps the secret for WAMP-CRA without a salt, says so, and only for that method", async (t) => {
  const { file, env } = accountsOf(t);
  const asked = ["auth", "add", "old", "--role", "viewer", "--cra", "plain", "--ask"];
  const refused = await run([...asked, "--method", "ticket"], env, "sesame, open\n");
  assert.equal(refused.status, 2, refused.err);
  assert.match(refused.err, /--cra plain is for wampcra/);
  const added = await run([...asked, "--method", "wampcra"], env, "sesame, open\n");
  assert.equal(added.status, 0, added.err);
  assert.match(added.err, /warning: .*holds the secret itself/);
  assert.match(readFileSync(file, "utf8"), /"secret": "sesame, open"/);
  assert.equal(statSync(file).mode & 0o777, 0o600);

  const { at } = await startBridge(t, `auth: { file: ${file} }\n`);
  const call = (secret: string): Promise<Finished> =>
    run(["call", "device.gpio.set", "--url", `rs://${at}`], { PINION_AUTHID: "old", PINION_SECRET: secret });
  const inside = await call("sesame, open");
  assert.equal(inside.status, 1, inside.err);
  assert.match(inside.err, /not_authorized/);
  assert.equal((await call("sesame, shut")).status, 3);
});

test("auth without a file of accounts says which one is meant and how to name it", async () => {
  for (const args of [["add", "vera", "--role", "viewer"], ["list"], ["remove", "vera"]]) {
    const { status, err } = await run(["auth", ...args]);
    assert.equal(status, 2, err);
    assert.match(err, /auth\.file of the router.*--accounts <file>, or PINION_ACCOUNTS/);
  }
});

test("auth add --new-key makes a key that logs in by cryptosign", async (t) => {
  const { file, env, folder } = accountsOf(t);
  const key = join(folder, "board.key");
  const added = await run(["auth", "add", "board", "--role", "backend", "--new-key", key], env);
  assert.equal(added.status, 0, added.err);
  assert.equal(added.out, "");
  assert.equal(statSync(key).mode & 0o777, 0o600);
  const { at } = await startBridge(t, `auth: { file: ${file}, methods: [cryptosign] }\n`);
  const published = await run(["publish", "demo.note", "--url", `rs://${at}`, "--authid", "board", "--key-file", key]);
  assert.equal(published.status, 0, published.err);
  chmodSync(key, 0o644);
  const open = await run(["publish", "demo.note", "--url", `rs://${at}`, "--key-file", key]);
  assert.equal(open.status, 2);
  assert.match(open.err, /chmod 600/);
});

test("auth add --certificate: the certificate logs in from the command line, over TLS and only in the realms that are named", async (t) => {
  const { file, env, folder } = accountsOf(t);
  const authority = makeAuthority(folder, "house");
  const own = makeCertificate(folder, authority, "board");
  const other = makeCertificate(folder, authority, "other");
  const added = await run(
    ["auth", "add", "board", "--role", "backend", "--certificate", own.cert, "--realm", "realm1"],
    env,
  );
  assert.equal(added.status, 0, added.err);
  assert.match(added.err, /backend: tls/);
  assert.equal((await run(["auth", "add", "b", "--role", "viewer", "--certificate", own.cert], env)).status, 2);
  assert.equal((await run(["auth", "add", "b", "--role", "viewer", "--certificate", own.key], env)).status, 2);
  assert.equal((await run(["auth", "add", "b", "--role", "viewer", "--method", "tls"], env)).status, 2);
  const server = serverFiles(folder);
  const ca = join(folder, "ca.pem");
  writeFileSync(ca, server.ca);
  const tls = `{ cert: ${server.cert}, key: ${server.key}, clientCa: ${authority.cert} }`;
  const { at } = await startBridge(
    t,
    `realms: [realm1, cellar]\nlisten:\n  - tcp: 127.0.0.1:0\n    tls: ${tls}\nauth: { file: ${file} }\n`,
  );
  const publish = (shows: { cert: string; key: string }, ...more: string[]): Promise<Finished> =>
    run([
      "publish",
      "demo.note",
      "--url",
      `rss://${at}`,
      "--tls-ca",
      ca,
      "--tls-cert",
      shows.cert,
      "--tls-key",
      shows.key,
      ...more,
    ]);
  const published = await publish(own);
  assert.equal(published.status, 0, published.err);
  const elsewhere = await publish(own, "--realm", "cellar");
  assert.equal(elsewhere.status, 3);
  assert.match(elsewhere.err, /may not join realm cellar/);
  const stranger = await publish(other);
  assert.equal(stranger.status, 3);
  assert.match(stranger.err, /no account/);
  assert.equal((await run(["publish", "demo.note", "--url", `rss://${at}`, "--tls-cert", own.cert])).status, 2);
  assert.equal((await run(["publish", "demo.note", "--tls-cert", own.cert, "--tls-key", own.key])).status, 2);
});

test("auth add --kdf argon2id13 makes a key that logs in from the command line", async (t) => {
  const { file, env } = accountsOf(t);
  const how = ["--role", "backend", "--method", "wamp-scram", "--kdf", "argon2id13", "--ask"];
  const added = await run(["auth", "add", "ann", ...how], env, "a longer secret\n");
  assert.equal(added.status, 0, added.err);
  assert.match(readFileSync(file, "utf8"), /"kdf": "argon2id13"/);
  const { at } = await startBridge(t, `auth: { file: ${file} }\n`);
  const credentials = { PINION_AUTHID: "ann", PINION_SECRET: "a longer secret" };
  const published = await run(["publish", "demo.note", "--url", `rs://${at}`], credentials);
  assert.equal(published.status, 0, published.err);
});

test("auth list shows who is there, and no secret of anybody", async (t) => {
  const { env } = accountsOf(t);
  await run(["auth", "add", "a", "--role", "viewer", "--method", "ticket"], env);
  await run(["auth", "add", "b", "--role", "device", "--public-key", "AB".repeat(32)], env);
  const { out, status } = await run(["auth", "list"], env);
  assert.equal(status, 0);
  assert.equal(out, "a\tviewer\tticket\nb\tdevice\tcryptosign\n");
});

test("what makes no account is refused, and changes nothing", async (t) => {
  const { file, env, folder } = accountsOf(t);
  await run(["auth", "add", "a", "--role", "viewer", "--public-key", "ab".repeat(32)], env);
  const before = readFileSync(file, "utf8");
  const short = join(folder, "short");
  writeFileSync(short, "1234567\n", { mode: 0o600 });
  for (const [args, words] of [
    [["add", "a", "--role", "viewer"], /--replace/],
    [["add", "b", "--role", "viewer", "--public-key", "ab".repeat(32)], /key is the one of a/],
    [["add", "b", "--role", "viewer", "--public-key", "xy"], /64 hexadecimal/],
    [["add", "b", "--role", "viewer", "--secret-file", short], /8 characters/],
    [["add", "b", "--role", "viewer", "--method", "cryptosign"], /--new-key/],
    [["add", "b", "--role", "viewer", "--method", "ticket", "--public-key", "ab".repeat(32)], /does not serve/],
    [["add", "b", "--role", "viewer", "--ask", "--public-key", "cd".repeat(32)], /not both/],
    [["add", "", "--role", "viewer"], /authid/],
    [["add", "b"], /--role/],
  ] as const) {
    const { status, err } = await run(["auth", ...args], env);
    assert.equal(status, 2, args.join(" "));
    assert.match(err, words);
  }
  assert.equal((await run(["auth", "remove", "nobody"], env)).status, 1);
  assert.equal(readFileSync(file, "utf8"), before);
  assert.equal((await run(["auth", "list"])).status, 2);
  writeFileSync(file, "{}");
  const damaged = await run(["auth", "add", "b", "--role", "viewer"], env);
  assert.equal(damaged.status, 2);
  assert.match(damaged.err, /no accounts file/);
});
