import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { ProtocolViolation } from "@pinion/wamp";
import { Batch, batchedSubprotocol, protocolByName, serializers } from "@pinion/wamp/serializer";

const octets = (...text: string[]): Uint8Array[] => text.map((one) => new TextEncoder().encode(one));
const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString("hex");
const from = (digits: string): Uint8Array => Uint8Array.from(Buffer.from(digits, "hex"));
const roomy = { messages: 1000 };

test("JSON: each message is followed by 0x1e, a single one too", () => {
  const batch = new Batch(serializers.json, roomy);
  for (const message of octets("[1]", "[22]")) assert.equal(batch.add(message), undefined);
  assert.equal(batch.octets, 9);
  assert.equal(hex(batch.take()), "5b315d1e5b32325d1e");
  assert.equal(batch.take(), undefined);
  batch.add(from("5b5d"));
  assert.equal(hex(batch.take()), "5b5d1e");
});

test("MessagePack and CBOR: each message follows its length, uint32 big-endian", () => {
  for (const serializer of [serializers.msgpack, serializers.cbor]) {
    const batch = new Batch(serializer, roomy);
    batch.add(from("9101"));
    batch.add(from("92c0c0"));
    assert.equal(hex(batch.take()), "0000000291010000000392c0c0");
  }
});

test("who separates with 0x18 is read, and answered with it", () => {
  const batch = new Batch(serializers.json, roomy);
  assert.deepEqual(batch.split(from("5b315d185b325d18")).map(hex), ["5b315d", "5b325d"]);
  batch.add(from("5b5d"));
  assert.equal(hex(batch.take()), "5b5d18");
});

test("an empty batch, one that ends within a message and one with a message of no octets are violations", () => {
  const broken = {
    json: ["", "5b5d", "5b5d1e5b", "1e", "5b5d1e1e"],
    msgpack: ["", "00", "000000", "00000001", "0000000291", "00000000", "0000000191ff"],
  } as const;
  for (const [name, cases] of Object.entries(broken)) {
    for (const text of cases) {
      const batch = new Batch(name === "json" ? serializers.json : serializers.cbor, roomy);
      assert.throws(() => batch.split(from(text)), ProtocolViolation, `${name} ${text}`);
    }
  }
});

test("a batch of more messages than the limit is a violation, one of the limit is not", () => {
  const batch = new Batch(serializers.json, { messages: 3 });
  assert.equal(batch.split(from("5b5d1e".repeat(3))).length, 3);
  assert.throws(() => batch.split(from("5b5d1e".repeat(4))), /more than 3 messages/);
});

test("a full batch is handed out before the message that it has no room for; a long one goes alone", () => {
  const batch = new Batch(serializers.msgpack, { messages: 10, octets: 100 });
  const small = new Uint8Array(40).fill(1);
  assert.equal(batch.add(small), undefined);
  assert.equal(batch.add(small), undefined);
  assert.equal(batch.add(new Uint8Array(500))?.length, 88);
  assert.equal(batch.add(small)?.length, 504);
  assert.equal(batch.take()?.length, 44);
});

test("whatever gathers comes out of the batches whole and in order", () => {
  const message = fc.uint8Array({ minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(fc.constantFrom("json", "msgpack", "cbor"), fc.array(message), (name, list) => {
      const serializer = serializers[name];
      // within a JSON message no control character stands as it is
      const messages = serializer.binary ? list : list.map((one) => one.map((octet) => octet | 0x20));
      const batch = new Batch(serializer, { messages: 10_000, octets: 200 });
      const batches = [...messages.map((one) => batch.add(one)), batch.take()].filter((one) => one !== undefined);
      const got = batches.flatMap((one) => new Batch(serializer, { messages: 10_000 }).split(one));
      assert.deepEqual(got.map(hex), messages.map(hex));
      assert.ok(batches.every((one) => one.length <= 200));
    }),
    { numRuns: 300 },
  );
});

test("a protocol's name tells serializer and batching", () => {
  for (const serializer of Object.values(serializers)) {
    assert.deepEqual(protocolByName(serializer.subprotocol), { serializer, batched: false });
    assert.deepEqual(protocolByName(batchedSubprotocol(serializer)), { serializer, batched: true });
  }
  assert.equal(batchedSubprotocol(serializers.cbor), "wamp.2.cbor.batched");
  for (const name of ["", "wamp", "wamp.2.json.", "wamp.2.json.batched.batched", "batched"]) {
    assert.equal(protocolByName(name), undefined);
  }
});
