/** The page beside a real board and a router that goes: its charts have no hole afterwards, and its values are never old ones. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Client } from "@pinion/wamp/client";
import { FindingBoards } from "../../router-bridge/dashboard/session/finding-boards.ts";
import { Series } from "../../router-bridge/dashboard/state/series.ts";
import { readingOf } from "../../router-bridge/dashboard/state/reading.ts";
import { StreamState } from "../../router-bridge/dashboard/state/stream-state.ts";
import { Store } from "../../router-bridge/dashboard/state/store.ts";
import { makeRig } from "../device/rig.ts";

const reading = (value: unknown, seq: number, more = {}) => readingOf("sensor.x", value, { seq, boot: "b", ...more });

test("what comes late is drawn in its place, joined on both sides, and the present value stays", () => {
  const stream = new StreamState("sensor.x");
  for (const seq of [1, 2, 3]) stream.receive(reading(seq, seq), seq * 1_000);
  stream.interrupt(3_500);
  stream.receive(reading(9, 9), 9_000);
  for (const seq of [4, 5, 6, 7, 8]) stream.fill(reading(seq, seq), seq * 1_000);
  const { times, values } = stream.series.points(9_000);
  assert.deepEqual(values, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual(
    times,
    [...times].sort((a, b) => a - b),
  );
  assert.equal(stream.reading?.value, 9);
});

test("what was filled before anything new came leaves no break either", () => {
  const stream = new StreamState("sensor.x");
  for (const seq of [1, 2]) stream.receive(reading(seq, seq), seq * 1_000);
  stream.interrupt(2_500);
  for (const seq of [3, 4]) stream.fill(reading(seq, seq), seq * 1_000);
  assert.deepEqual(stream.series.points(4_000).values, [1, 2, 3, 4]);
});

test("a hole that is not filled from its start keeps the break", () => {
  const stream = new StreamState("sensor.x");
  for (const seq of [1, 2]) stream.receive(reading(seq, seq), seq * 1_000);
  stream.interrupt(2_500);
  stream.receive(reading(9, 9), 9_000);
  for (const seq of [7, 8]) stream.fill(reading(seq, seq), seq * 1_000);
  assert.deepEqual(stream.series.points(9_000).values, [1, 2, null, 7, 8, 9]);
});

test("a backlog of any size keeps the series in bounds and sorted, and the same reading twice is drawn once", () => {
  const series = new Series(600_000, 100);
  series.push(0, 1);
  series.push(590_000, 1);
  for (let round = 0; round < 2; round += 1) {
    for (let t = 1_000; t < 580_000; t += 100) series.insert(t, Math.sin(t / 10_000), false);
  }
  const { times } = series.points(590_000);
  assert.ok(series.size <= 300, `${String(series.size)} points`);
  assert.ok(times.every((time, index) => index === 0 || time >= (times[index - 1] ?? 0)));
});

test("word of a gap is no reading", () => {
  const store = new Store(() => undefined);
  store.receive(readingOf("sensor.x", 4, { seq: 1, boot: "b" }), 1);
  store.receive(readingOf("sensor.x", null, { quality: "error", boot: "b", gap: { from: 2, to: 3 } }), 2);
  assert.equal(store.stream("sensor.x")?.reading?.value, 4);
});

test("a number that stands for the clock's step is not missed, and a driver that failed is an error with its cause", () => {
  const store = new Store(() => undefined);
  const gap = (reason: string, at: number) => ({ gap: { boot: "b", from: at, to: at, reason } });
  const receive = (value: unknown, kwargs: object): void =>
    store.receive(readingOf("sensor.x", value, { boot: "b", ...kwargs }), 1);
  receive(4, { seq: 1 });
  receive(null, { quality: "error", ...gap("clock_step", 2) });
  receive(5, { seq: 3 });
  const stream = store.stream("sensor.x");
  assert.deepEqual([stream?.missed, stream?.reading?.value], [0, 5]);
  receive(null, { quality: "error", cause: "nothing is read: no such device", ...gap("driver_fault", 4) });
  assert.equal(stream?.stale(undefined, 1), "nothing is read: no such device");
  assert.equal(stream?.lastGood, 5);
  receive(6, { seq: 5 });
  assert.deepEqual([stream?.missed, stream?.reading?.value], [0, 6]);
});

const WALL = 1_700_000_000_000;

/** A page beside a board whose door swings every 1.5 s. */
async function beside() {
  const rig = makeRig({ durable: ["door"] });
  await rig.start();
  const { host, clock } = rig;
  const client = new Client({
    connect: host.connector,
    realm: "realm1",
    timers: clock,
    clock: clock.now,
    random: () => 0.9,
  });
  const store = new Store(() => undefined);
  const finding = new FindingBoards({ client, store, timers: clock, now: () => WALL + clock.now() });
  finding.start();
  await clock.advance(2_000);
  const line = rig.board.gpio.line(27);
  const swing = async (times: number): Promise<void> => {
    for (let n = 0; n < times; n += 1) {
      line.pull(line.level === 0 ? 1 : 0);
      await clock.advance(1_500);
    }
  };
  return { rig, store, swing };
}

test("after the router was away, the page asks the board for what it missed and shows all of it", async () => {
  const { rig, store, swing } = await beside();
  await swing(4);
  rig.host.crash();
  await rig.clock.advance(100);
  await swing(20);
  rig.host.restart();
  await rig.clock.advance(90_000);
  await swing(1);
  const drawn = store.stream("sensor.door")?.series.points(WALL + rig.clock.now()).values ?? [];
  assert.ok(!drawn.includes(null), "no break is left");
  assert.ok(drawn.filter((value) => value !== null).length >= 25, `${String(drawn.length)} points`);
});

test("readings that the router left out for a slow page are told and fetched from the board", async () => {
  const { rig, store, swing } = await beside();
  await swing(3);
  const [, far] = rig.host.links.at(-1) ?? [];
  assert.ok(far);
  const send = far.send.bind(far);
  let dropped = 0;
  // as the policies for slow consumers do it: events go, and the next one says how many
  far.send = (message) => {
    if (message.type !== "EVENT" || message.details["topic"] !== "sensor.door") return send(message);
    if (dropped < 5) {
      dropped += 1;
      return true;
    }
    far.send = send;
    return send({ ...message, details: { ...message.details, pinion_dropped: dropped } });
  };
  await swing(8);
  assert.equal(store.leftOut.readings, 5);
  await rig.clock.advance(5_000);
  const drawn = store.stream("sensor.door")?.series.points(WALL + rig.clock.now()).values ?? [];
  assert.ok(!drawn.includes(null), "no break is left");
  assert.ok(drawn.length >= 11, `${String(drawn.length)} points`);
});
