import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import {
  encodeFrame,
  FrameDecoder,
  FrameType,
  FramingError,
  type Wire,
} from "../../packages/net-socket-raw-framing/index.ts";

const MAX = 4096;

interface Frame {
  readonly type: FrameType;
  readonly payload: Uint8Array;
}

interface Outcome {
  readonly frames: readonly Frame[];
  readonly code: string | undefined;
}

/** Messages far more often than what ends a run. */
const frames = fc.array(
  fc.record({
    type: fc.constantFrom<FrameType>(0, 0, 0, 0, 0, 0, 1, 2),
    payload: fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 200, maxLength: 1500 })),
  }),
  { maxLength: 20 },
);
const ends = fc.constantFrom(
  Uint8Array.of(),
  Uint8Array.of(0x10, 0, 0, 0, 0),
  Uint8Array.of(3, 0, 0, 0),
  Uint8Array.of(8, 0, 0, 1),
  Uint8Array.of(0, 0, 255, 255, 1),
  Uint8Array.of(0, 0, 0, 9, 1),
  Uint8Array.of(0, 0),
);
const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 3000 }), fc.constant(8192)), {
  minLength: 1,
  maxLength: 8,
});

function encode(list: readonly Frame[], wire: Wire): Uint8Array {
  return Buffer.concat(list.map(({ type, payload }) => encodeFrame(type, payload, { maxLength: MAX, wire })));
}

/** All pieces pass through one memory, which is overwritten after each call; what was not consumed comes again. */
function feed(decoder: FrameDecoder, octets: Uint8Array, lengths: readonly number[], reused: boolean): void {
  const memory = new Uint8Array(8200);
  let at = 0;
  for (let turn = 0; at < octets.length; turn += 1) {
    const piece = octets.subarray(at, at + (lengths[turn % lengths.length] ?? 1));
    const chunk = reused ? memory.subarray(3, 3 + piece.length) : new Uint8Array(piece.length);
    chunk.set(piece);
    const consumed = decoder.push(chunk, reused);
    assert.ok(consumed > 0);
    at += consumed;
    if (reused) memory.fill(0xee);
  }
}

/** Whole frames, read by nothing of ours. */
function split(run: Uint8Array): Frame[] {
  const view = new DataView(run.buffer, run.byteOffset, run.byteLength);
  const found: Frame[] = [];
  for (let at = 0; at < run.length;) {
    const length = view.getUint32(at);
    assert.ok(at + 4 + length <= run.length, "a run ends inside a frame");
    found.push({ type: FrameType.MESSAGE, payload: run.slice(at + 4, at + 4 + length) });
    at += 4 + length;
  }
  assert.ok(found.length > 0, "a run of nothing");
  return found;
}

function codeOf(work: () => void): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    assert.ok(error instanceof FramingError, String(error));
    return error.code;
  }
}

const own = ({ type, payload }: Frame): Frame => ({ type, payload: Uint8Array.from(payload) });

function oneByOne(octets: Uint8Array, wire: Wire): Outcome {
  const got: Frame[] = [];
  const decoder = new FrameDecoder({ maxLength: MAX, wire }, (type, payload) => {
    got.push(own({ type, payload }));
  });
  const code = codeOf(() => decoder.push(octets));
  return { frames: got, code };
}

test("with runs the same messages, PINGs and faults come in the same order, whatever is taken, stopped and overwritten", () => {
  const ways = fc.record({
    wire: fc.constantFrom<Wire>("standard", "plain"),
    reused: fc.boolean(),
    refused: fc.constantFrom(1, 2, 3, 7, 1000),
    stopAfter: fc.constantFrom(1, 2, 5, 1000),
    from: fc.integer({ min: 0, max: 3 }),
  });
  fc.assert(
    fc.property(frames, ends, sizes, ways, (list, end, lengths, { wire, reused, refused, stopAfter, from }) => {
      const octets = Buffer.concat([encode(list, wire), end]);
      const wants = (payload: Uint8Array): boolean => ((payload[0] ?? 5) + payload.length) % refused !== 0;
      const kept: Frame[] = [];
      const got: Frame[] = [];
      let calls = 0;
      const decoder = new FrameDecoder({ maxLength: MAX, wire }, (type, payload) => {
        const frame = { type, payload };
        kept.push(frame);
        got.push(frame);
        calls += 1;
        if (calls === from) passRuns();
        return calls % stopAfter !== 0;
      });
      const passRuns = (): void =>
        decoder.passRuns({
          takes: (chunk, at, length) => wants(chunk.subarray(at, at + length)),
          onRun: (run) => {
            const messages = split(run);
            assert.ok(messages.every(({ payload }) => wants(payload)));
            got.push(...messages);
            calls += 1;
            return calls % stopAfter !== 0;
          },
        });
      if (from === 0) passRuns();
      const code = codeOf(() => feed(decoder, octets, lengths, reused));
      assert.deepEqual({ frames: got.map(own), code }, oneByOne(octets, wire));
    }),
    { numRuns: 1000 },
  );
});

test("of messages that lie in one chunk, no one that is wanted comes by itself", () => {
  fc.assert(
    fc.property(frames, fc.constantFrom<Wire>("standard", "plain"), fc.constantFrom(2, 3, 7), (list, wire, refused) => {
      const wants = (length: number): boolean => length % refused !== 0;
      let runs = 0;
      const decoder = new FrameDecoder({ maxLength: MAX, wire }, (type, payload) => {
        assert.ok(type !== FrameType.MESSAGE || !wants(payload.length));
      });
      decoder.passRuns({
        takes: (_octets, _at, length) => wants(length),
        onRun: () => {
          runs += 1;
        },
      });
      decoder.push(encode(list, wire));
      const passes = list.map(
        ({ type, payload }) => (wire === "plain" || type === FrameType.MESSAGE) && wants(payload.length),
      );
      assert.equal(runs, passes.filter((yes, i) => yes && passes[i - 1] !== true).length);
    }),
    { numRuns: 300 },
  );
});
