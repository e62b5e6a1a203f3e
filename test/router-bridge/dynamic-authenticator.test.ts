/** `auth.authenticator` of a whole router-bridge: a component logs in by its account and lets others in, over real sockets. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { formatProblems } from "@pinion/config";
import { nodeClient, nodeCrypto as crypto, writeAccounts } from "@pinion/client";
import { ApplicationError, type Credentials, noAccounts, secretCredentials, toHex, toUri } from "@pinion/wamp";
import type { Client } from "@pinion/wamp/client";
import { readConfigText } from "../../router-bridge/config.ts";
import { startBridge, temporaryFolder, type TestBridge } from "../support/router-bridge-fixture.ts";

const TICKET = "four words make tickets";
const keeper = { authid: "keeper", role: "backend", ...(await secretCredentials(crypto, TICKET, ["ticket"])) };
const seed = new Uint8Array(32).fill(3);

async function guarded(t: TestContext, authenticator: string): Promise<TestBridge> {
  const file = join(temporaryFolder(t), "accounts.json");
  writeAccounts(file, { ...noAccounts(crypto), accounts: [keeper] });
  return await startBridge(t, `auth:\n  file: ${file}\n  authenticator: ${authenticator}\n`);
}

async function joined(t: TestContext, { at }: TestBridge, credentials: Credentials): Promise<Client> {
  const client = nodeClient(`rs://${at}`, { credentials, reconnect: false });
  t.after(() => client.close());
  client.open();
  await client.ready();
  return client;
}

const WHO: Readonly<Record<string, object>> = {
  tina: { role: "viewer", ticket: "tina's ticket" },
  carl: { role: "operator", secret: "carl's secret" },
  sign: { role: "viewer", pubkeys: [toHex(crypto.ed25519PublicKey(seed))] },
};

async function keeping(t: TestContext, bridge: TestBridge): Promise<void> {
  const client = await joined(t, bridge, { authid: "keeper", ticket: TICKET });
  await client.register("com.example.authenticate", ({ args: [, authid] }) => {
    const principal = WHO[String(authid)];
    if (principal === undefined) throw new ApplicationError(toUri("com.example.unknown"), ["nobody knows you here"]);
    return principal;
  });
}

test("a component lets in whom it knows, by ticket, WAMP-CRA and cryptosign, and refuses everybody else", async (t) => {
  const bridge = await guarded(t, "com.example.authenticate");
  await keeping(t, bridge);
  for (const [authid, credentials, authrole] of [
    ["tina", { ticket: "tina's ticket" }, "viewer"],
    // offers WAMP-SCRAM first, which the answer does not serve
    ["carl", { secret: "carl's secret" }, "operator"],
    ["sign", { seed }, "viewer"],
  ] as const) {
    const { session } = await joined(t, bridge, { authid, ...credentials });
    assert.deepEqual([session?.details["authid"], session?.details["authrole"]], [authid, authrole]);
  }
  await assert.rejects(joined(t, bridge, { authid: "tina", ticket: "not the ticket" }));
  await assert.rejects(joined(t, bridge, { authid: "eve", ticket: "let me in" }));
  assert.equal((await bridge.warned("login_failed")).level, "warn");
  const log = JSON.stringify(bridge.lines);
  for (const secret of ["not the ticket", "tina's ticket", "let me in", "carl's secret", TICKET]) {
    assert.equal(log.includes(secret), false, secret);
  }
});

test("without the component nobody but account holders gets in, and the log says so", async (t) => {
  const bridge = await guarded(t, "{ procedure: com.example.authenticate, timeout: 1000 }");
  await assert.rejects(joined(t, bridge, { authid: "tina", ticket: "tina's ticket" }));
  assert.match(
    (await bridge.warned("authenticator_failed")).words,
    /com\.example\.authenticate.*nobody has registered it/,
  );
  await keeping(t, bridge);
  await joined(t, bridge, { authid: "tina", ticket: "tina's ticket" });
});

test("the configuration tells: an authenticator that is no URI, or in a realm that is none", () => {
  for (const [authenticator, key] of [
    ['"no uri"', "auth.authenticator"],
    ['{ procedure: "no uri" }', "auth.authenticator"],
    ["{ procedure: a.b, realm: realm9 }", "auth.authenticator.realm"],
    ["{ procedure: a.b, methods: [cookie] }", "auth.authenticator"],
  ] as const) {
    const result = readConfigText(`auth: { file: x, authenticator: ${authenticator} }\n`, "bridge.yaml");
    const told = result.ok ? "" : formatProblems(result.problems);
    assert.ok(told.includes(key), told);
  }
});
