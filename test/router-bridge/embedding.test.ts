/** The router-bridge inside another program: the example of its README as it stands there, and what its promises mean. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { test, type TestContext } from "node:test";
import {
  BridgeError,
  startRouterBridge,
  type RouterBridge,
  type RouterBridgeOptions,
} from "../../router-bridge/index.ts";
import { eventually, logInto, temporaryFolder, type LogLine } from "../support/router-bridge-fixture.ts";
import { talk, type Talk } from "../support/router-bridge-talk.ts";

const ROOM = join(import.meta.dirname, "../../router-bridge");

function addressOf({ addresses }: RouterBridge): string {
  return `rs://${String(addresses[0]?.address)}`;
}

async function start(
  t: TestContext,
  options: RouterBridgeOptions,
): Promise<{ readonly bridge: RouterBridge; readonly lines: LogLine[] }> {
  const lines: LogLine[] = [];
  const config = { listen: [{ tcp: "127.0.0.1:0" }], limits: { goodbyeTimeout: 50, drainTimeout: 50 } };
  const bridge = await startRouterBridge({ config, log: logInto(lines), ...options });
  t.after(() => bridge.stop());
  return { bridge, lines };
}

/** Answers the next call of `callee` with what it was called with. */
async function echo(callee: Talk): Promise<void> {
  const { request, payload } = await callee.expect("INVOCATION");
  callee.send({ type: "YIELD", request, options: {}, payload });
}

test("the example of the README runs, and does what it says", async (t) => {
  const readme = readFileSync(join(ROOM, "README.md"), "utf8");
  const [, example] = /```ts\n(import \{ startRouterBridge \}[\s\S]*?)```/.exec(readme) ?? [];
  assert.ok(example !== undefined, "the README has an example");
  const file = join(temporaryFolder(t), "example.ts");
  writeFileSync(file, example.replace("./router-bridge/index.ts", pathToFileURL(join(ROOM, "index.ts")).href));
  const { bridge, written } = (await import(pathToFileURL(file).href)) as {
    bridge: RouterBridge;
    written: () => readonly string[];
  }; // what the example exports
  t.after(() => bridge.stop());
  const callee = await (await talk(t, addressOf(bridge))).join();
  const caller = await (await talk(t, addressOf(bridge))).join();
  await callee.register("device.pump.gpio.set");
  caller.call("device.pump.gpio.set", ["main", 1]);
  const refused = await caller.expect("ERROR");
  assert.deepEqual([refused.error, refused.payload.args], ["com.example.locked", ["the main pump is locked"]]);
  caller.call("device.pump.gpio.set", ["small", 1]);
  const { request, payload } = await callee.expect("INVOCATION");
  assert.deepEqual([payload.args, Object.keys(payload.kwargs)], [["small", 1], ["by"]]);
  callee.send({ type: "YIELD", request, options: {}, payload });
  await caller.expect("RESULT");
  caller.call("com.nobody");
  await caller.expect("ERROR");
  await callee.subscribe("sensor.outside");
  caller.publish("sensor.outside", [21.6]);
  assert.deepEqual((await callee.expect("EVENT")).payload.args, [22]);
  const webSocket = await talk(t, `ws://${String(bridge.addresses[0]?.address)}/ws`);
  await assert.rejects(webSocket.join(), /ABORT/);
  caller.transport.abort();
  const last = await eventually(() => written()[2], "the journal's third line");
  assert.deepEqual(written().slice(0, 2), [
    "anonymous called device.pump.gpio.set: small",
    "com.nobody failed: wamp.error.no_such_procedure",
  ]);
  assert.match(last, / left: the connection ended$/);
});

test("requests of one session keep their order behind a slow hook, and other sessions do not wait", async (t) => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { bridge } = await start(t, { hooks: { onPublish: ({ args }) => (args[0] === 1 ? promise : undefined) } });
  const [slow, quick, listener] = await Promise.all(
    [1, 2, 3].map(async () => (await talk(t, addressOf(bridge))).join()),
  );
  assert.ok(slow && quick && listener);
  await listener.subscribe("com.t");
  for (const n of [1, 2, 3]) slow.publish("com.t", [n]);
  quick.publish("com.t", ["quick"]);
  assert.deepEqual((await listener.expect("EVENT")).payload.args, ["quick"]);
  resolve();
  for (const n of [1, 2, 3]) assert.deepEqual((await listener.expect("EVENT")).payload.args, [n]);
});

test("hook_failed names the hook to the caller, and what went wrong only to the log", async (t) => {
  const { bridge, lines } = await start(t, {
    hookTimeout: 50,
    hooks: {
      beforeCall: ({ procedure }) => {
        if (procedure === "com.throws") throw new Error("a secret of the program");
        return procedure === "com.late" ? new Promise(() => undefined) : undefined;
      },
    },
  });
  const caller = await (await talk(t, addressOf(bridge))).join();
  for (const procedure of ["com.throws", "com.late"]) {
    caller.call(procedure);
    const { error, payload } = await caller.expect("ERROR");
    assert.deepEqual([error, payload.kwargs], ["pinion.error.hook_failed", { hook: "beforeCall" }]);
    assert.doesNotMatch(String(payload.args[0]), /secret/);
  }
  const told = lines.filter(({ code }) => code === "hook_failed").map(({ words }) => words);
  assert.match(told[0] ?? "", /the hook beforeCall failed: .*a secret of the program/);
  assert.match(told[1] ?? "", /50 ms/);
});

test("without hooks everything is as in the process of its own", async (t) => {
  const { bridge } = await start(t, {});
  const [callee, caller] = await Promise.all([1, 2].map(async () => (await talk(t, addressOf(bridge))).join()));
  assert.ok(callee && caller);
  await callee.register("com.p");
  caller.call("com.p", [1]);
  await echo(callee);
  assert.deepEqual((await caller.expect("RESULT")).payload.args, [1]);
  assert.equal(bridge.flushAuthorizations(), 0);
  await bridge.stop();
  await bridge.stop();
});

test("a configuration with mistakes, and hooks beside a relay, are refused with config_invalid", async () => {
  const refused = (options: RouterBridgeOptions): Promise<void> =>
    assert.rejects(
      startRouterBridge(options),
      (error) => error instanceof BridgeError && error.code === "config_invalid",
    );
  await refused({ config: "realms: [a..b]" });
  await refused({ config: { nonsense: 1 } });
  await refused({ config: { upstream: { url: "rs://127.0.0.1:1" } }, hooks: {} });
});
