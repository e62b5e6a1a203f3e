/** The `auth` section of a whole router-bridge over real sockets: who gets in, who may do what, what the log says. */
import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { formatProblems } from "@pinion/config";
import { connect, nodeCrypto as crypto, writeAccounts } from "@pinion/client";
import { type Account, type Accounts, noAccounts, SECRET_METHODS, secretCredentials, toUri } from "@pinion/wamp";
import { readConfigText } from "../../router-bridge/config.ts";
import { DenialLog } from "../../router-bridge/denial-log.ts";
import {
  logInto,
  type LogLine,
  startBridge,
  temporaryFolder,
  type TestBridge,
} from "../support/router-bridge-fixture.ts";
import { Talk } from "../support/router-bridge-talk.ts";

const ROLES = { caller: {}, callee: {}, publisher: {}, subscriber: {} };
const TICKET = "four words make tickets";
const credentials = await secretCredentials(crypto, TICKET, SECRET_METHODS);
const account = (authid: string, role: string): Account => ({ authid, role, ...credentials });
const EVERYBODY: Accounts = {
  ...noAccounts(crypto),
  accounts: [
    account("vera", "viewer"),
    account("otto", "operator"),
    account("pump", "device"),
    account("back", "backend"),
  ],
};

interface Guarded extends TestBridge {
  readonly file: string;
}

async function guarded(t: TestContext, more = ""): Promise<Guarded> {
  const file = join(temporaryFolder(t), "accounts.json");
  writeAccounts(file, EVERYBODY);
  return { ...(await startBridge(t, `auth:\n  file: ${file}\n${more}`)), file };
}

async function hello(t: TestContext, { at }: TestBridge, details: object): Promise<Talk> {
  const talk = new Talk(await connect(`rs://${at}`));
  t.after(() => talk.transport.abort());
  talk.send({ type: "HELLO", realm: toUri("realm1"), details: { roles: ROLES, ...details } });
  return talk;
}

async function logIn(t: TestContext, bridge: TestBridge, authid: string, ticket = TICKET): Promise<Talk> {
  const talk = await hello(t, bridge, { authid, authmethods: ["ticket"] });
  await talk.expect("CHALLENGE");
  talk.send({ type: "AUTHENTICATE", signature: ticket, extra: {} });
  return talk;
}

async function member(t: TestContext, bridge: TestBridge, authid: string): Promise<Talk> {
  const talk = await logIn(t, bridge, authid);
  await talk.expect("WELCOME");
  return talk;
}

test("a viewer who calls device.gpio.set gets wamp.error.not_authorized, and the log says who tried what", async (t) => {
  const bridge = await guarded(t);
  const board = await member(t, bridge, "back");
  await board.register("device.gpio.set");
  const viewer = await member(t, bridge, "vera");
  viewer.call("device.gpio.set", [17, 1]);
  assert.equal((await viewer.expect("ERROR")).error, "wamp.error.not_authorized");
  assert.equal(board.unread, 0);
  assert.equal((await bridge.warned("not_authorized")).words, "vera (viewer) may not call device.gpio.set");
  const operator = await member(t, bridge, "otto");
  operator.call("device.gpio.set", [17, 1]);
  const { details } = await board.expect("INVOCATION");
  assert.equal(details["caller_authid"], "otto");
});

test("a device registers its own names and not those of another", async (t) => {
  const board = await member(t, await guarded(t), "pump");
  await board.register("device.pump.gpio.set");
  board.send({ type: "REGISTER", request: board.id(), options: {}, procedure: toUri("device.door.gpio.set") });
  assert.equal((await board.expect("ERROR")).error, "wamp.error.not_authorized");
});

test("with auth nobody joins without credentials, not even on this machine", async (t) => {
  const talk = await hello(t, await guarded(t), {});
  assert.equal((await talk.expect("ABORT")).reason, "wamp.error.authentication_required");
});

test("a wrong ticket and an unknown authid are refused alike, and logged without the secret", async (t) => {
  const bridge = await guarded(t);
  const wrong = await (await logIn(t, bridge, "vera", "not the ticket")).expect("ABORT");
  const unknown = await (await logIn(t, bridge, "nobody", "not the ticket")).expect("ABORT");
  assert.deepEqual(wrong, unknown);
  assert.equal(wrong.reason, "wamp.error.authentication_denied");
  await bridge.warned("login_failed");
  assert.equal(JSON.stringify(bridge.lines).includes("not the ticket"), false);
});

test("failures are limited, for as long as the configuration says", async (t) => {
  const bridge = await guarded(t, "  maxFailures: 2\n  failureWindow: 600000\n");
  for (let i = 0; i < 2; i += 1) await (await logIn(t, bridge, "vera", "wrong")).expect("ABORT");
  const talk = await hello(t, bridge, { authid: "vera", authmethods: ["ticket"] });
  assert.match(String((await talk.expect("ABORT")).details["message"]), /too many/);
  await (await logIn(t, bridge, "otto")).expect("WELCOME");
});

test("failures of so many authids are remembered, then the oldest are forgotten", async (t) => {
  const bridge = await guarded(t, "  maxFailures: 1\n  failureWindow: 600000\n  rememberedFailures: 1\n");
  const answer = async (): Promise<string> => {
    const talk = await hello(t, bridge, { authid: "vera", authmethods: ["ticket"] });
    return (await talk.next()).type;
  };
  await (await logIn(t, bridge, "vera", "wrong")).expect("ABORT");
  assert.equal(await answer(), "ABORT");
  await (await logIn(t, bridge, "otto", "wrong")).expect("ABORT");
  assert.equal(await answer(), "CHALLENGE");
});

