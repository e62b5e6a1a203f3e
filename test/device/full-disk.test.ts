/** The journal on a real file system that is full, read-only or of bad faith. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { Reading } from "../../drivers/reading.ts";
import { BootClocks } from "../../device/journal/boot-clocks.ts";
import type { Disk } from "../../device/journal/disk.ts";
import { Journal } from "../../device/journal/journal.ts";
import { nodeDisk } from "../../device/journal/node-disk.ts";
import { temporaryFolder } from "../support/programs.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const LIMITS = {
  capacity: 65_536,
  segment: 4_096,
  commitEvery: 0,
  commitOctets: 65_536,
  memory: 2_048,
  reading: 1_024,
};
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** A disk whose writes fail with this code while it is set. */
class Failing {
  code: string | undefined;
  readonly disk: Disk;

  constructor(folder: string) {
    const real = nodeDisk(folder);
    this.disk = {
      ...real,
      create: async (name) => {
        const file = await real.create(name);
        return { ...file, append: (octets) => this.#guard(() => file.append(octets)) };
      },
    };
  }

  #guard(run: () => Promise<void>): Promise<void> {
    if (this.code === undefined) return run();
    return Promise.reject(Object.assign(new Error(`${this.code}: made up`), { code: this.code }));
  }
}

interface Bench {
  readonly folder: string;
  readonly failing: Failing;
  readonly journal: Journal;
  /** Makes readings, each written at once or not. */
  readonly read: (count: number) => Promise<void>;
}

async function bench(t: TestContext): Promise<Bench> {
  const folder = join(temporaryFolder(t), "journal");
  const clock = new VirtualClock(1_000);
  const time = { wall: clock.now, mono: clock.now };
  const failing = new Failing(folder);
  const journal = await Journal.open({
    disk: failing.disk,
    clock: time,
    clocks: new BootClocks({ boot: "b", clock: time }),
    timers: { after: () => () => undefined },
    log: silent,
    boot: "b",
    streams: ["tank"],
    limits: LIMITS,
  });
  let seq = 0;
  const read = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n += 1) {
      seq += 1;
      const reading: Reading = { value: "x".repeat(400), t: seq, mono: seq, boot: "b", seq, quality: "good" };
      journal.append("tank", reading);
      await journal.flush();
    }
  };
  return { folder, failing, journal, read };
}

test("tries on a full disk leave no empty files behind, which would push out what is kept", async (t) => {
  const { folder, failing, journal, read } = await bench(t);
  await read(30);
  const kept = readdirSync(folder).length;
  const { pending } = journal;
  failing.code = "EIO";
  await read(1);
  for (let n = 0; n < 50; n += 1) await journal.flush();
  assert.ok(readdirSync(folder).length <= kept + 1, `${String(readdirSync(folder).length)} files of ${String(kept)}`);
  assert.equal(journal.pending, pending + 1, "nothing was given up");
  failing.code = undefined;
  assert.equal(await journal.flush(), true);
  assert.deepEqual(journal.gaps(), []);
});

test("on a disk that others have filled, what everybody has makes room for what nobody has", async (t) => {
  const { folder, failing, journal, read } = await bench(t);
  await read(30);
  for (let seq = 1; seq <= 20; seq += 1) journal.delivered("b", "tank", seq);
  const before = readdirSync(folder).length;
  failing.code = "ENOSPC";
  await read(1);
  for (let n = 0; n < 20; n += 1) await journal.flush();
  assert.ok(readdirSync(folder).length < before);
  failing.code = undefined;
  await journal.flush();
  const owed: number[] = [];
  for await (const { reading } of journal.backlog()) owed.push(reading.seq);
  assert.deepEqual(
    owed,
    Array.from({ length: 11 }, (_, index) => index + 21),
  );
  assert.deepEqual(journal.gaps(), []);
});
