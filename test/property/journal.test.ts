/**
 * The journal against power that goes at any write, disks that fail and bits that flip: whatever was appended is delivered as it was
 * made, or lies in a gap that was told.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { Reading } from "../../drivers/reading.ts";
import { gapEnd, type Gap } from "../../device/journal/gap.ts";
import { BootClocks } from "../../device/journal/boot-clocks.ts";
import { Journal } from "../../device/journal/journal.ts";
import type { JournalLimits } from "../../device/journal/journal-limits.ts";
import { settle, VirtualClock } from "../support/virtual-clock.ts";
import { VirtualDisk, type DiskFault } from "../support/virtual-disk.ts";

const STREAMS = ["kiln", "tank"] as const;
const LIMITS = { capacity: 16_384, segment: 1_024, commitEvery: 2_000, commitOctets: 512, memory: 700, reading: 300 };
const ROOMY = { ...LIMITS, capacity: 131_072, memory: 4_096 };
/** More with PINION_PROPERTY_RUNS. */
const RUNS = Number(process.env["PINION_PROPERTY_RUNS"] ?? 150);
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

type Step =
  | { readonly do: "read"; readonly stream: 0 | 1; readonly count: number; readonly wide: boolean }
  | { readonly do: "wait"; readonly ms: number }
  /** Slowly: readings are made and written while the backlog is on its way. */
  | { readonly do: "deliver"; readonly most: number; readonly slowly: boolean }
  | { readonly do: "tell" }
  | { readonly do: "fault"; readonly fault: DiskFault | undefined };

interface Boot {
  readonly steps: readonly Step[];
  /** Ends in order, by a kill, or by power going after so many more writes. */
  readonly end: "close" | "kill" | { readonly writes: number };
}

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("read" as const),
      stream: fc.constantFrom(0 as const, 1 as const),
      count: fc.integer({ min: 1, max: 30 }),
      wide: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(10, 2_000, 40_000) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("deliver" as const),
      most: fc.integer({ min: 1, max: 60 }),
      slowly: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: "tell" as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("fault" as const),
      fault: fc.constantFrom(undefined, "full" as const, "read-only" as const, "input/output error" as const),
    }),
  },
);
const end = fc.oneof(
  fc.constant("close" as const),
  fc.constant("kill" as const),
  fc.record({ writes: fc.integer({ min: 0, max: 40 }) }),
);
const boot: fc.Arbitrary<Boot> = fc.record({ steps: fc.array(step, { maxLength: 20 }), end });

/** Board, disk and consumer over many boots. */
class World {
  readonly disk = new VirtualDisk();
  readonly clock = new VirtualClock(1_000);
  readonly made = new Map<string, Reading>();
  readonly got = new Map<string, Reading>();
  readonly gaps = new Map<string, Gap>();
  readonly #chance: (bound: number) => number;
  readonly #limits: JournalLimits;
  #boots = 0;

