/** The client logs in: against the router core by every method, and against routers that cheat. */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { generateKeyPairSync } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { nodeClient, nodeCrypto as crypto, readCredentials } from "@pinion/client";
import {
  type Account,
  type Accounts,
  type AuthMethod,
  type Credentials,
  credentialsLogin,
  type Dict,
  formatAccounts,
  noAccounts,
  parseAccounts,
  SECRET_METHODS,
  secretCredentials,
  toBase64,
  toHex,
  utf8,
} from "@pinion/wamp";
import { accountAuthenticator, Attempts } from "../../router-bridge/router/index.ts";
import { RouterHost } from "../support/router-host.ts";
import { testClient } from "../support/test-client.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const SECRET = "a secret with spaces";
const seed = new Uint8Array(32).fill(8);
const joe: Account = {
  authid: "joe",
  role: "anonymous",
  ...(await secretCredentials(crypto, SECRET, SECRET_METHODS)),
  cryptosign: [toHex(crypto.ed25519PublicKey(seed))],
};
const accounts: Accounts = { ...noAccounts(crypto), accounts: [joe] };

function routerWith(clock: VirtualClock, methods: readonly AuthMethod[], present = accounts): RouterHost {
  const authenticator = accountAuthenticator({
    accounts: () => present,
    methods,
    crypto,
    attempts: new Attempts({ limit: 10, window: 1000, capacity: 10, now: () => clock.now() }),
    timestamp: () => "2026-11-20T21:00:00.000Z",
    onFailed: () => undefined,
  });
  return new RouterHost(
    {
      now: () => clock.now(),
      setTimeout: (run, ms) => clock.setTimeout(run, ms),
      clearTimeout: (id) => clock.clearTimeout(id),
    },
    { authenticator },
  );
}

async function joinedBy(methods: readonly AuthMethod[], credentials: Credentials): Promise<unknown> {
  const clock = new VirtualClock();
  const { client } = testClient(clock, routerWith(clock, methods).connector, {
    login: credentialsLogin(crypto, credentials),
    reconnect: false,
  });
  client.open();
  await client.ready();
  return client.session?.details["authmethod"];
}

const ALL: Credentials = { authid: "joe", secret: SECRET, ticket: SECRET, seed };

for (const method of ["cryptosign", "wamp-scram", "wampcra", "ticket"] as const) {
  test(`${method} logs in`, async () => {
    assert.equal(await joinedBy([method], ALL), method);
  });
  test(`${method} with other credentials does not`, async () => {
    const other = { authid: "joe", secret: "other", ticket: "other", seed: new Uint8Array(32) };
    await assert.rejects(joinedBy([method], other), /authentication_denied|closed/);
  });
}

test("the strongest method that both sides have is taken", async () => {
  const all = ["ticket", "wampcra", "wamp-scram", "cryptosign"] as const;
  assert.equal(await joinedBy(all, ALL), "cryptosign");
  assert.equal(await joinedBy(all, { ...ALL, seed: undefined }), "wamp-scram");
  assert.equal(await joinedBy(["ticket", "wampcra"], { ...ALL, seed: undefined }), "wampcra");
});

test("wamp-scram logs in with a key made by argon2id13, and says so where the platform has none", async () => {
  const made = await secretCredentials(crypto, SECRET, ["wamp-scram"], "argon2id13");
  assert.deepEqual([made["wamp-scram"]?.kdf, made["wamp-scram"]?.memory], ["argon2id13", 19_456]);
  const ann: Account = { authid: "ann", role: "anonymous", ...made };
  assert.deepEqual(parseAccounts(formatAccounts({ ...accounts, accounts: [ann] })).accounts, [ann]);
  const clock = new VirtualClock();
  const router = routerWith(clock, ["wamp-scram"], { ...accounts, accounts: [ann] });
  const credentials = { authid: "ann", secret: SECRET };
  const { client } = testClient(clock, router.connector, {
    login: credentialsLogin(crypto, credentials),
    reconnect: false,
  });
  client.open();
  await client.ready();
  assert.equal(client.session?.details["authmethod"], "wamp-scram");

  const older = { ...crypto, argon2id: undefined };
  const login = credentialsLogin(older, credentials)();
  const extra = scramChallenge(login, { kdf: "argon2id13", iterations: 2, memory: 19_456 });
  await assert.rejects(login.answer({ method: "wamp-scram", extra }), /Node 24\.7/);
  await assert.rejects(secretCredentials(older, SECRET, ["wamp-scram"], "argon2id13"), { code: "invalid_option" });
});

test("argon2id13 gives the key of the reference implementation", async () => {
  const key = await crypto.argon2id?.(utf8("password"), utf8("somesalt"), { iterations: 2, memory: 65_536 });
  assert.equal(toHex(key ?? new Uint8Array()), "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7");
});

test("a secret alone is never sent as a ticket", async () => {
  const login = credentialsLogin(crypto, { authid: "joe", secret: SECRET })();
  assert.deepEqual(login.details["authmethods"], ["wamp-scram", "wampcra"]);
  await assert.rejects(login.answer({ method: "ticket", extra: {} }), /not offered/);
});

test("each attempt has a nonce of its own", () => {
  const make = credentialsLogin(crypto, { authid: "joe", secret: SECRET });
  assert.notDeepEqual(make().details["authextra"], make().details["authextra"]);
});

function scramChallenge(login: { details: Dict }, change: Dict = {}): Dict {
  const { nonce } = login.details["authextra"] as { nonce: string }; // our own login's
  return { nonce: `${nonce}AAAA`, salt: toBase64(new Uint8Array(16)), kdf: "pbkdf2", iterations: 4096, ...change };
}

