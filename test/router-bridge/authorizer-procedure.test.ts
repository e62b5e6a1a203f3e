/** `auth.authorizer` of a whole router-bridge over real sockets: who is asked, what is denied, what the log says. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { formatProblems } from "@pinion/config";
import { connect, nodeCrypto as crypto, writeAccounts } from "@pinion/client";
import { noAccounts, payloadOf, SECRET_METHODS, secretCredentials, toUri } from "@pinion/wamp";
import { readConfigText } from "../../router-bridge/config.ts";
import { startBridge, temporaryFolder, type TestBridge } from "../support/router-bridge-fixture.ts";
import { Talk } from "../support/router-bridge-talk.ts";

const ROLES = { caller: {}, callee: { features: { call_canceling: true } }, publisher: {}, subscriber: {} };
const TICKET = "four words make tickets";
const credentials = await secretCredentials(crypto, TICKET, SECRET_METHODS);
const ACCOUNTS = {
  ...noAccounts(crypto),
  accounts: Object.entries({ vera: "viewer", otto: "operator", back: "backend" }).map(([authid, role]) => ({
    authid,
    role,
    ...credentials,
  })),
};

async function guarded(t: TestContext, more: string): Promise<TestBridge> {
  const file = join(temporaryFolder(t), "accounts.json");
  writeAccounts(file, ACCOUNTS);
  return await startBridge(t, `limits: { goodbyeTimeout: 50, drainTimeout: 50 }\nauth:\n  file: ${file}\n${more}`);
}

async function member(t: TestContext, { at }: TestBridge, authid: string): Promise<Talk> {
  const talk = new Talk(await connect(`rs://${at}`));
  t.after(() => talk.transport.abort());
  talk.send({ type: "HELLO", realm: toUri("realm1"), details: { roles: ROLES, authid, authmethods: ["ticket"] } });
  await talk.expect("CHALLENGE");
  talk.send({ type: "AUTHENTICATE", signature: TICKET, extra: {} });
  await talk.expect("WELCOME");
  return talk;
}

async function answer(authorizer: Talk, value: unknown): Promise<readonly unknown[]> {
  const { request, payload } = await authorizer.expect("INVOCATION");
  authorizer.send({ type: "YIELD", request, options: {}, payload: payloadOf([value]) });
  return payload.args;
}

async function denied(talk: Talk, error: string): Promise<void> {
  assert.equal((await talk.expect("ERROR")).error, error);
}

test("one authorizer for all roles decides what the shipped rules would allow or deny", async (t) => {
  const bridge = await guarded(t, "  authorizer: com.example.authorize\n");
  const back = await member(t, bridge, "back");
  await back.register("com.example.authorize");
  await back.register("device.gpio.set");
  const vera = await member(t, bridge, "vera");
  vera.call("device.gpio.set", [17, 1]);
  const [details, uri, action] = await answer(back, true);
  assert.deepEqual([uri, action], ["device.gpio.set", "call"]);
  assert.equal((details as { authid?: unknown }).authid, "vera"); // a dict of the session
  assert.deepEqual((await back.expect("INVOCATION")).payload.args, [17, 1]);
  const otto = await member(t, bridge, "otto");
  otto.call("device.gpio.set", [17, 1]);
  await answer(back, false);
  await denied(otto, "wamp.error.not_authorized");
  assert.match((await bridge.warned("not_authorized")).words, /otto \(operator\) may not call device\.gpio\.set/);
});

test("an authorizer that nobody offers denies, and the log names it", async (t) => {
  const bridge = await guarded(t, "  authorizer: com.example.authorize\n");
  const vera = await member(t, bridge, "vera");
  vera.call("device.describe");
  await denied(vera, "wamp.error.authorization_failed");
  assert.match((await bridge.warned("authorizer_failed")).words, /com\.example\.authorize .* nobody has registered it/);
});

test("an authorizer that does not answer in time denies, and others go on meanwhile", async (t) => {
  const bridge = await guarded(
    t,
    "  authorizer: { procedure: com.example.authorize, timeout: 100, roles: [viewer] }\n",
  );
  const back = await member(t, bridge, "back");
  await back.register("com.example.authorize");
  const vera = await member(t, bridge, "vera");
  vera.call("device.describe");
  await back.expect("INVOCATION");
  const otto = await member(t, bridge, "otto");
  otto.call("device.describe");
  await denied(otto, "wamp.error.no_such_procedure");
  await denied(vera, "wamp.error.authorization_failed");
  await back.expect("INTERRUPT");
  assert.match((await bridge.warned("authorizer_failed")).words, /wamp\.error\.timeout/);
});

test("a role may have an authorizer of its own, or none", async (t) => {
  const bridge = await guarded(
    t,
    [
      "  authorizer: com.example.general",
      "  roles:",
      "    viewer: { authorizer: com.example.viewers }",
      "    backend: { authorizer: false }",
      "",
    ].join("\n"),
  );
  const back = await member(t, bridge, "back");
  await back.register("com.example.viewers");
  back.publish("com.t", [], { acknowledge: true });
  await back.expect("PUBLISHED");
  const vera = await member(t, bridge, "vera");
  vera.call("device.describe");
  await answer(back, { allow: false, cache: false });
  await denied(vera, "wamp.error.not_authorized");
  const otto = await member(t, bridge, "otto");
  otto.call("device.describe");
  await denied(otto, "wamp.error.authorization_failed");
});

test("the cache of answers is bounded by age, and can be switched off", async (t) => {
  const bridge = await guarded(t, "  authorizer: { procedure: com.example.authorize, cacheAge: 0 }\n");
  const back = await member(t, bridge, "back");
  await back.register("com.example.authorize");
  const vera = await member(t, bridge, "vera");
  for (const _ of [1, 2]) {
    vera.publish("com.t", [], { acknowledge: true });
    await answer(back, true);
    await vera.expect("PUBLISHED");
  }
});

test("limits.forwardTimeouts: false leaves the timeout of a call with the router, whatever the callee wishes", async (t) => {
  for (const [more, forwarded] of [
    ["", { timeout: 60_000 }],
    [", forwardTimeouts: false", {}],
  ] as const) {
    const bridge = await startBridge(t, `limits: { goodbyeTimeout: 50${more} }\n`);
    const callee = new Talk(await connect(`rs://${bridge.at}`));
    t.after(() => callee.transport.abort());
    const features = { call_timeout: true, call_canceling: true };
    callee.send({
      type: "HELLO",
      realm: toUri("realm1"),
      details: { roles: { caller: {}, callee: { features } } },
    });
    await callee.expect("WELCOME");
    const options = { forward_timeout: true };
    callee.send({ type: "REGISTER", request: callee.id(), options, procedure: toUri("com.p") });
    await callee.expect("REGISTERED");
    callee.send({
      type: "CALL",
      request: callee.id(),
      options: { timeout: 60_000 },
      procedure: toUri("com.p"),
      payload: payloadOf(),
    });
    const { request, details } = await callee.expect("INVOCATION");
    assert.deepEqual(details, forwarded);
    callee.send({ type: "YIELD", request, options: {}, payload: payloadOf() });
    await callee.expect("RESULT");
  }
});

test("an authorizer that is no URI, or for a role that does not exist, is a mistake with its place", () => {
  const told = (more: string): string => {
    const result = readConfigText(`auth:\n  file: /nowhere.json\n${more}`, "bridge.yaml");
    return result.ok ? "no problem" : formatProblems(result.problems);
  };
  assert.match(told('  authorizer: "no uri"\n'), /bridge\.yaml:3.*auth\.authorizer[\s\S]*URI of a procedure/);
  assert.match(told('  authorizer: { procedure: "a..b" }\n'), /auth\.authorizer\.procedure/);
  assert.match(told('  roles: { viewer: { authorizer: "a..b" } }\n'), /auth\.roles\.viewer\.authorizer/);
  assert.match(told("  authorizer: { procedure: a.b, roles: [viewer, nobody] }\n"), /nobody/);
});