  constructor(seed: number, limits: JournalLimits = LIMITS) {
    this.#limits = limits;
    let state = seed >>> 0;
    this.#chance = (bound) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * (bound + 1));
    };
  }

  get chance(): (bound: number) => number {
    return this.#chance;
  }

  async run({ steps, end: how }: Boot): Promise<void> {
    if (typeof how === "object") this.disk.writesLeft = how.writes;
    this.#boots += 1;
    const name = `b${String(this.#boots)}`;
    const journal = await this.#alive(this.#open(name));
    if (journal !== undefined) {
      const seqs = [0, 0];
      for (const one of steps) {
        if (!this.disk.isPowered) break;
        await this.#alive(this.#step(journal, one, name, seqs));
      }
      if (how === "close") {
        this.disk.fault = undefined;
        await this.#alive(journal.close());
      }
    }
    this.disk.fault = undefined;
    if (how === "close") return;
    this.disk.cutPower(how === "kill" ? (bound) => bound : this.#chance);
  }

  /** The link is back for good. */
  async catchUp(): Promise<void> {
    this.#boots += 1;
    const journal = await this.#open(`b${String(this.#boots)}`);
    await this.#deliver(journal, Number.POSITIVE_INFINITY);
    this.#tell(journal);
    assert.equal(journal.pending, 0, "everything that is owed can be delivered");
    await journal.close();
  }

  /** Nobody waits for what a dead machine was doing. */
  async #alive<Value>(work: Promise<Value>): Promise<Value | undefined> {
    const outcome: { value?: Value; isDone: boolean } = { isDone: false };
    work.then(
      (value) => {
        Object.assign(outcome, { value, isDone: true });
      },
      (error: unknown) => {
        throw error;
      },
    );
    while (!outcome.isDone && this.disk.isPowered) await settle();
    return outcome.value;
  }

  #open(name: string): Promise<Journal> {
    const { clock, disk } = this;
    const time = { wall: () => 1_700_000_000_000 + clock.now(), mono: clock.now };
    const after = (ms: number, run: () => void): (() => void) => {
      const id = clock.setTimeout(() => {
        if (this.#boots === Number(name.slice(1))) run();
      }, ms);
      return () => clock.clearTimeout(id);
    };
    return Journal.open({
      disk,
      clock: time,
      clocks: new BootClocks({ boot: name, clock: time }),
      timers: { after },
      log: silent,
      boot: name,
      streams: STREAMS,
      limits: this.#limits,
    });
  }

  async #step(journal: Journal, one: Step, name: string, seqs: number[]): Promise<void> {
    switch (one.do) {
      case "read":
        for (let n = 0; n < one.count; n += 1) this.#read(journal, one, name, seqs);
        return;
      case "wait":
        return this.clock.advance(one.ms);
      case "deliver":
        return this.#deliver(
          journal,
          one.most,
          one.slowly ? (): Promise<void> => this.#meanwhile(journal, name, seqs) : undefined,
        );
      case "tell":
        return this.#tell(journal);
      case "fault":
        this.disk.fault = one.fault;
    }
  }

  #read(journal: Journal, { stream, wide }: Extract<Step, { do: "read" }>, name: string, seqs: number[]): void {
    const seq = (seqs[stream] ?? 0) + 1;
    seqs[stream] = seq;
    const value = wide && seq % 7 === 0 ? "w".repeat(300) : seq / 3;
    const now = this.clock.now();
    const reading: Reading = {
      value,
      unit: "degC",
      t: 1_700_000_000_000 + now,
      mono: now,
      boot: name,
      seq,
      quality: "good",
    };
    this.made.set(keyOf(STREAMS[stream], reading), reading);
    journal.append(STREAMS[stream], reading);
  }

  async #meanwhile(journal: Journal, name: string, seqs: number[]): Promise<void> {
    this.#read(journal, { do: "read", stream: 0, count: 1, wide: false }, name, seqs);
    await this.clock.advance(700);
  }

  async #deliver(journal: Journal, most: number, meanwhile?: () => Promise<void>): Promise<void> {
    let count = 0;
    for await (const { stream, reading } of journal.backlog()) {
      if (count >= most) return;
      count += 1;
      if (count % 5 === 0) await meanwhile?.();
      this.got.set(keyOf(stream, reading), reading);
      journal.delivered(reading.boot, stream, reading.seq);
    }
  }

  #tell(journal: Journal): void {
    for (const gap of journal.gaps()) {
      const known = this.gaps.get(gap.id);
      if (known === undefined || gapEnd(gap) > gapEnd(known)) this.gaps.set(gap.id, gap);
      journal.gapDelivered(gap);
    }
  }
}

function keyOf(stream: string, { boot: name, seq }: Pick<Reading, "boot" | "seq">): string {
  return `${stream} ${name} ${String(seq)}`;
}

