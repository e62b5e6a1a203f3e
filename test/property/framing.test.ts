import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import {
  ClientHandshake,
  encodeFrame,
  FrameDecoder,
  type FrameType,
  FramingError,
  lengthCode,
  ServerHandshake,
  type Wire,
} from "../../packages/net-socket-raw-framing/index.ts";

const MAX = 4096;
interface Frame {
  readonly type: FrameType;
  readonly payload: Uint8Array;
}

const frames = fc.array(
  fc.record({
    type: fc.constantFrom<FrameType>(0, 1, 2),
    payload: fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 200, maxLength: 1500 })),
  }),
  { maxLength: 12 },
);
const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 3000 })), { minLength: 1 });

const encode = (list: readonly Frame[], wire: Wire = "standard"): Uint8Array =>
  joined(list.map(({ type, payload }) => encodeFrame(type, payload, { maxLength: MAX, wire })));

/** A plain array: Buffer's slice would share its octets. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

/** Cuts octets into pieces of the given sizes, over and over. */
function* cut(octets: Uint8Array, lengths: readonly number[]): Generator<Uint8Array> {
  let at = 0;
  for (let turn = 0; at < octets.length; turn += 1) {
    const size = lengths[turn % lengths.length] ?? 1;
    // A fresh copy: a decoder that kept a view would not be caught otherwise.
    yield octets.slice(at, at + size);
    at += size;
  }
}

interface Outcome {
  readonly frames: Frame[];
  readonly code: string | undefined;
}

function decode(pieces: Iterable<Uint8Array>, wire: Wire = "standard", maxLength = MAX): Outcome {
  const got: Frame[] = [];
  const decoder = new FrameDecoder({ maxLength, wire }, (type, payload, room) => {
    got.push({ type, payload: Uint8Array.from(payload) });
    overwrite(payload, room).fill(0xaa);
  });
  try {
    for (const piece of pieces) {
      assert.equal(decoder.push(piece), piece.length);
      piece.fill(0xee);
    }
    return { frames: got, code: undefined };
  } catch (error) {
    assert.ok(error instanceof FramingError, String(error));
    return { frames: got, code: error.code };
  }
}

/** The payload with the octets before it that are its receiver's. */
function overwrite(payload: Uint8Array, room: number): Uint8Array {
  return new Uint8Array(payload.buffer, payload.byteOffset - room, room + payload.length);
}

/** All pieces pass through one memory; what is handed out is looked at when all is over. */
function decodeReused(octets: Uint8Array, lengths: readonly number[], stopAfter: number): Outcome {
  const memory = new Uint8Array(8192);
  const got: Frame[] = [];
  const decoder = new FrameDecoder({ maxLength: MAX, wire: "standard" }, (type, payload, room) => {
    got.push({ type, payload });
    overwrite(payload, room).subarray(0, room).fill(0xaa);
    return got.length % stopAfter !== 0;
  });
  try {
    for (const piece of cut(octets, lengths)) {
      for (let at = 0; at < piece.length;) {
        const chunk = memory.subarray(0, piece.length - at);
        chunk.set(piece.subarray(at));
        at += decoder.push(chunk, true);
        memory.fill(0xee);
      }
    }
    return { frames: plain(got), code: undefined };
  } catch (error) {
    assert.ok(error instanceof FramingError, String(error));
    return { frames: plain(got), code: error.code };
  }
}

const plain = (list: readonly Frame[]): Frame[] =>
  list.map(({ type, payload }) => ({ type, payload: Uint8Array.from(payload) }));

test("encoded frames come back the same, however the octets are cut", () => {
  fc.assert(
    fc.property(frames, sizes, (list, lengths) => {
      assert.deepEqual(decode(cut(encode(list), lengths)), { frames: plain(list), code: undefined });
    }),
    { numRuns: 300 },
  );
});

test("the plain wire gives every frame back as a message, however the octets are cut", () => {
  fc.assert(
    fc.property(frames, sizes, (list, lengths) => {
      const expected = plain(list).map(({ payload }) => ({ type: 0 as const, payload }));
      assert.deepEqual(decode(cut(encode(list, "plain"), lengths), "plain"), { frames: expected, code: undefined });
    }),
    { numRuns: 100 },
  );
});

test("garbage gives frames or one FramingError, the same for every way of cutting it", () => {
  const prefixed = fc
    .tuple(fc.constantFrom(0, 1, 2, 3, 8, 9, 16, 128), fc.uint8Array({ maxLength: 64 }))
    .map(([first, rest]) => Uint8Array.of(first, 0, 0, rest.length, ...rest));
  const garbage = fc.array(fc.oneof(fc.uint8Array({ maxLength: 80 }), prefixed), { maxLength: 20 });
  fc.assert(
    fc.property(garbage, sizes, fc.constantFrom<Wire>("standard", "plain"), (parts, lengths, wire) => {
      const octets = joined(parts);
      assert.deepEqual(decode(cut(octets, lengths), wire), decode([octets.slice()], wire));
    }),
    { numRuns: 500 },
  );
});

