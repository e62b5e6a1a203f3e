import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as fc from "fast-check";
import { serializers } from "@pinion/wamp/serializer";
import { Encoded, type KeptMessage } from "../../router-bridge/encoded.ts";
import { WaitingMessages, type EventMark, type Reduction } from "../../router-bridge/waiting-messages.ts";

interface Pushed {
  readonly kind: "event" | "answer";
  readonly subscription: number;
  readonly topic: string;
  readonly size: number;
}

type Step = Pushed | { readonly kind: "shift" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("event" as const),
      subscription: fc.integer({ min: 1, max: 4 }),
      topic: fc.constantFrom("", "a", "b"),
      size: fc.integer({ min: 1, max: 30 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("answer" as const),
      subscription: fc.constant(0),
      topic: fc.constant(""),
      size: fc.integer({ min: 1, max: 30 }),
    }),
  },
  { weight: 3, arbitrary: fc.constant({ kind: "shift" as const }) },
);

const slab = new Uint8Array(1024);

/** The octets name the message: its place, then filling. */
function kept(place: number, size: number): KeptMessage {
  new DataView(slab.buffer).setUint32(0, place);
  return new Encoded(slab.subarray(0, 4 + size), serializers.json).keep();
}

function placeOf({ octets }: Encoded): number {
  return new DataView(octets.buffer, octets.byteOffset).getUint32(0);
}

interface Came {
  readonly place: number;
  readonly dropped: number;
}

function play(steps: readonly Step[], reduction: Reduction | undefined): { pushed: Pushed[]; came: Came[] } {
  const waiting = new WaitingMessages({ octets: 150, messages: 12 }, reduction);
  const pushed: Pushed[] = [];
  const came: Came[] = [];
  const shift = (): boolean => {
    const next = waiting.shift();
    if (next === undefined) return false;
    came.push({ place: placeOf(next.encoded), dropped: next.dropped });
    return true;
  };
  for (const one of steps) {
    if (one.kind === "shift") {
      shift();
      continue;
    }
    const mark: EventMark | undefined =
      one.kind === "event" ? { subscription: one.subscription, topic: one.topic } : undefined;
    waiting.push(kept(pushed.length, one.size), mark);
    pushed.push(one);
  }
  while (shift());
  assert.deepEqual([waiting.octets, waiting.messages], [0, 0]);
  return { pushed, came };
}

setFlagsFromString("--expose-gc");
// what the flag above adds to each new context
const collect = runInNewContext("gc") as () => void;

function liveHeap(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

const runs = fc.array(step, { maxLength: 120 });

for (const reduction of ["coalesce", "drop-oldest"] as const) {
  test(`${reduction}: what comes keeps its order, every answer comes, and each subscription's newest event comes`, () => {
    fc.assert(
      fc.property(runs, (steps) => {
        const { pushed, came } = play(steps, reduction);
        const places = came.map(({ place }) => place);
        assert.deepEqual(
          places,
          places.toSorted((a, b) => a - b),
        );
        const here = new Set(places);
        for (const [place, one] of pushed.entries()) {
          const newer = pushed.slice(place + 1).some((other) => other.subscription === one.subscription);
          if (one.kind === "answer" || !newer) assert.ok(here.has(place), `${String(place)} is missing`);
        }
      }),
      { numRuns: 500 },
    );
  });

  test(`${reduction}: beside each event it says how many of its subscription were left out before it, no more and no less`, () => {
    fc.assert(
      fc.property(runs, (steps) => {
        const { pushed, came } = play(steps, reduction);
        for (const subscription of [1, 2, 3, 4]) {
          const sent = pushed.flatMap((one, place) => (one.subscription === subscription ? [place] : []));
          const events = came.filter(({ place }) => pushed[place]?.subscription === subscription);
          let told = 0;
          for (const [i, { place, dropped }] of events.entries()) {
            told += dropped;
            const gone = sent.filter((other) => other < place).length - i;
            assert.ok(told <= gone, "it was told of what was not left out yet");
          }
          assert.equal(told + events.length, sent.length);
        }
      }),
      { numRuns: 500 },
    );
  });
}

test("without a policy nothing is left out", () => {
  fc.assert(
    fc.property(runs, (steps) => {
      const { pushed, came } = play(steps, undefined);
      assert.deepEqual(
        came,
        pushed.map((_, place) => ({ place, dropped: 0 })),
      );
    }),
  );
});

test("a queue stays within its bounds as long as there is an event that may go", () => {
  for (const reduction of ["coalesce", "drop-oldest"] as const) {
    const waiting = new WaitingMessages({ octets: 10_000, messages: 50 }, reduction);
    for (let i = 0; i < 10_000; i++) {
      waiting.push(kept(i, 10), { subscription: 1 + (i % 3), topic: String(i % 7) });
      assert.ok(!waiting.isTooMuch);
    }
    const { folded, dropped } = waiting.takeLosses();
    assert.equal(folded + dropped + waiting.messages, 10_000);
    assert.equal(folded > 0, reduction === "coalesce");
  }
});

test("an old event that had to stay goes first once there is a newer one of its subscription", () => {
  const waiting = new WaitingMessages({ octets: 10_000, messages: 2 }, "drop-oldest");
  for (const [place, subscription] of [1, 2, 2, 1].entries())
    waiting.push(kept(place, 10), { subscription, topic: "" });
  const came = [waiting.shift(), waiting.shift(), waiting.shift()];
  assert.deepEqual(
    came.map((next) => next && [placeOf(next.encoded), next.dropped]),
    [[2, 1], [3, 1], undefined],
  );
});

test("hundreds of thousands of events for a peer that takes nothing leave nothing behind", () => {
  for (const reduction of ["coalesce", "drop-oldest"] as const) {
    const waiting = new WaitingMessages({ octets: 10_000, messages: 50 }, reduction);
    const push = (i: number): void => waiting.push(kept(i, 10), { subscription: 1, topic: String(i % 3) });
    for (let i = 0; i < 20_000; i++) push(i);
    const before = liveHeap();
    for (let i = 0; i < 300_000; i++) push(i);
    const grown = liveHeap() - before;
    assert.ok(grown < 4_000_000, `${reduction}: ${String(grown)} octets more`);
  }
});

test("coalesce: a topic that never rests is heard of all the same, between the others", () => {
  const waiting = new WaitingMessages({ octets: 100_000, messages: 40 }, "coalesce");
  let busy = 0;
  let place = 0;
  for (let round = 0; round < 500; round++) {
    for (let i = 0; i < 5; i++) waiting.push(kept(place++, 10), { subscription: 1, topic: "busy" });
    waiting.push(kept(place++, 10), { subscription: 1, topic: `t${String(round % 60)}` });
    const next = waiting.shift();
    const came = next === undefined ? 0 : placeOf(next.encoded);
    if (came % 6 !== 5) busy += 1;
  }
  assert.ok(busy > 10, `${String(busy)} of 500 were of the busy topic`);
});

test("a hundred thousand messages pass a queue that is never empty without it growing", () => {
  const waiting = new WaitingMessages({ octets: 1e9, messages: 1e9 });
  for (let i = 0; i < 10; i++) waiting.push(kept(i, 1), undefined);
  for (let i = 10; i < 100_000; i++) {
    waiting.push(kept(i, 1), undefined);
    const next = waiting.shift();
    assert.equal(next === undefined ? -1 : placeOf(next.encoded), i - 10);
  }
  assert.equal(waiting.messages, 10);
});
