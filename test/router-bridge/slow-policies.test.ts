import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeClient } from "@pinion/client";
import { eventually, startBridge } from "../support/router-bridge-fixture.ts";
import { rawSession, rawSubscriber } from "../support/raw-session.ts";
import { talk } from "../support/router-bridge-talk.ts";

const BLOCK = "x".repeat(10_000);
const MANY = 3000;

for (const policy of ["coalesce", "drop-oldest"] as const) {
  test(`${policy}: a stuck subscriber stays, costs the others no event, and is told how many it missed`, async (t) => {
    const yaml = `limits: { queueOctets: 500000, queueMessages: 1000, slowConsumer: ${policy}, goodbyeTimeout: 50 }`;
    const { at, bridge, warned } = await startBridge(t, yaml);
    const stuck = await rawSubscriber(t, at, "load");
    const fast = await rawSubscriber(t, at, "load");
    stuck.connection.pause();
    const publisher = await (await talk(t, `rs://${at}`)).join();
    for (let i = 1; i <= MANY; i++) {
      publisher.publish("load", [i, BLOCK], i % 100 === 0 ? { acknowledge: true } : {});
      if (i % 100 === 0) await publisher.expect("PUBLISHED");
    }
    await eventually(() => fast.got.length === MANY, "every event for the fast one");
    assert.ok(fast.got.every((message, i) => message.type === "EVENT" && message.payload.args[0] === i + 1));
    await warned("events_left_out");
    stuck.connection.resume();
    await eventually(() => {
      const last = stuck.got.at(-1);
      return last?.type === "EVENT" && last.payload.args[0] === MANY;
    }, "the newest event");
    let told = 0;
    let before = 0;
    for (const message of stuck.got) {
      assert.ok(message.type === "EVENT");
      const number = Number(message.payload.args[0]);
      assert.ok(number > before, "order is kept");
      told += Number(message.details["pinion_dropped"] ?? 0);
      before = number;
    }
    assert.equal(told + stuck.got.length, MANY);
    assert.ok(told > 0);
    const counted = bridge.counters.get(policy === "coalesce" ? "eventsFolded" : "eventsDropped");
    assert.equal(bridge.counters.get("eventsFolded") + bridge.counters.get("eventsDropped"), told);
    assert.ok(counted > 0);
    assert.equal(bridge.counters.get("slowConsumers"), 0);
  });
}

test("the client tells each subscription of a gap before the event that follows it", async (t) => {
  const yaml = "limits: { queueOctets: 100000, slowConsumer: coalesce, goodbyeTimeout: 50 }";
  const { at } = await startBridge(t, yaml);
  const client = nodeClient(`rs://${at}`, { realm: "realm1" });
  t.after(() => client.close());
  client.open();
  let dropped = 0;
  let events = 0;
  let last = 0;
  const gaps: string[] = [];
  await client.subscribe(
    "load.",
    ({ args }) => {
      events += 1;
      last = Number(args[0]);
      // the process does nothing else meanwhile, so that the router's queue fills
      const end = performance.now() + 1;
      while (performance.now() < end);
    },
    {
      match: "prefix",
      onGap: (gap) => {
        dropped += gap.dropped;
        gaps.push(gap.topic);
      },
    },
  );
  const publisher = await (await talk(t, `rs://${at}`)).join();
  for (let i = 1; i <= 1500; i++) publisher.publish("load.a", [i, BLOCK]);
  await eventually(() => last === 1500, "the newest event");
  assert.equal(events + dropped, 1500);
  if (dropped > 0) assert.equal(gaps[0], "load.");
});

test("a fast publisher goes at the pace of its only subscriber: nothing is lost and the queue stays short", async (t) => {
  const { at, bridge } = await startBridge(t);
  const slow = await rawSubscriber(t, at, "load");
  const publisher = await rawSession(t, at);
  slow.connection.pause();
  let longest = 0;
  const flood = async (): Promise<void> => {
    for (let i = 1; i <= MANY; i++) {
      if (publisher.say(`[16,${String(i)},{},"load",[${String(i)},"${BLOCK}"]]`)) continue;
      longest = Math.max(longest, bridge.queuedOctets);
      await publisher.drained();
    }
  };
  const flooded = flood();
  await eventually(() => bridge.counters.get("publishersHeld") > 0, "the publisher is held");
  slow.connection.resume();
  await flooded;
  await eventually(() => slow.got.length === MANY, "every event");
  assert.ok(slow.got.every((message, i) => message.type === "EVENT" && message.payload.args[0] === i + 1));
  assert.ok(longest < 4_000_000, `${String(longest)} octets were queued`);
  assert.equal(bridge.counters.get("slowConsumers"), 0);
});