test("chunks that share one memory give the same frames and the same fault, stopped now and then or not", () => {
  const bad = fc.constantFrom(Uint8Array.of(), Uint8Array.of(0x10, 0, 0, 0), Uint8Array.of(0, 0, 255, 255, 1));
  fc.assert(
    fc.property(frames, bad, sizes, fc.integer({ min: 1, max: 20 }), (list, end, lengths, stopAfter) => {
      const octets = joined([encode(list), end]);
      assert.deepEqual(decodeReused(octets, lengths, stopAfter), decode(cut(octets, lengths)));
    }),
    { numRuns: 500 },
  );
});

test("what is retained is at most twice what was received, and copying is linear, whatever is declared", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2 ** 24 }),
      sizes,
      fc.integer({ min: 0, max: 20_000 }),
      (declared, lengths, sent) => {
        const decoder = new FrameDecoder({ maxLength: 2 ** 24 }, () => undefined);
        const prefix = declared === 2 ** 24 ? 0x0800_0000 : declared;
        const octets = new Uint8Array(4 + Math.min(sent, declared));
        new DataView(octets.buffer).setUint32(0, prefix);
        let received = 0;
        for (const piece of cut(octets, lengths)) {
          decoder.push(piece);
          received += piece.length;
          assert.ok(decoder.retained <= 2 * received, `${String(decoder.retained)} retained of ${String(received)}`);
          assert.ok(decoder.copied <= 3 * received, `${String(decoder.copied)} copied of ${String(received)}`);
        }
      },
    ),
    { numRuns: 200 },
  );
});

test("frames over the receiver's limit are refused at the first octet too many, for every type", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2000 }), fc.constantFrom<FrameType>(0, 1, 2), (limit, type) => {
      const fits = encodeFrame(type, new Uint8Array(limit), { maxLength: limit });
      const over = encodeFrame(type, new Uint8Array(limit + 1), { maxLength: limit + 1 });
      assert.equal(decode([fits], "standard", limit).frames.length, 1);
      assert.equal(decode([over.slice(0, 4)], "standard", limit).code, "frame_too_long");
      assert.throws(() => encodeFrame(type, new Uint8Array(limit + 1), { maxLength: limit }), FramingError);
    }),
    { numRuns: 100 },
  );
});

function firstDecision<T extends { readonly state: string }>(
  pieces: readonly Uint8Array[],
  push: (piece: Uint8Array) => T,
): Exclude<T, { readonly state: "pending" }> | undefined {
  for (const piece of pieces) {
    const step = push(piece);
    if (step.state !== "pending") return step as Exclude<T, { readonly state: "pending" }>; // just compared
  }
  return undefined;
}

function checkRefusal(reply: Uint8Array | undefined): void {
  if (reply !== undefined) assert.ok([0x10, 0x20, 0x30, 0x40].includes(reply[1] ?? 0));
}

test("any four octets are accepted, refused with a valid error, or dropped; the client's side never throws", () => {
  const handshakes = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 12 }),
    fc.uint8Array({ minLength: 1, maxLength: 1 }).map(([second = 0]) => Uint8Array.of(0x7f, second, 0, 0)),
  );
  fc.assert(
    fc.property(handshakes, sizes, (octets, lengths) => {
      const server = new ServerHandshake({ serializers: [1, 2, 3], maxReceive: 2 ** 24 });
      const client = new ClientHandshake({ serializer: 2, maxReceive: 2 ** 24 });
      const asked = firstDecision([...cut(octets, lengths)], (piece) => server.push(piece));
      const told = firstDecision([...cut(octets, lengths)], (piece) => client.push(piece));
      assert.ok(told !== undefined);
      if (asked?.state === "accepted") assert.equal(octets[0], 0x7f);
      else checkRefusal(asked?.reply);
      assert.ok(asked !== undefined);
    }),
    { numRuns: 500 },
  );
});

test("the announced length is the largest power of two that is not above the limit", () => {
  fc.assert(
    fc.property(fc.integer({ min: 512, max: 2 ** 25 }), (limit) => {
      const announced = 2 ** (9 + lengthCode(limit));
      assert.ok(announced <= limit);
      assert.ok(announced * 2 > limit || announced === 2 ** 24);
    }),
  );
});