test("accounts that are added or removed count at once; a file that is damaged lets nobody in", async (t) => {
  const bridge = await guarded(t);
  await (await logIn(t, bridge, "new")).expect("ABORT");
  writeAccounts(bridge.file, { ...EVERYBODY, accounts: [...EVERYBODY.accounts.slice(1), account("new", "viewer")] });
  await (await logIn(t, bridge, "new")).expect("WELCOME");
  await (await logIn(t, bridge, "vera")).expect("ABORT");
  writeFileSync(bridge.file, "{");
  const talk = await hello(t, bridge, { authid: "new", authmethods: ["ticket"] });
  assert.equal((await talk.expect("ABORT")).reason, "wamp.error.authentication_failed");
  assert.ok(bridge.lines.some(({ level, words }) => level === "error" && words.includes("accounts file")));
});

test("a session ends with its account, with its role, and with its right to the realm; others stay", async (t) => {
  const bridge = await guarded(t, "  anonymous: { role: viewer }\n");
  const [vera, otto, pump, back] = [
    await member(t, bridge, "vera"),
    await member(t, bridge, "otto"),
    await member(t, bridge, "pump"),
    await member(t, bridge, "back"),
  ];
  const guest = await hello(t, bridge, {});
  await guest.expect("WELCOME");
  writeAccounts(bridge.file, {
    ...EVERYBODY,
    accounts: [
      account("otto", "viewer"),
      { ...account("pump", "device"), realms: ["realm2"] },
      account("back", "backend"),
    ],
  });
  for (const [talk, reason, words] of [
    [vera, "pinion.close.account_removed", /vera was removed/],
    [otto, "pinion.close.account_changed", /role viewer/],
    [pump, "pinion.close.account_changed", /realm1/],
  ] as const) {
    const goodbye = await talk.expect("GOODBYE");
    assert.equal(goodbye.reason, reason);
    assert.match(String(goodbye.details["message"]), words);
  }
  for (const talk of [back, guest]) {
    talk.call("no.such.procedure");
    await talk.expect("ERROR");
  }
  writeFileSync(bridge.file, "{");
  const refused = await hello(t, bridge, { authid: "back", authmethods: ["ticket"] });
  assert.equal((await refused.expect("ABORT")).reason, "wamp.error.authentication_failed");
  back.call("no.such.procedure");
  await back.expect("ERROR");
});

test("anonymous peers get the role that is named, and roles may be added", async (t) => {
  const roles = "  roles:\n    guest:\n      - { uri: hall., match: prefix, allow: [subscribe] }\n";
  const bridge = await guarded(t, `  anonymous: { role: guest }\n${roles}`);
  const guest = await hello(t, bridge, {});
  assert.equal((await guest.expect("WELCOME")).details["authrole"], "guest");
  await guest.subscribe("hall.lamp");
  guest.send({ type: "SUBSCRIBE", request: guest.id(), options: {}, topic: toUri("sensor.tank") });
  assert.equal((await guest.expect("ERROR")).error, "wamp.error.not_authorized");
});

test("accounts_unreadable: a file that is missing, open to others or something else stops the start", async (t) => {
  const file = join(temporaryFolder(t), "accounts.json");
  const start = (): Promise<unknown> => startBridge(t, `auth: { file: ${file} }\n`);
  await assert.rejects(start(), { code: "accounts_unreadable", message: /pinion auth add/ });
  writeAccounts(file, EVERYBODY);
  chmodSync(file, 0o644);
  await assert.rejects(start(), { code: "accounts_unreadable", message: /chmod 600/ });
  writeFileSync(file, "[]");
  chmodSync(file, 0o600);
  await assert.rejects(start(), { code: "accounts_unreadable", message: /must be an object/ });
});

for (const [what, yaml, key, cure] of [
  ["auth without a file", "auth: {}\n", "auth.file", /auth add|accounts\.json/],
  ["auth beside a relay", "auth: { file: x }\nupstream: { url: rs://a:1 }\n", "auth", /remove one/],
  ["a method nobody knows", "auth: { file: x, methods: [tikcet] }\n", "auth.methods[0]", /ticket/],
  [
    "an anonymous role that is none",
    "auth: { file: x, anonymous: { role: no } }\n",
    "auth.anonymous.role",
    /auth\.roles/,
  ],
  [
    "a pattern without match",
    "auth: { file: x, roles: { a: [{ uri: b., allow: [call] }] } }\n",
    "auth.roles.a[0].uri",
    /prefix/,
  ],
  [
    "an action nobody knows",
    "auth: { file: x, roles: { a: [{ uri: b, allow: [cal] }] } }\n",
    "auth.roles.a[0].allow[0]",
    /call/,
  ],
  ["a misspelt key of a rule", "auth: { file: x, roles: { a: [{ ure: b }] } }\n", "auth.roles.a[0].", /ur[ie]/],
] as const) {
  test(`the configuration tells: ${what}`, () => {
    const result = readConfigText(yaml, "bridge.yaml");
    assert.equal(result.ok, false);
    const told = result.ok ? "" : formatProblems(result.problems);
    assert.ok(told.includes(key), told);
    assert.match(told, cure);
  });
}

test("the log of denials folds the same attempt and bounds different ones, and counts both", () => {
  const lines: LogLine[] = [];
  let now = 0;
  const log = new DenialLog(logInto(lines), () => now);
  for (let i = 0; i < 5; i += 1) log.warn("not_authorized", "a", {}, "a");
  for (let i = 0; i < 300; i += 1) log.warn("not_authorized", `b${i}`, {}, "b");
  assert.equal(lines.length, 200);
  now = 60_000;
  log.warn("not_authorized", "a", {}, "a");
  assert.deepEqual(
    lines.slice(200).map(({ code }) => code),
    ["not_authorized", "more_denials", "not_authorized"],
  );
});
