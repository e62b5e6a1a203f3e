/** v1 clients at a relay: each is a session of its own at the router behind it, which asks them who they are. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { nodeClient, nodeCrypto as crypto, writeAccounts } from "@pinion/client";
import { noAccounts, secretCredentials } from "@pinion/wamp";
import { readConfigText } from "../../../router-bridge/config.ts";
import { eventually, startBridge, temporaryFolder, type TestBridge } from "../../support/router-bridge-fixture.ts";
import { relayTo, scriptedUpstream, WELCOME } from "../../support/router-bridge-upstream.ts";
import { AUTH, AUTHREQ, ERROR, hmac, v1Client, v1Connect } from "../../support/v1-client.ts";

const SECRET = "correct horse";
const URIS = 'uris: [{ v1: "http://example.com/device#", v2: "device." }]';

async function relayed(t: TestContext, url: string, wamp1 = `{ ${URIS} }`): Promise<TestBridge> {
  return await startBridge(t, `${relayTo(url)}wamp1: ${wamp1}\n`);
}

async function guardedRouter(t: TestContext): Promise<TestBridge> {
  const file = join(temporaryFolder(t), "accounts.json");
  const joe = { authid: "joe", role: "operator", wampcra: { secret: SECRET } };
  const vera = { authid: "vera", role: "viewer", ...(await secretCredentials(crypto, SECRET, ["wampcra"])) };
  writeAccounts(file, { ...noAccounts(crypto), accounts: [joe, vera] });
  return await startBridge(t, `auth:\n  file: ${file}\n`);
}

test("a v1 client behind a relay calls, subscribes and publishes at the router behind it, as a session of its own", async (t) => {
  for (const scheme of ["rs://", "ws://"]) {
    const router = await startBridge(t);
    const { at } = await relayed(t, scheme === "rs://" ? `rs://${router.at}` : `ws://${router.at}/ws`);
    const v2 = nodeClient(`rs://${router.at}`);
    t.after(() => v2.close());
    v2.open();
    await v2.register("device.gpio.set", ({ args }) => ["done", ...args]);
    const heard: unknown[] = [];
    await v2.subscribe("sensor.outside", ({ args }) => void heard.push(args[0]));
    const client = await v1Client(t, at);
    assert.equal(router.bridge.sizes?.members, 2);
    client.send([1, "d", "http://example.com/device#"]);
    assert.deepEqual(await client.call("d:gpio.set", "led", 1), [3, ["done", "led", 1]]);
    assert.equal((await client.call("d:none"))[1], `${ERROR}NoSuchRPCEndpoint`);
    client.send([5, "http://example.com/sensor#inside"]);
    client.send([7, "http://example.com/sensor#outside", 21.5]);
    await eventually(() => heard.length > 0, "what the v1 client published");
    await v2.publish("sensor.inside", [19]);
    assert.deepEqual(await client.next(), [8, "http://example.com/sensor#inside", 19]);
    client.socket.close();
    await eventually(() => router.bridge.sizes?.members === 1, "the end of its session");
  }
});

test("the router behind a relay asks a v1 client by its own WAMP-CRA; who it is and what it may do is the router's word", async (t) => {
  const router = await guardedRouter(t);
  const { at } = await relayed(t, `rs://${router.at}`, "{ auth: {} }");
  const client = await v1Client(t, at);
  assert.equal((await client.call("wamp.session.count"))[1], `${ERROR}unauthorized`);
  const [, first] = await client.call(AUTHREQ, "joe");
  assert.equal((await client.call(AUTH, hmac("wrong", String(first))))[1], `${ERROR}invalid-signature`);
  assert.equal(router.bridge.sizes?.members, 0);
  const [, challenge] = await client.call(AUTHREQ, "joe");
  const [type, permissions] = await client.call(AUTH, hmac(SECRET, String(challenge)));
  assert.equal(type, 3);
  assert.deepEqual(Object.keys(permissions as object), ["rpc", "pubsub"]);
  const [, ids] = await client.call("wamp.session.list");
  const [, session] = await client.call("wamp.session.get", (ids as number[])[0]); // a list of ids
  const { authid, authrole } = session as Record<string, unknown>; // by the meta API
  assert.deepEqual([authid, authrole], ["joe", "operator"]);
  assert.equal((await client.call("com.example.other"))[1], `${ERROR}unauthorized`);
});

test("a salted key cannot be told to v1 through a relay: the client hears so, and may try as somebody else", async (t) => {
  const router = await guardedRouter(t);
  const { at } = await relayed(t, `rs://${router.at}`, "{ auth: {} }");
  const client = await v1Client(t, at);
  const [type, error, words] = await client.call(AUTHREQ, "vera");
  assert.deepEqual([type, error], [4, `${ERROR}internal`]);
  assert.match(String(words), /plain key/);
  const [, challenge] = await client.call(AUTHREQ, "joe");
  assert.equal((await client.call(AUTH, hmac(SECRET, String(challenge))))[0], 3);
});

test("who needs a login and is given none by the configuration is closed with the reason", async (t) => {
  const router = await guardedRouter(t);
  const { at } = await relayed(t, `rs://${router.at}`);
  const client = await v1Connect(t, at);
  const { code, words } = await client.closed();
  assert.equal(code, 1000);
  assert.match(words, /^the router closed the session/);
});

test("a router that cannot be reached: the client is closed with the reason, or hears it from authreq and may try again", async (t) => {
  const nowhere = "rs://127.0.0.1:9";
  const client = await v1Connect(t, (await relayed(t, nowhere)).at);
  assert.equal((await client.closed()).code, 1014);
  const asking = await v1Client(t, (await relayed(t, nowhere, "{ auth: {} }")).at);
  for (let i = 0; i < 2; i++) {
    const [type, error, words] = await asking.call(AUTHREQ, "joe");
    assert.deepEqual([type, error], [4, `${ERROR}internal`]);
    assert.match(String(words), /cannot be reached/);
  }
});

test("what the router says is checked: rubbish ends that client with 1014, others live on", async (t) => {
  for (const rubbish of [
    "[36,",
    "[36]",
    '[50,"x"]',
    '[33,1,"y"]',
    "[2,1,{}]",
    "nothing",
    '[36,1,2,{},{"no":"list"}]',
  ]) {
    const upstream = await scriptedUpstream(t);
    const { at, lines } = await relayed(t, upstream.url);
    const join = async (n: number) => {
      const opened = v1Connect(t, at);
      const connection = await eventually(() => upstream.connections[n], "the relay's connection");
      await eventually(() => upstream.received.length > n, "HELLO");
      connection.send(Buffer.from(WELCOME));
      const client = await opened;
      assert.equal((await client.next())[0], 0);
      return { client, connection };
    };
    const hit = await join(0);
    const neighbour = await join(1);
    hit.connection.send(Buffer.from(rubbish));
    assert.equal((await hit.client.closed()).code, 1014, rubbish);
    assert.deepEqual(await neighbour.client.call(AUTHREQ), [3, null]);
    assert.deepEqual(
      lines.filter(({ level }) => level === "error"),
      [],
    );
  }
});

test("GOODBYE of the router behind closes its client", async (t) => {
  const upstream = await scriptedUpstream(t);
  const { at } = await relayed(t, upstream.url);
  const client = await v1Connect(t, at);
  const connection = await eventually(() => upstream.connections[0], "the relay's connection");
  await eventually(() => upstream.received.length > 0, "HELLO");
  connection.send(Buffer.from(WELCOME));
  await client.next();
  connection.send(Buffer.from('[6,{},"wamp.close.system_shutdown"]'));
  await eventually(() => upstream.received.includes('[6,{},"wamp.close.goodbye_and_out"]'), "the answer");
  connection.close();
  assert.equal((await client.closed()).code, 1000);
});

test("beside upstream wamp1 takes any realm that is a URI, and a login in the autobahn flavour only", () => {
  const upstream = 'upstream: { url: "rs://127.0.0.1:9" }\n';
  for (const [wamp1, ok] of [
    ["{}", true],
    ["{ realm: com.example.house, auth: { anonymous: true } }", true],
    ['{ realm: "no realm" }', false],
    ["{ flavour: clj-wamp }", true],
    ["{ flavour: clj-wamp, auth: {} }", false],
  ] as const) {
    assert.equal(readConfigText(`wamp1: ${wamp1}\n${upstream}`, "x.yaml").ok, ok, wamp1);
  }
});
