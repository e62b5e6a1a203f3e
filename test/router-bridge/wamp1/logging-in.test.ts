/** v1 authentication in both flavours, at a whole router-bridge with accounts. */
import assert from "node:assert/strict";
import { pbkdf2Sync } from "node:crypto";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { nodeClient, nodeCrypto as crypto, writeAccounts } from "@pinion/client";
import { ApplicationError, noAccounts, secretCredentials, toUri, type Account } from "@pinion/wamp";
import { startBridge, temporaryFolder, type TestBridge } from "../../support/router-bridge-fixture.ts";
import { AUTH, AUTHREQ, ERROR, hmac, v1Client, type V1Client } from "../../support/v1-client.ts";

const SECRET = "correct horse";
const plain: Account = { authid: "joe", role: "operator", wampcra: { secret: SECRET } };
const salted: Account = { authid: "vera", role: "viewer", ...(await secretCredentials(crypto, SECRET, ["wampcra"])) };

async function house(t: TestContext, wamp1: string, auth = ""): Promise<TestBridge> {
  const file = join(temporaryFolder(t), "accounts.json");
  writeAccounts(file, { ...noAccounts(crypto), accounts: [plain, salted] });
  return await startBridge(t, `wamp1: ${wamp1}\nauth:\n  file: ${file}\n${auth}`);
}

interface Challenge {
  readonly sessionid: string;
  readonly authkey: string;
  readonly authextra?: { readonly salt: string; readonly iterations: number; readonly keylen: number };
}

/** As AutobahnJS does it. */
async function logIn(client: V1Client, authkey: string, secret = SECRET): Promise<readonly unknown[]> {
  const [type, challenge] = await client.call(AUTHREQ, authkey);
  assert.equal(type, 3);
  assert.equal(typeof challenge, "string");
  const { authextra } = JSON.parse(String(challenge)) as Challenge; // by section 9.5
  const key =
    authextra === undefined
      ? secret
      : pbkdf2Sync(secret, authextra.salt, authextra.iterations, authextra.keylen, "sha256").toString("base64");
  return await client.call(AUTH, hmac(key, String(challenge)));
}

test("Autobahn: joe and vera, whose key is salted, log in and are told what their roles may do", async (t) => {
  const { at } = await house(t, "{}");
  for (const authkey of ["joe", "vera"]) {
    const client = await v1Client(t, at);
    const [, challenge] = await client.call(AUTHREQ, authkey);
    const { sessionid, authkey: told, authextra } = JSON.parse(String(challenge)) as Challenge; // by section 9.5
    assert.deepEqual([sessionid, told, authextra !== undefined], [client.id, authkey, authkey === "vera"]);
    const again = await v1Client(t, at);
    const [type, permissions] = await logIn(again, authkey);
    assert.equal(type, 3);
    const { rpc, pubsub } = permissions as { rpc: { uri: string; call: boolean }[]; pubsub: unknown[] }; // by section 9.5
    assert.ok(rpc.some(({ uri, call }) => call && uri.endsWith("#device.describe")));
    assert.ok(pubsub.length > 0);
  }
});

test("permissions come with the right answer to auth, not with authreq: before it nothing is permitted", async (t) => {
  for (const flavour of ["autobahn", "clj-wamp"]) {
    const { at } = await house(t, `{ flavour: ${flavour} }`);
    const client = await v1Client(t, at);
    for (const step of ["nothing", "authreq", "wrong"]) {
      if (step === "authreq") await client.call(AUTHREQ, "joe");
      if (step === "wrong") await client.call(AUTH, "d3Jvbmc=");
      assert.deepEqual(await client.call("wamp.session.count"), [4, `${ERROR}unauthorized`, "unauthorized"], step);
      client.send([5, "sensor.a"]);
      client.send([7, "sensor.a", 1]);
    }
    assert.equal(client.unread, 0);
  }
});

test("a session that has not logged in is no session of the realm", async (t) => {
  const { at, bridge } = await house(t, "{}");
  const client = await v1Client(t, at);
  await client.call(AUTHREQ, "joe");
  assert.equal(bridge.sizes?.members, 0);
});

test("clj-wamp: joe logs in by the swapped signature, and permissions are dicts", async (t) => {
  const { at } = await house(t, "{ flavour: clj-wamp }");
  const client = await v1Client(t, at);
  const [, challenge] = await client.call(AUTHREQ, "joe");
  assert.match(String(challenge), /^[A-Za-z0-9+/]{43}=$/);
  const [type, permissions] = await client.call(AUTH, hmac(String(challenge), SECRET));
  assert.equal(type, 3);
  const { rpc, subscribe } = permissions as Record<string, Record<string, boolean>>; // by section 9.5
  assert.equal(rpc?.["http://pinion.local/#device.*"], true);
  assert.equal(subscribe?.["http://pinion.local/#sensor.*"], true);
  assert.deepEqual(await client.call("wamp.session.count"), [3, 1]);
  const [, error] = await client.call("com.example.other");
  assert.equal(error, `${ERROR}unauthorized`);
});