test("a router that cannot prove itself after scram is left", async () => {
  const login = credentialsLogin(crypto, { authid: "joe", secret: SECRET })();
  await login.answer({ method: "wamp-scram", extra: scramChallenge(login) });
  for (const welcome of [
    {},
    { authextra: null },
    { authextra: {} },
    { authextra: { verifier: toBase64(new Uint8Array(32)) } },
  ]) {
    assert.throws(() => login.check(welcome), /may be another one/);
  }
});

for (const [what, method, extra, words] of [
  ["a foreign nonce", "wamp-scram", { nonce: "AAAA" }, /nonce/],
  ["argon2 of another version", "wamp-scram", { kdf: "argon2id-13" }, /pbkdf2 and argon2id13/],
  ["argon2 without memory", "wamp-scram", { kdf: "argon2id13" }, /memory/],
  ["argon2 that is cheap", "wamp-scram", { kdf: "argon2id13", iterations: 1, memory: 8 }, /8192/],
  ["argon2 without end", "wamp-scram", { kdf: "argon2id13", iterations: 1000, memory: 8192 }, /32/],
  ["argon2 that fills the machine", "wamp-scram", { kdf: "argon2id13", iterations: 1, memory: 2 ** 24 }, /262144/],
  ["too few iterations", "wamp-scram", { iterations: 1 }, /4096/],
  ["endless iterations", "wamp-scram", { iterations: 2 ** 31 }, /1000000/],
  ["a salt that is none", "wamp-scram", { salt: "#" }, /base64/],
  ["no challenge", "wampcra", {}, /challenge/],
  ["endless derivation", "wampcra", { challenge: "{}", salt: "x", iterations: 2 ** 40 }, /iterations/],
  ["an endless key", "wampcra", { challenge: "{}", salt: "x", keylen: 2 ** 30 }, /keylen/],
  ["a short challenge", "cryptosign", { challenge: "00" }, /32 octets/],
  ["a binding nobody asked for", "cryptosign", { challenge: "00".repeat(32), channel_binding: "tls-unique" }, /binds/],
  ["a method nobody offered", "quantum", {}, /not offered/],
] as const) {
  test(`a CHALLENGE with ${what} is not answered`, async () => {
    const login = credentialsLogin(crypto, ALL)();
    const whole: Dict = method === "wamp-scram" ? scramChallenge(login, extra) : extra;
    await assert.rejects(login.answer({ method, extra: whole }), words);
  });
}

test("invalid_option: credentials that can never work", () => {
  for (const credentials of [
    {},
    { authid: "joe" },
    { secret: "x" },
    { ticket: "x", authid: "" },
    { seed: new Uint8Array(31) },
  ]) {
    assert.throws(() => credentialsLogin(crypto, credentials), { code: "invalid_option" });
    assert.throws(() => nodeClient("rs://127.0.0.1:1", { credentials }), { code: "invalid_option" });
  }
  assert.throws(() => nodeClient("rs://127.0.0.1:1", { credentials: ALL, authid: "jim" }), { code: "invalid_option" });
});

const folder = mkdtempSync(join(tmpdir(), "pinion-login-"));
after(() => rmSync(folder, { recursive: true, force: true }));
function fileWith(text: string, mode = 0o600): string {
  const file = join(folder, `f${Math.random()}`);
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

test("credentials are read from files: text without its line's end, keys in hex and PEM", () => {
  const { privateKey } = generateKeyPairSync("ed25519");
  const pem = privateKey.export({ format: "pem", type: "pkcs8" });
  const { d } = privateKey.export({ format: "jwk" });
  const seedOf = (text: string): Uint8Array | undefined => readCredentials({ keyFile: fileWith(text) }).seed;
  assert.equal(readCredentials({ authid: "joe", secretFile: fileWith("a b \n") }).secret, "a b ");
  assert.equal(readCredentials({ authid: "joe", ticketFile: fileWith("t", 0o640) }).ticket, "t");
  assert.deepEqual(seedOf(`${toHex(seed)}\n`), seed);
  assert.deepEqual(seedOf(`creator: x\nprivate-key-ed25519: ${toHex(seed)}\n`), seed);
  assert.equal(Buffer.from(seedOf(String(pem)) ?? []).toString("base64url"), d);
});

test("invalid_option: files that are missing, empty, open to everybody or no key", () => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const foreign = String(privateKey.export({ format: "pem", type: "pkcs8" }));
  for (const [files, message] of [
    [{ secretFile: join(folder, "nowhere") }, /cannot be read/],
    [{ secretFile: fileWith("\n") }, /empty/],
    [{ ticketFile: fileWith("x", 0o644) }, /chmod 600/],
    [{ keyFile: fileWith("zz") }, /Ed25519/],
    [{ keyFile: fileWith(foreign) }, /Ed25519/],
  ] as const) {
    assert.throws(() => readCredentials(files), { code: "invalid_option", message });
  }
});

test("a router that fails the login's check gets ABORT, and the client was never joined", async () => {
  const clock = new VirtualClock();
  const host = new RouterHost({
    now: () => clock.now(),
    setTimeout: (run, ms) => clock.setTimeout(run, ms),
    clearTimeout: (id) => clock.clearTimeout(id),
  });
  const check = (): void => {
    throw new Error("this is another router");
  };
  const answer = (): Promise<never> => Promise.reject(new Error("nothing was asked"));
  const { client, states } = testClient(clock, host.connector, {
    login: () => ({ details: {}, answer, check }),
    reconnect: false,
  });
  client.open();
  await assert.rejects(client.ready());
  assert.equal(states(), "connecting joining closed");
  assert.match(String(client.status.cause), /another router/);
  await new Promise((next) => setImmediate(next));
  assert.equal(host.router.size().members, 0);
});
