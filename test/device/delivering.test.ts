/** The board's readings, journaled or not, as a consumer gets them: live, late, and when asked for. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Client } from "@pinion/wamp/client";
import { journalDirectory } from "../../device/journal-directory.ts";
import { openJournalPlace } from "../../device/journal-place.ts";
import { VirtualDisk } from "../support/virtual-disk.ts";
import { answer, at, makeRig, type Rig, type RigOptions } from "./rig.ts";

async function started(options: RigOptions = {}): Promise<{ rig: Rig; client: Client }> {
  const rig = makeRig({ durable: ["door"], ...options });
  await rig.start();
  return { rig, client: await rig.guest() };
}

/** Moves the door so often, each a reading. */
async function swing({ board, clock }: Rig, times: number): Promise<void> {
  for (let n = 0; n < times; n += 1) {
    board.gpio.line(27).pull(board.gpio.line(27).level === 0 ? 1 : 0);
    await clock.advance(100);
  }
}

const seqsOf = (page: unknown): unknown[] => {
  const readings = at(page, "readings");
  assert.ok(Array.isArray(readings));
  return readings.map((one) => at(one, "seq"));
};

test("what a durable stream reads while the router is away is delivered after it, each number once", async () => {
  const { rig, client } = await started();
  const heard: unknown[] = [];
  await client.subscribe("sensor.door", ({ kwargs }) => void heard.push(kwargs["seq"]));
  await swing(rig, 2);
  rig.host.crash();
  await rig.clock.advance(100);
  await swing(rig, 6);
  rig.host.restart();
  await rig.clock.advance(90_000);
  const all = seqsOf(await answer(client, "device.history", ["door", null, 100]));
  assert.deepEqual(
    all,
    Array.from({ length: all.length }, (_, index) => index + 1),
  );
  assert.deepEqual(rig.runtime.health().journal?.pending, 0);
  // and the one that was made before the first session
  assert.equal(rig.runtime.health().readings.durable?.replayed, 7);
});

test("device.history gives pages after a cursor, and says when there is more", async () => {
  const { rig, client } = await started();
  await swing(rig, 9);
  const first = await answer(client, "device.history", ["door", null, 4]);
  assert.deepEqual(seqsOf(first), [1, 2, 3, 4]);
  assert.equal(at(first, "more"), true);
  const second = await answer(client, "device.history", [], {
    stream: "sensor.door",
    after: { boot: "boot1", seq: 4 },
  });
  assert.deepEqual(seqsOf(second).slice(0, 3), [5, 6, 7]);
  assert.equal(at(second, "more"), false);
  assert.equal(at(second, "device"), "bench");
});

test("device.history of a stream that is not journaled gives what went by lately", async () => {
  const { rig, client } = await started({ durable: [] });
  await swing(rig, 5);
  const page = await answer(client, "device.history", ["door", 2]);
  assert.deepEqual(seqsOf(page).slice(0, 3), [3, 4, 5]);
  assert.deepEqual(at(page, "gaps"), []);
});

for (const [given, argument] of [
  [["nowhere"], "stream"],
  [["door", "yesterday"], "after"],
  [["door", null, 0], "limit"],
  [["door", null, 100_000], "limit"],
] as const) {
  test(`device.history refuses ${JSON.stringify(given)}, naming ${argument}`, async () => {
    const { client } = await started();
    await assert.rejects(
      answer(client, "device.history", given),
      (error) => at(error, "kwargs", "argument") === argument,
    );
  });
}

test("in a fleet the procedure carries the board's id", async () => {
  const { client } = await started({ naming: "fleet", id: "attic" });
  assert.equal(at(await answer(client, "device.attic.history", ["sensor.attic.door"]), "topic"), "sensor.attic.door");
});

test("after an orderly end the next run delivers what is owed and declares no gap", async () => {
  const disk = new VirtualDisk();
  const first = await started({ disk });
  first.rig.host.crash();
  await first.rig.clock.advance(10);
  await swing(first.rig, 3);
  const stopping = first.rig.runtime.stop();
  await first.rig.clock.advance(5_000);
  await stopping;
  const { rig, client } = await started({ disk, boot: "boot2" });
  await rig.clock.advance(10_000);
  const page = await answer(client, "device.history", ["door"]);
  assert.deepEqual(at(page, "gaps"), []);
  const boots = at(page, "boots");
  assert.equal(at(boots, 0, "boot"), "boot1");
  assert.equal(rig.runtime.health().journal?.pending, 0);
});

test("a disk that takes nothing is told in health, and the board goes on", async () => {
  const disk = new VirtualDisk();
  const { rig, client } = await started({ disk });
  disk.fault = "full";
  await swing(rig, 2);
  await rig.clock.advance(10_000);
  const { journal, state } = rig.runtime.health();
  assert.equal(journal?.state, "failing");
  assert.match(journal?.cause ?? "", /full/);
  assert.equal(state, "degraded");
  assert.equal(at(await answer(client, "device.gpio.set", ["relay", 1]), "readBack"), 1);
  disk.fault = undefined;
  await rig.clock.advance(120_000);
  assert.equal(rig.runtime.health().journal?.state, "ok");
});

test("without a directory the journal is in memory and says so", async () => {
  const place = await openJournalPlace(undefined);
  assert.match(place.cause ?? "", /no directory: set journal\.directory/);
  assert.equal(place.directory, undefined);
});

test("two journals never share a directory, however it is written", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "pinion-journal-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const one = await openJournalPlace(join(folder, "journal"));
  assert.equal(one.directory, join(folder, "journal"));
  const other = await openJournalPlace(join(folder, "..", folder.split("/").at(-1) ?? "", "journal"));
  assert.match(other.cause ?? "", /another process keeps its journal/);
  one.release();
  const later = await openJournalPlace(join(folder, "journal"));
  assert.equal(later.cause, undefined);
  later.release();
  assert.ok(existsSync(join(folder, "journal")));
});

test("the journal is beside what else outlives the process, in the first folder that systemd names", () => {
  assert.equal(journalDirectory("/data/j", "/var/lib/pinion"), "/data/j");
  assert.equal(journalDirectory(undefined, "/var/lib/pinion:/var/lib/other"), "/var/lib/pinion/journal");
  assert.equal(journalDirectory(undefined, undefined), undefined);
});