test("clj-wamp: an account whose secret is kept salted cannot log in, and it looks like a wrong answer", async (t) => {
  const { at } = await house(t, "{ flavour: clj-wamp }");
  const client = await v1Client(t, at);
  const [, challenge] = await client.call(AUTHREQ, "vera");
  assert.equal((await client.call(AUTH, hmac(String(challenge), SECRET)))[1], `${ERROR}invalid-signature`);
});

test("who fails may try again, in order only, and an unknown key is asked like a known one", async (t) => {
  const { at } = await house(t, "{}");
  const client = await v1Client(t, at);
  const error = async (...args: Parameters<V1Client["call"]>): Promise<unknown> => (await client.call(...args))[1];
  assert.equal(await error(AUTH, "x"), `${ERROR}no-authentication-requested`);
  assert.equal(await error(AUTHREQ), `${ERROR}anonymous-auth-forbidden`);
  assert.equal(await error(AUTHREQ, 7), `${ERROR}invalid-argument`);
  assert.equal((await client.call(AUTHREQ, "nobody"))[0], 3);
  assert.equal(await error(AUTHREQ, "joe"), `${ERROR}authentication-already-requested`);
  assert.equal(await error(AUTH, "x"), `${ERROR}invalid-signature`);
  assert.equal(await error(AUTH, "x"), `${ERROR}no-authentication-requested`);
  assert.equal((await logIn(client, "joe", "wrong"))[1], `${ERROR}invalid-signature`);
  assert.equal((await logIn(client, "joe"))[0], 3);
  assert.equal(await error(AUTHREQ, "joe"), `${ERROR}already-authenticated`);
  assert.equal(await error(AUTH, "x"), `${ERROR}already-authenticated`);
});

test("guessing is stopped by the same count as for v2", async (t) => {
  const { at } = await house(t, "{}", "  maxFailures: 2\n");
  const client = await v1Client(t, at);
  for (let i = 0; i < 2; i++) await logIn(client, "joe", "wrong");
  assert.equal((await client.call(AUTHREQ, "joe"))[1], `${ERROR}no-such-authkey`);
});

test("anonymous by switch only, with the role that auth.anonymous names", async (t) => {
  const { at } = await house(t, "{ auth: { anonymous: true } }", "  anonymous: { role: viewer }\n");
  const client = await v1Client(t, at);
  assert.deepEqual(await client.call(AUTHREQ, null), [3, null]);
  assert.equal((await client.call(AUTH, null))[0], 3);
  assert.equal((await client.call("device.gpio.set", 1))[1], `${ERROR}unauthorized`);
  const off = await house(t, "{}", "  anonymous: { role: viewer }\n");
  const other = await v1Client(t, off.at);
  assert.equal((await other.call(AUTHREQ, null))[1], `${ERROR}anonymous-auth-forbidden`);
});

test("with auth: false everybody joins at once in the role of auth.anonymous", async (t) => {
  const { at } = await house(t, "{ auth: false }", "  anonymous: { role: viewer }\n");
  const client = await v1Client(t, at);
  assert.equal((await client.call("device.gpio.set", 1))[1], `${ERROR}unauthorized`);
  assert.equal((await client.call(AUTHREQ, "joe"))[1], `${ERROR}already-authenticated`);
});

test("a session that has not authenticated in time is closed, one that has is not", async (t) => {
  const { at } = await house(t, "{ auth: { timeout: 300 } }");
  const quick = await v1Client(t, at);
  assert.equal((await logIn(quick, "joe"))[0], 3);
  const slow = await v1Client(t, at);
  await slow.call(AUTHREQ, "joe");
  const { code, words } = await slow.closed();
  assert.deepEqual([code, words], [1008, "no session was open after 300 ms"]);
  assert.deepEqual(await quick.call("wamp.session.count"), [3, 1]);
});

