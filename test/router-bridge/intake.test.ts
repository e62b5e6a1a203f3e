import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Intake, Turns, WORK_PER_TURN, type Rate } from "../../router-bridge/intake.ts";
import { eventually, startBridge } from "../support/router-bridge-fixture.ts";
import { rawSession } from "../support/raw-session.ts";
import { talk } from "../support/router-bridge-talk.ts";

/** Somebody who sends one message after the other while nobody holds him. */
function scene(rate?: Rate) {
  const it = { now: 0, holds: 0, told: 0, took: 0 };
  const held = { hold: () => (it.holds += 1), release: () => (it.holds -= 1) };
  const context = { turns: new Turns(), now: () => it.now, onRateHeld: () => (it.told += 1) };
  const intake = new Intake(held, context);
  intake.limit(rate);
  const flood = (work = 1): void => {
    for (let i = 0; i < 100_000 && it.holds === 0; i++) {
      it.took += 1;
      intake.took(work);
    }
  };
  return { it, flood };
}

test("who has had the work of one turn rests until the next, whatever the messages cost", async () => {
  for (const work of [1, 2, 101, WORK_PER_TURN * 3]) {
    const { it, flood } = scene();
    flood(work);
    assert.equal(it.took, Math.ceil(WORK_PER_TURN / work));
    assert.equal(it.holds, 1);
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    assert.equal(it.holds, 0);
    flood(work);
    assert.equal(it.took, 2 * Math.ceil(WORK_PER_TURN / work));
    await new Promise(setImmediate);
  }
});

test("work of turns before does not count", async () => {
  const { it, flood } = scene();
  for (let turn = 0; turn < 5; turn++) {
    flood(WORK_PER_TURN - 1);
    await new Promise(setImmediate);
    await new Promise(setImmediate);
  }
  assert.equal(it.took, 10, "two messages a turn");
});

test("little work costs no immediate, and is carried along until it is a sixteenth of a turn's", (t) => {
  const immediates = t.mock.method(globalThis, "setImmediate");
  const intake = new Intake(
    { hold: () => undefined, release: () => undefined },
    { turns: new Turns(), now: () => 0, onRateHeld: () => undefined },
  );
  for (let i = 1; i < WORK_PER_TURN / 16; i++) intake.took(1);
  assert.equal(immediates.mock.callCount(), 0);
  intake.took(1);
  assert.equal(immediates.mock.callCount(), 1);
});

test("a rate lets a burst through, then so many a second, then a burst again after a quiet time", (t) => {
  mock.timers.enable({ apis: ["setTimeout", "setImmediate"] });
  t.after(() => mock.timers.reset());
  const { it, flood } = scene({ messages: 100, burst: 10 });
  const pass = (ms: number): void => {
    for (let i = 0; i < ms; i++) {
      it.now += 1;
      mock.timers.tick(1);
      flood();
    }
  };
  flood();
  assert.equal(it.took, 11, "the one too many is taken, and paid for");
  pass(1000);
  assert.ok(Math.abs(it.took - 111) <= 1, String(it.took));
  assert.ok(it.told > 50);
  const before = it.took;
  // quiet: nobody sends, time passes
  it.now += 60_000;
  mock.timers.tick(60_000);
  flood();
  assert.equal(it.took - before, 11);
});

test("a session over its rate is slowed down and not ended", async (t) => {
  const { at, bridge } = await startBridge(t, "limits: { goodbyeTimeout: 50, rate: { messages: 200, burst: 20 } }");
  const subscriber = await (await talk(t, `rs://${at}`)).join();
  await subscriber.subscribe("load");
  const publisher = await rawSession(t, at);
  const began = performance.now();
  for (let i = 1; i <= 120; i++) publisher.say(`[16,${String(i)},{},"load",[${String(i)}]]`);
  for (let i = 1; i <= 120; i++) assert.equal((await subscriber.expect("EVENT")).payload.args[0], i);
  assert.ok(performance.now() - began > 300, "120 messages at 200 a second with 20 at once");
  assert.ok(bridge.counters.get("ratesHeld") > 0);
});

test("a session that floods does not keep another one from its turn", async (t) => {
  const { at } = await startBridge(t);
  const flooder = await rawSession(t, at);
  const callee = await (await talk(t, `rs://${at}`)).join();
  const caller = await (await talk(t, `ws://${at}/ws`)).join();
  await callee.register("echo");
  const stop = new AbortController();
  let sent = 0;
  const flood = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      sent += 1;
      if (!flooder.say(`[16,${String(sent)},{},"nobody.listens",["${"x".repeat(200)}"]]`)) await flooder.drained();
    }
  };
  const flooding = flood();
  await eventually(() => sent > 5000, "the flood");
  for (let i = 0; i < 50; i++) {
    caller.call("echo", [i]);
    const { request, payload } = await callee.expect("INVOCATION");
    const before = sent;
    callee.send({ type: "YIELD", request, options: {}, payload });
    await caller.expect("RESULT");
    // the client's own queue, and what is on its way, is in between
    assert.ok(sent - before < 30_000, `${String(sent - before)} messages came first`);
  }
  stop.abort();
  flooder.connection.abort();
  await flooding;
});
