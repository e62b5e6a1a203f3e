/** Consumers that come and go: the board's history and what it sends live, joined by the client. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageError } from "@pinion/wamp";
import { SeenReadings, type Client, type ReadingCursor, type ReadingGap, type Registration } from "@pinion/wamp/client";
import { VirtualDisk } from "../support/virtual-disk.ts";
import { makeRig, type Rig, type RigOptions } from "./rig.ts";

interface Consumer {
  readonly client: Client;
  readonly seqs: number[];
  readonly boots: string[];
  readonly gaps: ReadingGap[];
  cursor(): ReadingCursor;
}

async function board(options: RigOptions = {}): Promise<Rig> {
  const rig = makeRig({ durable: ["door"], ...options });
  await rig.start();
  return rig;
}

async function consumer(rig: Rig, from: ReadingCursor | Record<string, never> = {}): Promise<Consumer> {
  const client = await rig.guest();
  const seqs: number[] = [];
  const boots: string[] = [];
  const gaps: ReadingGap[] = [];
  const subscription = await client.subscribe(
    "sensor.door",
    ({ kwargs }) => {
      seqs.push(Number(kwargs["seq"]));
      boots.push(String(kwargs["boot"]));
    },
    { from, onReadingGap: (gap) => void gaps.push(gap) },
  );
  await rig.clock.advance(1_000);
  return { client, seqs, boots, gaps, cursor: () => subscription.cursor() };
}

async function swing({ board: { gpio }, clock }: Rig, times: number): Promise<void> {
  for (let n = 0; n < times; n += 1) {
    gpio.line(27).pull(gpio.line(27).level === 0 ? 1 : 0);
    await clock.advance(100);
  }
}

const upTo = (last: number, first = 1): number[] => Array.from({ length: last - first + 1 }, (_, i) => first + i);

test("history and live are joined in order, without hole or duplicate", async () => {
  const rig = await board();
  await swing(rig, 5);
  const heard = await consumer(rig);
  await swing(rig, 5);
  assert.deepEqual(heard.seqs, upTo(11));
  assert.deepEqual(heard.gaps, []);
});

test("a consumer that was away goes on behind its cursor, which survives as JSON", async () => {
  const rig = await board();
  const first = await consumer(rig);
  await swing(rig, 4);
  const cursor = JSON.parse(JSON.stringify(first.cursor())) as ReadingCursor; // as it was
  await first.client.close();
  await swing(rig, 7);
  const second = await consumer(rig, cursor);
  await swing(rig, 2);
  assert.deepEqual([...first.seqs, ...second.seqs], upTo(14));
});

test("readings of a router's absence are handed on in order, though the board sends the new ones first", async () => {
  const rig = await board();
  const heard = await consumer(rig);
  rig.host.crash();
  await rig.clock.advance(10);
  await swing(rig, 40);
  rig.host.restart();
  for (let n = 0; n < 60; n += 1) {
    await swing(rig, 1);
    await rig.clock.advance(1_000);
  }
  assert.deepEqual(heard.seqs, upTo(101));
  assert.deepEqual(heard.gaps, []);
});

test("what the journal could not keep is one gap in its place", async () => {
  const disk = new VirtualDisk();
  const before = await board({ disk });
  const first = await consumer(before);
  await swing(before, 3);
  const cursor = first.cursor();
  before.host.crash();
  await before.clock.advance(3_000);
  await swing(before, 2);
  disk.cutPower((bound) => bound);
  const after = await board({ disk, boot: "boot2" });
  const second = await consumer(after, cursor);
  await swing(after, 3);
  const lost = second.gaps.map(({ boot, from, to, reason }) => ({ boot, from, to, reason }));
  assert.equal(lost.length, 1);
  assert.deepEqual([lost[0]?.boot, lost[0]?.to, lost[0]?.reason], ["boot1", Number.POSITIVE_INFINITY, "unclean_stop"]);
  const kept = [...first.seqs, ...second.seqs.filter((_, index) => second.boots[index] === "boot1")];
  assert.deepEqual(kept, upTo((lost[0]?.from ?? 0) - 1));
  assert.deepEqual(
    second.seqs.filter((_, index) => second.boots[index] === "boot2"),
    upTo(4),
  );
});

test("a stream that is not journaled is joined with what the board remembers, and the rest is told", async () => {
  const rig = await board({ durable: [] });
  const heard = await consumer(rig);
  await swing(rig, 2);
  await heard.client.close();
  await swing(rig, 600);
  const later = await consumer(rig, heard.cursor());
  assert.equal(later.seqs.at(-1), 603);
  assert.deepEqual(later.seqs, upTo(603, 603 - later.seqs.length + 1));
  assert.deepEqual(
    later.gaps.map(({ from, to, reason }) => ({ from, to, reason })),
    [{ from: 4, to: 603 - later.seqs.length, reason: "dropped_by_policy" }],
  );
});

test("a board whose readings are heard before it has said who it is is asked for its history all the same", async () => {
  const rig = makeRig({});
  const late = await rig.guest();
  const reading = (seq: number): object => ({ value: seq, device: "late", boot: "b", seq, t: seq, quality: "good" });
  let newest = 3;
  const offered = {
    id: "late",
    procedures: { history: "device.history" },
    drivers: [{ channels: [{ streams: { door: { topic: "sensor.door" } } }] }],
    lastReadings: [],
  };
  const announce = (): void => void late.publish("device.announce", [offered]);
  const registration = await late.register("device.history", ({ kwargs }) => {
    const after = kwargs["after"] as { seq: number } | null; // what the client asks
    const readings = upTo(newest, (after?.seq ?? 0) + 1).map(reading);
    return { readings, gaps: [], boots: [{ boot: "b", seq: newest }], more: false, found: true };
  });
  const discovery = await late.subscribe("device.discover", announce);
  const first = await consumer(rig);
  await rig.clock.advance(5_000);
  assert.deepEqual(first.seqs, [1, 2, 3]);
  await first.client.close();
  await discovery.unsubscribe();
  newest = 6;
  const second = await consumer(rig, first.cursor());
  await late.publish("sensor.door", [6], reading(6) as Record<string, unknown>); // as it stands there
  await rig.clock.advance(500);
  announce();
  await rig.clock.advance(10_000);
  assert.deepEqual([second.seqs, second.gaps], [[4, 5, 6], []]);
  await registration.unregister();
});

test("a cursor that is none is refused", async () => {
  const rig = await board();
  const client = await rig.guest();
  const from = {
    version: 1,
    streams: { "bench sensor.door": [["boot1", [["x", 2]], []]] },
  } as unknown as ReadingCursor; // what a damaged file gives
  await assert.rejects(
    client.subscribe("sensor.door", () => undefined, { from }),
    (error) => error instanceof UsageError && error.code === "invalid_option",
  );
});

test("readings that come more than once are told by device, stream, boot and number", () => {
  const seen = new SeenReadings();
  const key = { device: "attic", topic: "sensor.t", boot: "a", seq: 7 };
  assert.equal(seen.add(key), true);
  assert.equal(seen.add(key), false);
  assert.equal(seen.add({ ...key, boot: "b" }), true);
  assert.equal(seen.add({ ...key, device: "cellar" }), true);
  assert.equal(seen.add({ ...key, topic: "sensor.u" }), true);
  assert.equal(new SeenReadings(seen.cursor()).add(key), false);
});

test("what a stream that is not journaled could not send is taken from the board's memory, and is then no gap", async () => {
  const rig = await board({ durable: [] });
  const heard = await consumer(rig);
  rig.host.crash();
  await rig.clock.advance(10);
  await swing(rig, 40);
  rig.host.restart();
  await rig.clock.advance(90_000);
  await swing(rig, 2);
  assert.deepEqual(heard.seqs, upTo(43));
  assert.deepEqual(heard.gaps, []);
});

/** A board made of a client alone: its history and its readings come when the test says so. */
async function madeUpBoard(rig: Rig, history: readonly number[]): Promise<{ client: Client; held: Registration }> {
  const client = await rig.guest();
  const readings = history.map((seq) => ({ value: seq, t: seq, mono: seq, boot: "b", seq, quality: "good" }));
  const page = { readings, gaps: [], boots: [{ boot: "b", seq: history.at(-1) ?? 0 }], more: false, found: true };
  const held = await client.register("device.far.history", ({ kwargs }) => {
    const { seq } = kwargs["after"] as { seq: number }; // asked with a cursor by the client under test
    return { ...page, readings: readings.filter((one) => one.seq > seq) };
  });
  const streams = { tide: { topic: "sensor.tide" } };
  const description = {
    id: "far",
    procedures: { history: "device.far.history" },
    drivers: [{ channels: [{ streams }] }],
  };
  await client.publish("device.announce", [description]);
  return { client, held };
}

