import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { type Message, ProtocolViolation } from "../../packages/wamp/index.ts";
import { messageTable } from "../../packages/wamp/message-table.ts";
import { type Serializer, serializers } from "../../packages/wamp/serializer/index.ts";
import { anyMessage, plain } from "../support/arbitrary-message.ts";
import { rawList, rawOctets } from "../support/raw-message.ts";

const all = Object.values(serializers);
const RUNS = { numRuns: 400 };

function parseOrViolation(serializer: Serializer, octets: Uint8Array): Message | undefined {
  try {
    return serializer.parse(octets);
  } catch (error) {
    if (error instanceof ProtocolViolation) return undefined;
    throw error;
  }
}

/** What was let through must be readable here and at every further hop, whatever that speaks. */
function checkAccepted(message: Message): void {
  const before = plain(message);
  for (const other of all) assert.equal(plain(other.parse(other.marshal(message)))["type"], before["type"]);
}

function mutate(octets: Uint8Array, edits: readonly (readonly [at: number, octet: number, how: number])[]): Uint8Array {
  const mutated = Array.from(octets);
  for (const [at, octet, how] of edits) {
    const place = Math.floor(at * mutated.length);
    if (how === 0) mutated[place] = octet;
    else if (how === 1) mutated.splice(place, 1);
    else if (how === 2) mutated.splice(place, 0, octet);
    else mutated.length = place;
  }
  return Uint8Array.from(mutated);
}

const anyEdits = fc.array(
  fc.tuple(
    fc.double({ min: 0, max: 0.999, noNaN: true }),
    fc.integer({ min: 0, max: 255 }),
    fc.integer({ min: 0, max: 3 }),
  ),
  { minLength: 1, maxLength: 3 },
);

/** Lists that resemble messages, with the wrong kinds of things in places. */
const anyRawMessage = fc
  .tuple(
    fc.oneof(fc.constantFrom(...Object.values(messageTable).map(({ code }) => code)), fc.integer()),
    fc.array(
      fc.oneof(
        fc.integer({ min: 0, max: 99 }),
        fc.constantFrom({}, [], null, "a.b", "a..b", "", true, 1.5, { match: "prefix" }, { roles: { caller: {} } }),
        fc.jsonValue({ maxDepth: 2 }),
      ),
      { maxLength: 7 },
    ),
  )
  .map(([code, rest]) => [code, ...rest]);

function each(title: string, check: (serializer: Serializer) => void): void {
  for (const serializer of all) test(`${serializer.name} ${title}`, () => check(serializer));
}

each("reads back every message that it writes", (serializer) => {
  fc.assert(
    fc.property(anyMessage, (message) => {
      const octets = serializer.marshal(message);
      assert.deepEqual(plain(serializer.parse(octets)), plain(message));
    }),
    RUNS,
  );
});

each("writes what other people's decoders read", (serializer) => {
  fc.assert(
    fc.property(anyMessage, (message) => {
      // the MessagePack decoder refuses such keys, though they are legal
      fc.pre(!JSON.stringify(Object.entries(plain(message)), replaceBigInt).includes("__proto__"));
      const list = rawList(serializer.name, serializer.marshal(message));
      assert.ok(Array.isArray(list));
      assert.equal(Number(list[0]), messageTable[message.type].code);
      const first = messageTable[message.type].elements[0];
      if (first?.[1] === "id") assert.equal(Number(list[1]), plain(message)[first[0]]);
    }),
    { numRuns: 200 },
  );
});

each("takes any octets for a message or a protocol violation, and nothing else", (serializer) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (octets) => {
      const message = parseOrViolation(serializer, octets);
      if (message) checkAccepted(message);
    }),
    { numRuns: 1000 },
  );
});

each("takes damaged messages for a message or a protocol violation, and nothing else", (serializer) => {
  fc.assert(
    fc.property(anyMessage, anyEdits, (message, edits) => {
      const damaged = parseOrViolation(serializer, mutate(serializer.marshal(message), edits));
      if (damaged) checkAccepted(damaged);
    }),
    { numRuns: 800 },
  );
});

each("takes any list of values for a message or a protocol violation, and nothing else", (serializer) => {
  fc.assert(
    fc.property(anyRawMessage, (list) => {
      const message = parseOrViolation(serializer, rawOctets(serializer.name, list));
      if (message) checkAccepted(message);
    }),
    { numRuns: 800 },
  );
});

each(
  "gives the same verdict whether octets come as Buffer, as array of their own or inside a larger one",
  (serializer) => {
    fc.assert(
      fc.property(anyMessage, fc.integer({ min: 1, max: 9 }), (message, offset) => {
        const octets = serializer.marshal(message);
        const larger = Buffer.alloc(octets.length + 2 * offset, 0x5d);
        larger.set(octets, offset);
        const inside = serializer.parse(larger.subarray(offset, offset + octets.length));
        assert.deepEqual(plain(inside), plain(message));
        assert.deepEqual(Buffer.from(serializer.marshal(inside)), Buffer.from(octets));
      }),
      { numRuns: 100 },
    );
  },
);

function replaceBigInt(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}

test("a message that crosses all serializers arrives with the values it started with", () => {
  fc.assert(
    fc.property(anyMessage, fc.shuffledSubarray([...all, ...all]), (message, hops) => {
      let current = message;
      for (const hop of hops) current = hop.parse(hop.marshal(current));
      assert.deepEqual(plain(current), plain(message));
    }),
    RUNS,
  );
});
