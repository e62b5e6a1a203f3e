import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { LARGEST_BLOCK, SLAB, WaitingMemory, type Block } from "../../router-bridge/waiting-memory.ts";

class Clock {
  #due: (() => void)[] = [];
  readonly after = (_ms: number, run: () => void): void => void this.#due.push(run);

  pass(): void {
    const due = this.#due;
    this.#due = [];
    for (const run of due) run();
  }
}

interface Held {
  readonly block: Block;
  readonly octets: Uint8Array;
}

const contentOf = ({ block: { slab, start }, octets }: Held): Uint8Array =>
  slab.octets.subarray(start, start + octets.length);

const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      what: fc.constant("put" as const),
      length: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: LARGEST_BLOCK })),
      fill: fc.integer({ min: 1, max: 255 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constant("free" as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.constant({ what: "pass" as const }) },
);

test("a block holds what was put into it until it is freed, whatever is put and freed beside it", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const clock = new Clock();
      const memory = new WaitingMemory(clock.after);
      const held: Held[] = [];
      for (const one of steps) {
        if (one.what === "pass") clock.pass();
        if (one.what === "put") {
          const octets = new Uint8Array(one.length).fill(one.fill);
          held.push({ block: memory.put(octets), octets });
        }
        if (one.what === "free") {
          const [gone] = held.splice(one.which % Math.max(1, held.length), 1);
          if (gone === undefined) continue;
          // whoever reads it later reads this
          contentOf(gone).fill(0);
          memory.free(gone.block);
        }
        for (const each of held) assert.deepEqual(contentOf(each), each.octets);
      }
      for (const { block } of held) memory.free(block);
      clock.pass();
      assert.equal(memory.octets, 0);
    }),
    { numRuns: 200 },
  );
});

test("once as much waits as may, a newcomer takes the place of what went, and nothing new is needed", () => {
  const memory = new WaitingMemory(new Clock().after);
  const octets = new Uint8Array(2100);
  const queue = Array.from({ length: 4000 }, () => memory.put(octets));
  const { octets: full } = memory;
  for (let i = 0; i < 100_000; i++) {
    queue.push(memory.put(octets));
    const gone = queue[i];
    if (gone !== undefined) memory.free(gone);
    assert.ok(memory.octets <= full + SLAB);
  }
  assert.ok(full < 4000 * 2100 * 1.15, `${String(full)} octets`);
});

test("few small messages of many peers take no slab each", () => {
  const memory = new WaitingMemory(new Clock().after);
  for (let i = 0; i < 3000; i++) memory.put(new Uint8Array(90 + (i % 3) * 20));
  assert.ok(memory.octets <= 8 * SLAB, `${String(memory.octets)} octets`);
});

test("after a burst only a little is held for the next one, though one message still waits", () => {
  const clock = new Clock();
  const memory = new WaitingMemory(clock.after);
  const [last, ...others] = Array.from({ length: 30_000 }, () => memory.put(new Uint8Array(2000)));
  for (const block of others) memory.free(block);
  assert.ok(memory.octets <= 17 * SLAB, `${String(memory.octets)} octets`);
  if (last !== undefined) memory.free(last);
  clock.pass();
  assert.equal(memory.octets, 0);
});

test("what waits again before it was calm for long enough keeps its memory", () => {
  const clock = new Clock();
  const memory = new WaitingMemory(clock.after);
  const octets = new Uint8Array(100);
  memory.free(memory.put(octets));
  const block = memory.put(octets.fill(7));
  clock.pass();
  assert.deepEqual(contentOf({ block, octets }), octets);
  memory.free(block);
  assert.equal(memory.octets, SLAB);
  clock.pass();
  assert.equal(memory.octets, 0);
});

test("sizes of all kinds fit into their block with at most an eighth more", () => {
  for (let length = 64; length <= LARGEST_BLOCK; length += 1 + (length >> 8)) {
    const { slab } = new WaitingMemory(new Clock().after).put(new Uint8Array(length));
    assert.ok(
      slab.blockSize >= length && slab.blockSize <= length * 1.125,
      `${String(length)}: ${String(slab.blockSize)}`,
    );
  }
});
