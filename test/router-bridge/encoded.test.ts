import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { payloadOf, toId, type Message, type PublicationId, type SubscriptionId } from "@pinion/wamp";
import { serializers, type SerializerName } from "@pinion/wamp/serializer";
import { encodeFrame, FrameType, MAX_STANDARD_LENGTH } from "net-socket-raw-framing";
import { Outgoing, type Encoded } from "../../router-bridge/encoded.ts";
import { webSocketFrame } from "../../router-bridge/listeners/web-socket-frame.ts";

function event(publication: number, text: string): Message {
  return {
    type: "EVENT",
    subscription: toId<SubscriptionId>(1),
    publication: toId<PublicationId>(publication),
    details: {},
    payload: payloadOf([text]),
  };
}

const step = fc.record({
  name: fc.constantFrom<SerializerName>("json", "msgpack", "cbor"),
  length: fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: 0, max: 300 }) },
    { weight: 1, arbitrary: fc.integer({ min: 1000, max: 200_000 }) },
  ),
  frames: fc.uniqueArray(fc.constantFrom("raw", "web", "kept"), { maxLength: 3 }),
});

test("messages and frames of any size, made in any order, disturb neither each other nor those before", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) => {
      const made = steps.map(({ name, length, frames }, i) => {
        const message = event(i + 1, "x".repeat(length));
        const expected = serializers[name].marshal(message).slice();
        const outgoing = new Outgoing(message);
        const encoded = outgoing.encoded(name);
        const got = frames.map((kind) =>
          kind === "raw"
            ? encoded.rawSocketFrame
            : kind === "web"
              ? encoded.webSocketFrame
              : encoded.keep().take().octets,
        );
        return { name, expected, encoded, frames, got };
      });
      for (const { name, expected, encoded, frames, got } of made) {
        assert.deepEqual(encoded.octets, expected);
        for (const [i, kind] of frames.entries()) {
          const whole = {
            raw: () => encodeFrame(FrameType.MESSAGE, expected, { maxLength: MAX_STANDARD_LENGTH }),
            web: () => webSocketFrame(expected, serializers[name].binary),
            kept: () => expected,
          }[kind]();
          assert.deepEqual(got[i], whole, kind);
        }
      }
    }),
    { numRuns: 150 },
  );
});

test("what waits is copied out of a slab that it shares, but not out of memory of its own", () => {
  const [small, large] = [10, 200_000].map((length) => new Outgoing(event(1, "x".repeat(length))).encoded("json"));
  assert.notEqual(small?.keep().take().octets.buffer, small?.octets.buffer);
  assert.equal(large?.keep().take().octets.buffer, large?.octets.buffer);
});

test("frames of small messages, one after the other, lie side by side", () => {
  // the first may be the last of a slab
  const frames = [1, 2, 3].map((n) => new Outgoing(event(n, "a")).encoded("json").rawSocketFrame);
  const neighbours = frames.slice(1).filter((frame, i) => {
    const before = frames[i];
    return before?.buffer === frame.buffer && before.byteOffset + before.length === frame.byteOffset;
  });
  assert.ok(neighbours.length >= 1);
});

test("what all have let go of cannot be had again, and the next to wait gets it anew", () => {
  const encoded = new Outgoing(event(1, "a")).encoded("json");
  const kept = encoded.keep();
  assert.equal(encoded.keep(), kept);
  kept.drop();
  assert.deepEqual(kept.take().octets, encoded.octets);
  assert.throws(() => kept.take(), /everybody has let go/);
  const again = encoded.keep();
  assert.notEqual(again, kept);
  assert.deepEqual(again.take().octets, encoded.octets);
});

test("peers that wait together share one copy and its frames; who takes it much later gets one of his own", () => {
  const take = (length: number): (() => Encoded) => {
    const encoded = new Outgoing(event(1, "x".repeat(length))).encoded("json");
    const kept = [1, 2, 3].map(() => encoded.keep());
    return () => kept.pop()?.take() ?? encoded;
  };
  const one = take(2000);
  const first = one();
  assert.equal(one(), first);
  // what a stuck peer holds must not keep all that others took in memory
  const others = Array.from({ length: 1200 }, () => take(2000));
  for (const other of others) other();
  const late = one();
  assert.notEqual(late, first);
  assert.deepEqual(late.octets, first.octets);
  for (const other of others) assert.deepEqual(other().octets, other().octets);
});

test("integers are written digit for digit", () => {
  fc.assert(
    fc.property(fc.oneof(fc.nat(), fc.maxSafeNat(), fc.constantFrom(0, 1e8, 1e8 - 1, 1e16, 2 ** 53 - 1)), (n) => {
      const octets = serializers.json.marshal({
        type: "RESULT",
        request: toId(1),
        details: { n },
        payload: payloadOf([]),
      });
      assert.equal(Buffer.from(octets).toString(), JSON.stringify([50, 1, { n }]));
    }),
  );
});