async function tide(client: Client, seq: number): Promise<void> {
  await client.publish(
    "sensor.tide",
    [seq],
    { boot: "b", seq, t: seq, device: "far", quality: "good" },
    { acknowledge: true },
  );
}

for (const isBack of [true, false]) {
  test(`what comes behind a hole waits for a board that has gone ${isBack ? "until it is back" : "for ten minutes"}`, async () => {
    const rig = makeRig();
    const client = await rig.guest();
    const seqs: number[] = [];
    const gaps: ReadingGap[] = [];
    const onReadingGap = (gap: ReadingGap): void => void gaps.push(gap);
    const handler = ({ kwargs }: { kwargs: Readonly<Record<string, unknown>> }): void =>
      void seqs.push(Number(kwargs["seq"]));
    await client.subscribe("sensor.tide", handler, {
      from: { version: 1, streams: { "far sensor.tide": [["b", [[1, 1]], []]] } },
      onReadingGap,
    });
    const first = await madeUpBoard(rig, []);
    await tide(first.client, 2);
    await rig.clock.advance(1_000);
    await first.held.unregister();
    await tide(first.client, 6);
    await first.client.close();
    await rig.clock.advance(60_000);
    assert.deepEqual([seqs, gaps], [[2], []]);
    if (isBack) {
      await madeUpBoard(rig, [3, 4, 5, 6, 7]);
      await rig.clock.advance(1_000);
      assert.deepEqual([seqs, gaps], [[2, 3, 4, 5, 6, 7], []]);
    } else {
      await rig.clock.advance(600_000);
      assert.deepEqual(seqs, [2, 6]);
      assert.deepEqual(
        gaps.map(({ from, to, reason }) => [from, to, reason]),
        [[3, 5, "history_unavailable"]],
      );
    }
  });
}
