/** The past of a stream, page by page, over many boots: each reading once and in order, and each number accounted for. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { BootClocks } from "../../device/journal/boot-clocks.ts";
import { Journal } from "../../device/journal/journal.ts";
import type { Cursor } from "../../device/journal/read-back.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { VirtualDisk } from "../support/virtual-disk.ts";

const STREAMS = ["kiln", "tank"] as const;
const LIMITS = {
  capacity: 1_048_576,
  segment: 512,
  commitEvery: 2_000,
  commitOctets: 65_536,
  memory: 262_144,
  reading: 1_000,
};
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
/** Each such number is a gap of its own. */
const GAP_EVERY = 5;

interface Step {
  readonly stream: (typeof STREAMS)[number];
  readonly count: number;
  /** Written, and its gaps told, before the next one. */
  readonly isWritten: boolean;
}

const step: fc.Arbitrary<Step> = fc.record({
  stream: fc.constantFrom(...STREAMS),
  count: fc.integer({ min: 1, max: 9 }),
  isWritten: fc.boolean(),
});

function open(disk: VirtualDisk, boot: string): Promise<Journal> {
  const clock = new VirtualClock(1_000);
  const time = { wall: clock.now, mono: clock.now };
  return Journal.open({
    disk,
    clock: time,
    clocks: new BootClocks({ boot, clock: time }),
    timers: { after: () => () => undefined },
    log: silent,
    boot,
    streams: STREAMS,
    limits: LIMITS,
  });
}

/** Answers the names of the readings made, by stream. */
async function live(journal: Journal, boot: string, steps: readonly Step[]): Promise<Map<string, string[]>> {
  const made = new Map<string, string[]>(STREAMS.map((stream) => [stream, []]));
  const seqs = new Map<string, number>();
  for (const { stream, count, isWritten } of steps) {
    for (let n = 0; n < count; n += 1) {
      const seq = (seqs.get(stream) ?? 0) + 1;
      seqs.set(stream, seq);
      if (seq % GAP_EVERY === 0)
        journal.declareGap(stream, [seq, seq], { reason: "driver_fault", detail: { cause: "x" } });
      else {
        journal.append(stream, { value: seq, t: seq, mono: seq, boot, seq, quality: "good" });
        made.get(stream)?.push(`${boot} ${String(seq)}`);
      }
    }
    if (!isWritten) continue;
    for (const gap of journal.gaps()) journal.gapDelivered(gap);
    await journal.flush();
  }
  return made;
}

interface Read {
  readonly readings: readonly string[];
  readonly gaps: ReadonlySet<string>;
}

async function readAll(journal: Journal, stream: string, limit: number): Promise<Read> {
  const readings: string[] = [];
  const gaps = new Set<string>();
  let after: Cursor | undefined;
  for (let more = true; more;) {
    const page = await journal.history(stream, after, limit);
    for (const { boot, seq } of page.readings) readings.push(`${boot} ${String(seq)}`);
    for (const { boot, from } of page.gaps) gaps.add(`${boot} ${String(from)}`);
    after = page.readings.at(-1) ?? after;
    more = page.more;
  }
  return { readings, gaps };
}

test("pages of any size put together are all readings, in order, and their gaps are all numbers between", async () => {
  const boots = fc.array(fc.array(step, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(boots, fc.integer({ min: 1, max: 9 }), async (all, limit) => {
      const disk = new VirtualDisk();
      const made = new Map<string, string[]>(STREAMS.map((stream) => [stream, []]));
      let journal = await open(disk, "b0");
      for (const [index, steps] of all.entries()) {
        if (index > 0) {
          await journal.close();
          journal = await open(disk, `b${String(index)}`);
        }
        for (const [stream, names] of await live(journal, `b${String(index)}`, steps)) made.get(stream)?.push(...names);
      }
      for (const stream of STREAMS) {
        const { readings, gaps } = await readAll(journal, stream, limit);
        assert.deepEqual(readings, made.get(stream));
        for (const name of readings) {
          const [boot = "", seq = ""] = name.split(" ");
          const before = Number(seq) - 1;
          if (before % GAP_EVERY === 0 && before > 0)
            assert.ok(gaps.has(`${boot} ${String(before)}`), `${name} of ${stream}`);
        }
      }
    }),
    { numRuns: 100 },
  );
});
