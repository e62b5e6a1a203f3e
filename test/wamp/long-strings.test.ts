/** Long strings, which are passed over by words of four octets, against the platform's own readers, wherever they lie in memory. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { payloadOf, ProtocolViolation, toId, toUri, type Message } from "@pinion/wamp";
import { serializers, type Serializer } from "@pinion/wamp/serializer";

/** The octets at another distance from a multiple of four. */
function displaced(octets: Uint8Array, by: number): Uint8Array {
  const memory = new Uint8Array(octets.length + 8);
  memory.set(octets, by);
  return memory.subarray(by, by + octets.length);
}

function accepts(serializer: Serializer, octets: Uint8Array): boolean {
  try {
    serializer.parse(octets);
    return true;
  } catch (error) {
    assert.ok(error instanceof ProtocolViolation, String(error));
    return false;
  }
}

function platformReads(octets: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(octets));
    return true;
  } catch {
    return false;
  }
}

const place = fc.record({
  length: fc.integer({ min: 100, max: 700 }),
  displacement: fc.integer({ min: 0, max: 7 }),
  at: fc.nat(),
  // what the words have to stop at, its neighbours, and anything
  octet: fc.oneof(
    fc.constantFrom(0, 0x1f, 0x20, 0x21, 0x22, 0x23, 0x5b, 0x5c, 0x5d, 0x7e, 0x7f, 0x80, 0xc3, 0xff),
    fc.nat(255),
  ),
});

test("JSON: one octet of any kind anywhere in a long string is taken or refused as JSON.parse does", () => {
  fc.assert(
    fc.property(place, ({ length, displacement, at, octet }) => {
      const octets = Buffer.from(`[50,1,{},["${"a".repeat(length)}"]]`);
      octets[11 + (at % length)] = octet;
      assert.equal(accepts(serializers.json, displaced(octets, displacement)), platformReads(octets));
    }),
    { numRuns: 3000 },
  );
});

test("MessagePack and CBOR: one octet of any kind in a long string is taken or refused as UTF-8 is", () => {
  fc.assert(
    fc.property(place, fc.constantFrom(serializers.msgpack, serializers.cbor), (where, serializer) => {
      const { length, displacement, at, octet } = where;
      const text = "a".repeat(length);
      const octets = serializer.marshal({ type: "RESULT", request: toId(1), details: {}, payload: payloadOf([text]) });
      const start = Buffer.from(octets).lastIndexOf(text); // the last of its members
      octets[start + (at % length)] = octet;
      const string = octets.subarray(start, start + length);
      const isText = Buffer.from(new TextDecoder().decode(string)).equals(string);
      assert.equal(accepts(serializer, displaced(octets, displacement)), isText);
    }),
    {
      numRuns: 2000,
      // lengths that end in the octet of an "a", which is not the beginning of the text
      examples: [
        [{ length: 353, displacement: 0, at: 0, octet: 0 }, serializers.msgpack],
        [{ length: 609, displacement: 0, at: 0, octet: 0 }, serializers.cbor],
      ],
    },
  );
});

const text = fc
  .array(fc.constantFrom("a".repeat(130), "a".repeat(33_000), "é", '"', "\\", "\n", "💧", "xyz"), { maxLength: 6 })
  .map((parts) => parts.join(""));

test("payloads of any length are passed on octet by octet, between small messages", () => {
  const names = Object.values(serializers);
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 12 }), fc.constantFrom(...names), (texts, serializer) => {
      const sent = texts.map((one, i): Message => {
        const octets = serializer.marshal({
          type: "PUBLISH",
          request: toId(i + 1),
          options: {},
          topic: toUri("sensor.camera.frame"),
          payload: payloadOf([one], { seq: i }),
        });
        const { payload } = serializer.parse(displaced(octets, i % 8)) as Extract<Message, { type: "PUBLISH" }>; // as it was made
        return { type: "EVENT", subscription: toId(2 ** 40), publication: toId(i + 1), details: {}, payload };
      });
      // all made before the first is read: none may lie where another is written
      const octets = sent.map((message) => serializer.marshal(message));
      for (const [i, one] of octets.entries()) {
        const event = serializer.parse(one);
        assert.ok(event.type === "EVENT");
        assert.deepEqual(
          [event.publication, event.payload.args, event.payload.kwargs],
          [i + 1, [texts[i]], { seq: i }],
        );
      }
    }),
    { numRuns: 150 },
  );
});