function check(world: World): void {
  for (const [key, reading] of world.got) assert.deepEqual(reading, world.made.get(key), `${key} came as it was made`);
  for (const [key, { boot: name, seq }] of world.made) {
    if (world.got.has(key)) continue;
    const stream = key.split(" ")[0];
    const told = [...world.gaps.values()].some(
      (gap) => gap.stream === stream && gap.boot === name && gap.from <= seq && seq <= gapEnd(gap),
    );
    assert.ok(told, `${key} is neither delivered nor in a gap`);
  }
}

test("whatever power cuts and failing disks do, each reading is delivered as it was made or lies in a gap that was told", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(boot, { minLength: 1, maxLength: 6 }), fc.nat(), async (boots, seed) => {
      const world = new World(seed);
      for (const one of boots) await world.run(one);
      await world.catchUp();
      check(world);
    }),
    { numRuns: RUNS },
  );
});

test("a journal with room on a disk that works loses nothing but the end of what power cut off", async () => {
  const gentle = boot.map(({ steps, end: how }): Boot => {
    const narrow = steps.map((one): Step => (one.do === "read" ? { ...one, wide: false } : one));
    return { steps: narrow.filter((one) => one.do !== "fault"), end: how };
  });
  await fc.assert(
    fc.asyncProperty(fc.array(gentle, { minLength: 1, maxLength: 6 }), fc.nat(), async (boots, seed) => {
      const world = new World(seed, { ...ROOMY, memory: 262_144, capacity: 1_048_576 });
      for (const one of boots) await world.run(one);
      await world.catchUp();
      check(world);
      for (const { reason, to } of world.gaps.values()) assert.deepEqual([reason, to], ["unclean_stop", null]);
    }),
    { numRuns: Math.ceil(RUNS / 3) },
  );
});

test("one bit that flips anywhere in the journal loses no reading in silence", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(boot, { minLength: 1, maxLength: 5 }), fc.nat(), async (boots, seed) => {
      const world = new World(seed);
      for (const one of boots) await world.run(one);
      world.disk.flipBit(world.chance);
      await world.catchUp();
      check(world);
    }),
    { numRuns: RUNS },
  );
});

test("what a failed sync left behind is written again elsewhere before it is taken for written", async () => {
  const world = new World(1, ROOMY);
  const read = { do: "read", stream: 0, count: 3, wide: false } as const;
  const wait = { do: "wait", ms: 40_000 } as const;
  await world.run({
    steps: [
      read,
      wait,
      { do: "fault", fault: "input/output error" },
      read,
      wait,
      { do: "fault", fault: undefined },
      wait,
      read,
      wait,
    ],
    end: "kill",
  });
  await world.catchUp();
  assert.equal(world.got.size, 9);
});

test("a run that ended in order and lost nothing declares no gap", async () => {
  const world = new World(1, ROOMY);
  await world.run({
    steps: [
      { do: "read", stream: 0, count: 30, wide: false },
      { do: "wait", ms: 2_000 },
    ],
    end: "close",
  });
  await world.run({ steps: [{ do: "read", stream: 1, count: 5, wide: false }], end: "close" });
  await world.catchUp();
  assert.equal(world.gaps.size, 0);
  assert.equal(world.got.size, 35);
});

test("a kill loses at most what was not committed, and says so with an open end", async () => {
  const world = new World(1, ROOMY);
  const read = { do: "read", stream: 0, count: 3, wide: false } as const;
  await world.run({ steps: [read, { do: "wait", ms: 2_000 }, read], end: "kill" });
  await world.catchUp();
  assert.equal(world.got.size, 3);
  const gaps = [...world.gaps.values()].map(({ stream, from, to, reason }) => ({ stream, from, to, reason }));
  assert.deepEqual(gaps, [
    { stream: "kiln", from: 4, to: null, reason: "unclean_stop" },
    { stream: "tank", from: 1, to: null, reason: "unclean_stop" },
  ]);
});
