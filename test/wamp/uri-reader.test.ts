import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { isUri } from "@pinion/wamp";
import { UriReader } from "../../packages/wamp/serializer/uri-reader.ts";

const encoder = new TextEncoder();

function topics(count: number, prefix: string): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => encoder.encode(`sensor.${prefix}${String(i).padStart(6, "0")}.value`));
}

/** How many of these it knows. */
function knownOf(reader: UriReader, all: readonly Uint8Array[]): number {
  return all.filter((octets) => reader.known(octets, 0, octets.length) !== undefined).length;
}

test("a table of URIs gives back what lies in the octets, whatever it has seen before", () => {
  const uri = fc
    .array(fc.constantFrom("a", "b", "sensor", "é", " ", "#", "", "x".repeat(60)), { minLength: 1, maxLength: 5 })
    .map((parts) => parts.join("."));
  fc.assert(
    fc.property(fc.array(uri, { minLength: 1, maxLength: 60 }), fc.nat(9), (uris, before) => {
      const reader = new UriReader();
      for (const text of [...uris, ...uris]) {
        const octets = encoder.encode(text);
        const around = new Uint8Array(before + octets.length + 3).fill(0x61);
        around.set(octets, before);
        assert.equal(reader.read(around, before, before + octets.length), isUri(text) ? text : undefined);
      }
    }),
    { numRuns: 300 },
  );
});

test("a table of URIs grows to the topics that are in use, and no further", () => {
  const reader = new UriReader();
  const inUse = topics(1000, "a");
  for (let round = 0; round < 60; round += 1) for (const octets of inUse) reader.read(octets, 0, octets.length);
  assert.ok(knownOf(reader, inUse) > 750, String(knownOf(reader, inUse)));
  const flood = topics(50_000, "b");
  for (const octets of flood) assert.ok(reader.read(octets, 0, octets.length));
  assert.ok(knownOf(reader, flood) <= 4096, String(knownOf(reader, flood)));
  for (const octets of inUse) assert.equal(reader.read(octets, 0, octets.length), new TextDecoder().decode(octets));
});
