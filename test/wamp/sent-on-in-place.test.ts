/** A large message that is alone in its memory is sent on around its payload, without a copy; nobody may see a difference. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { payloadOf, toId, type Message, type PublicationId, type SubscriptionId } from "@pinion/wamp";
import { MARSHAL_ROOM, serializers, type SerializerName } from "@pinion/wamp/serializer";
import { plain } from "../support/arbitrary-message.ts";

const NAMES = ["json", "msgpack", "cbor"] as const;

function received(octets: Uint8Array, room: number): Uint8Array {
  const memory = new Uint8Array(room + octets.length).fill(0xee);
  memory.set(octets, room);
  return memory.subarray(room);
}

function publish(name: SerializerName, topic: string, args: readonly unknown[], kwargs: Record<string, unknown>) {
  const message = { type: "PUBLISH", request: 1, options: {}, topic, payload: payloadOf(args, kwargs) };
  return serializers[name].marshal(message as unknown as Message).slice(); // as its names say
}

function eventOf(message: Message, subscription: number, details: Record<string, unknown>): Message {
  assert.equal(message.type, "PUBLISH");
  return {
    type: "EVENT",
    subscription: toId<SubscriptionId>(subscription),
    publication: toId<PublicationId>(2 ** 53 - subscription),
    details,
    payload: message.payload,
  };
}

const sent = fc.record({
  name: fc.constantFrom(...NAMES),
  room: fc.integer({ min: 0, max: 200 }),
  topic: fc.constantFrom("a", "sensor.greenhouse.cam", `a.${"b".repeat(150)}`),
  text: fc.integer({ min: 16_300, max: 70_000 }),
  kwargs: fc.dictionary(fc.string({ maxLength: 5 }), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 2 }),
  details: fc.constantFrom({}, { topic: "a.b", publisher: 2 ** 52 }, { topic: "x".repeat(300) }),
});

test("what is sent on in place is what would have been sent as a copy, for each subscription and serializer", () => {
  fc.assert(
    fc.property(sent, ({ name, room, topic, text, kwargs, details }) => {
      const octets = publish(name, topic, ["é".repeat(text / 2), 5], kwargs);
      const reference = serializers[name].parse(octets.slice());
      const message = serializers[name].parse(received(octets, room), undefined, room);
      const outgoing = [1, 77_777, 2].map((subscription) => eventOf(message, subscription, details));
      const made = outgoing.map((one) => serializers[name].marshal(one));
      const others = NAMES.map((other) =>
        plain(serializers[other].parse(serializers[other].marshal(outgoing[0] ?? message))),
      );
      made.forEach((one, at) => {
        const expected = serializers[name].marshal(eventOf(reference, [1, 77_777, 2][at] ?? 0, details)).slice();
        assert.ok(Buffer.from(one).equals(expected));
      });
      for (const other of others) assert.deepEqual(other["subscription"], 1);
      assert.deepEqual(
        message.type === "PUBLISH" && message.payload.args,
        reference.type === "PUBLISH" && reference.payload.args,
      );
    }),
    { numRuns: 150 },
  );
});

test("the first event lies where the message was received, the second is a copy", () => {
  for (const name of NAMES) {
    const memory = received(publish(name, "sensor.greenhouse.camera", ["x".repeat(20_000)], {}), 128);
    const message = serializers[name].parse(memory, undefined, 128);
    const first = serializers[name].marshal(eventOf(message, 1, {}));
    const second = serializers[name].marshal(eventOf(message, 2, {}));
    assert.equal(first.buffer, memory.buffer);
    assert.ok(first.byteOffset >= MARSHAL_ROOM);
    assert.notEqual(second.buffer, memory.buffer);
  }
});

test("nothing is written into memory that others use, nor where the new front does not fit", () => {
  for (const name of NAMES) {
    const octets = publish(name, "a", ["x".repeat(20_000)], {});
    for (const [room, told] of [
      [128, undefined],
      [0, 0],
    ] as const) {
      const memory = received(octets, room);
      const before = new Uint8Array(memory.buffer).slice();
      const message = serializers[name].parse(memory, undefined, told);
      serializers[name].marshal(eventOf(message, 1, { topic: "x".repeat(200) }));
      assert.deepEqual(new Uint8Array(memory.buffer), before);
    }
  }
});

test("JSON with spaces and null at its end is sent on as any other", () => {
  const text = `[16, 1, {}, "sensor.greenhouse.camera" , ["${"x".repeat(20_000)}"] , null ]  `;
  const message = serializers.json.parse(received(Buffer.from(text), 128), undefined, 128);
  const event = Buffer.from(serializers.json.marshal(eventOf(message, 1, {}))).toString();
  assert.equal(event, `[36,1,9007199254740991,{},["${"x".repeat(20_000)}"]]`);
});
