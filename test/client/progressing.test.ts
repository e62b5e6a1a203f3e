import assert from "node:assert/strict";
import { test } from "node:test";
import { payloadOf, type RequestId } from "@pinion/wamp";
import { type CallResult, type Client, result } from "@pinion/wamp/client";
import { RouterHost } from "../support/router-host.ts";
import { ScriptedRouter } from "../support/scripted-router.ts";
import { testClient } from "../support/test-client.ts";
import { settle, VirtualClock } from "../support/virtual-clock.ts";

async function pair(): Promise<{ clock: VirtualClock; callee: Client; caller: Client }> {
  const clock = new VirtualClock();
  const host = new RouterHost(clock);
  const { client: callee } = testClient(clock, host.connector);
  const { client: caller } = testClient(clock, host.connector);
  callee.open();
  caller.open();
  await settle();
  return { clock, callee, caller };
}

async function close(...clients: readonly Client[]): Promise<void> {
  for (const client of clients) await client.close();
}

test("progressive results reach onProgress in order, and the promise gives the final one", async () => {
  const { callee, caller } = await pair();
  await callee.register("flash.write", ({ args, progress }) => {
    assert.ok(progress(10) && progress(result([50], { left: 2 })));
    return args[0];
  });
  const seen: unknown[] = [];
  const onProgress = ({ args, kwargs, details }: CallResult): void => void seen.push([args, kwargs, details]);
  const final = await caller.call("flash.write", ["done"], {}, { onProgress });
  assert.deepEqual(seen, [
    [[10], {}, { progress: true }],
    [[50], { left: 2 }, { progress: true }],
  ]);
  assert.deepEqual([final.args, final.details], [["done"], {}]);
  await close(caller, callee);
});

test("a handler whose caller takes no progressive results sends none and knows it", async () => {
  const { callee, caller } = await pair();
  await callee.register("flash.write", ({ progress }) => progress(10));
  assert.deepEqual((await caller.call("flash.write")).args, [false]);
  await close(caller, callee);
});

test("a handler that goes on after its call was canceled, or after it answered, sends nothing more", async () => {
  const { callee, caller } = await pair();
  const sent: boolean[] = [];
  let late = (): boolean => true;
  await callee.register("flash.write", async ({ progress, signal }) => {
    sent.push(progress(1));
    late = () => progress(2);
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    sent.push(progress(3));
  });
  await callee.register("flash.read", ({ progress }) => void (late = () => progress(2)));
  const stop = new AbortController();
  const seen: unknown[] = [];
  const onProgress = ({ args }: CallResult): void => void seen.push(...args);
  const call = caller.call("flash.write", [], {}, { onProgress, signal: stop.signal });
  call.catch(() => {});
  await settle();
  stop.abort();
  await assert.rejects(call, { code: "aborted" });
  await settle();
  assert.deepEqual([sent, late()], [[true, false], false]);
  await caller.call("flash.read", [], {}, { onProgress });
  assert.equal(late(), false);
  await settle();
  assert.deepEqual(seen, [1]);
  await close(caller, callee);
});

test("what onProgress throws rejects the call and cancels it", async () => {
  const { callee, caller } = await pair();
  let interrupted = false;
  await callee.register("flash.write", async ({ progress, signal }) => {
    progress(1);
    progress(2);
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    interrupted = true;
  });
  const onProgress = (): void => {
    throw new Error("the display is gone");
  };
  await assert.rejects(caller.call("flash.write", [], {}, { onProgress }), /the display is gone/);
  await settle();
  assert.ok(interrupted);
  await close(caller, callee);
});

test("a progressive result that was not asked for ends nothing", async () => {
  const clock = new VirtualClock();
  const router = new ScriptedRouter();
  const { client } = testClient(clock, router.connector);
  client.open();
  await settle();
  await router.last.welcome();
  const call = client.call("a.b");
  await settle();
  const request: RequestId = router.last.only("CALL").request;
  await router.last.say({ type: "RESULT", request, details: { progress: true }, payload: payloadOf([1]) });
  await router.last.say({ type: "RESULT", request, details: {}, payload: payloadOf([2]) });
  assert.deepEqual((await call).args, [2]);
  await client.close();
});

test("the client announces progressive results for caller and callee", async () => {
  const router = new ScriptedRouter();
  const { client } = testClient(new VirtualClock(), router.connector);
  client.open();
  await settle();
  const { roles } = router.last.only("HELLO").details;
  const features = JSON.stringify(roles).match(/"progressive_call_results":true/g);
  assert.equal(features?.length, 2);
  await router.last.welcome();
  await client.close();
});