test("a client of v2 cannot ask for a challenge of v1", async (t) => {
  const { at } = await house(t, "{}");
  const { WebSocket } = await import("ws");
  const socket = new WebSocket(`ws://${at}/ws`, "wamp.2.json");
  t.after(() => socket.terminate());
  const answer = await new Promise<string>((resolve) => {
    socket.on("message", (data: Buffer) => resolve(data.toString()));
    socket.on("open", () => {
      socket.send('[1,"realm1",{"roles":{"caller":{}},"authid":"joe","authmethods":["wamp1-cra"]}]');
    });
  });
  assert.match(answer, /^\[3,.*wamp\.error\.no_matching_auth_method/);
});

test("who joined at once may ask for an anonymous login all the same, as old pages always do, once", async (t) => {
  const { at } = await startBridge(t, "wamp1: {}\n");
  const client = await v1Client(t, at);
  assert.deepEqual(await client.call(AUTHREQ), [3, null]);
  const [type, permissions] = await client.call(AUTH, null);
  assert.equal(type, 3);
  const everything = { uri: "http://pinion.local/#", prefix: true };
  assert.deepEqual(permissions, {
    rpc: [{ ...everything, call: true }],
    pubsub: [{ ...everything, pub: true, sub: true }],
  });
  assert.equal((await client.call(AUTHREQ))[1], `${ERROR}already-authenticated`);
  assert.equal((await client.call(AUTH))[1], `${ERROR}already-authenticated`);
});

async function guarded(t: TestContext, flavour: string): Promise<TestBridge> {
  const file = join(temporaryFolder(t), "accounts.json");
  const keeper = { authid: "keeper", role: "backend", wampcra: { secret: "keeper's secret" } };
  writeAccounts(file, { ...noAccounts(crypto), accounts: [keeper] });
  const auth = `auth:\n  file: ${file}\n  authenticator: { procedure: com.example.authenticate, timeout: 1000 }\n`;
  return await startBridge(t, `wamp1: { flavour: ${flavour} }\n${auth}`);
}

/** Knows dora by her secret, sam by a derived key, and nobody else. Gives what it was asked. */
async function authenticator(t: TestContext, at: string): Promise<unknown[]> {
  const key = pbkdf2Sync(SECRET, "salt", 1000, 32, "sha256").toString("base64");
  const known: Record<string, object> = {
    dora: { role: "viewer", secret: SECRET },
    sam: { role: "viewer", secret: key, salt: "salt", iterations: 1000, keylen: 32 },
  };
  const client = nodeClient(`rs://${at}`, { credentials: { authid: "keeper", secret: "keeper's secret" } });
  t.after(() => client.close());
  client.open();
  const asked: unknown[] = [];
  await client.register("com.example.authenticate", ({ args: [realm, authid, details] }) => {
    asked.push([realm, authid, details]);
    const principal = known[String(authid)];
    if (principal === undefined) throw new ApplicationError(toUri("com.example.unknown"), ["nobody knows you here"]);
    return principal;
  });
  return asked;
}

test("a dynamic authenticator lets v1 clients in, with a plain and with a salted key; whom it denies has no such authkey", async (t) => {
  const { at, lines } = await guarded(t, "autobahn");
  const asked = await authenticator(t, at);
  for (const authkey of ["dora", "sam"]) {
    const client = await v1Client(t, at);
    const [type, permissions] = await logIn(client, authkey);
    assert.equal(type, 3);
    assert.ok(JSON.stringify(permissions).includes("device.describe"));
    assert.equal((await client.call("device.gpio.set", 1))[1], `${ERROR}unauthorized`);
    assert.equal((await client.call("device.describe"))[1], `${ERROR}NoSuchRPCEndpoint`);
  }
  const wrong = await v1Client(t, at);
  assert.equal((await logIn(wrong, "dora", "wrong"))[1], `${ERROR}invalid-signature`);
  assert.equal((await wrong.call(AUTHREQ, "eve", { from: "the panel" }))[1], `${ERROR}no-such-authkey`);
  // the session is as it was: who was denied may try again
  assert.equal((await logIn(wrong, "sam"))[0], 3);
  const [realm, authid, details] = asked.at(-2) as [string, string, Record<string, unknown>]; // as it was pushed
  assert.deepEqual(
    [realm, authid, details["authmethod"], details["authextra"]],
    ["realm1", "eve", "wampcra", { from: "the panel" }],
  );
  assert.equal(JSON.stringify(lines).includes(SECRET), false);
});

test("clj-wamp: a dynamic authenticator needs to answer with the secret itself; a derived key is told to the log", async (t) => {
  const bridge = await guarded(t, "clj-wamp");
  await authenticator(t, bridge.at);
  const client = await v1Client(t, bridge.at);
  const [, challenge] = await client.call(AUTHREQ, "dora");
  assert.equal((await client.call(AUTH, hmac(String(challenge), SECRET)))[0], 3);
  const salted = await v1Client(t, bridge.at);
  assert.equal((await salted.call(AUTHREQ, "sam"))[1], `${ERROR}internal`);
  assert.match((await bridge.warned("authenticator_failed")).words, /lacks what wampcra needs/);
});

test("an authenticator that is not there lets nobody in, and says so to client and log", async (t) => {
  const bridge = await guarded(t, "autobahn");
  const client = await v1Client(t, bridge.at);
  assert.equal((await client.call(AUTHREQ, "dora"))[1], `${ERROR}internal`);
  assert.match((await bridge.warned("authenticator_failed")).words, /nobody has registered it/);
  await authenticator(t, bridge.at);
  assert.equal((await logIn(client, "dora"))[0], 3);
});
