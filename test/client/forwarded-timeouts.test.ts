/** A callee that watches the timeout of its calls itself, behind the real router core on a virtual clock. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Client, InvocationHandler } from "@pinion/wamp/client";
import { RouterHost } from "../support/router-host.ts";
import { testClient } from "../support/test-client.ts";
import { settle, VirtualClock } from "../support/virtual-clock.ts";

interface Scene {
  readonly clock: VirtualClock;
  readonly caller: Client;
}

async function scene(handler: InvocationHandler, options = { forwardTimeout: true }): Promise<Scene> {
  const clock = new VirtualClock();
  const host = new RouterHost(clock);
  const [caller, callee] = [testClient(clock, host.connector).client, testClient(clock, host.connector).client];
  for (const client of [caller, callee]) client.open();
  await settle();
  const registered = callee.register("com.p", handler, options);
  await settle();
  await registered;
  return { clock, caller };
}

test("aborts the handler's signal and answers wamp.error.timeout; what the handler gives later is dropped", async () => {
  const reasons: string[] = [];
  let finish = (_value: string): void => undefined;
  const { clock, caller } = await scene(({ signal, details }) => {
    assert.equal(details["timeout"], 50);
    signal.addEventListener("abort", () => reasons.push(String(signal.reason)));
    return new Promise<string>((resolve) => (finish = resolve));
  });
  const call = caller.call("com.p", [], {}, { options: { timeout: 50 } });
  const rejected = assert.rejects(call, { uri: "wamp.error.timeout" });
  await settle();
  await clock.advance(49);
  assert.deepEqual(reasons, []);
  await clock.advance(1);
  await rejected;
  assert.match(reasons.join(" "), /wamp\.error\.timeout/);
  finish("too late");
  await settle();
  const next = caller.call("com.p", [], {}, { options: { timeout: 50 } });
  await settle();
  finish("in time");
  assert.deepEqual((await next).args, ["in time"]);
});

test("each progressive result begins the time anew", async () => {
  let tick = (): boolean => false;
  const { clock, caller } = await scene(({ progress }) => {
    tick = () => progress(1);
    return new Promise(() => undefined);
  });
  const parts: unknown[] = [];
  const call = caller.call(
    "com.p",
    [],
    {},
    { options: { timeout: 50 }, onProgress: ({ args }) => parts.push(...args) },
  );
  const rejected = assert.rejects(call, { uri: "wamp.error.timeout" });
  await settle();
  for (let i = 0; i < 3; i += 1) {
    await clock.advance(40);
    assert.equal(tick(), true);
    await settle();
  }
  assert.deepEqual(parts, [1, 1, 1]);
  await clock.advance(50);
  await rejected;
  assert.equal(tick(), false);
});

test("without forwardTimeout the dealer watches, and the handler learns of it by INTERRUPT", async () => {
  const seen: unknown[] = [];
  const { clock, caller } = await scene(
    ({ signal, details }) => {
      seen.push(details["timeout"]);
      signal.addEventListener("abort", () => seen.push("aborted"));
      return new Promise(() => undefined);
    },
    { forwardTimeout: false },
  );
  const rejected = assert.rejects(caller.call("com.p", [], {}, { options: { timeout: 50 } }), {
    uri: "wamp.error.timeout",
  });
  await settle();
  await clock.advance(50);
  await rejected;
  assert.deepEqual(seen, [undefined, "aborted"]);
});
