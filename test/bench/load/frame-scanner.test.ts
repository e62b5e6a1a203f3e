import assert from "node:assert/strict";
import { test } from "node:test";
import { array, assert as check, constantFrom, nat, property, record } from "fast-check";
import { FrameScanner, type Framing } from "./frame-scanner.ts";

const LENGTHS = [0, 1, 100, 125, 126, 127, 128, 200, 16_383, 16_384, 65_535, 65_536, 70_000];

/** A frame as a server sends it, its message filled with one octet. */
function frame(framing: Framing, length: number): Buffer {
  const message = Buffer.alloc(length, 0x5b);
  if (framing === "raw") {
    const header = Buffer.alloc(4);
    header.writeUInt32BE(length);
    return Buffer.concat([header, message]);
  }
  if (framing === "websocket") {
    if (length < 126) return Buffer.concat([Buffer.from([0x81, length]), message]);
    if (length < 65_536) return Buffer.concat([Buffer.from([0x81, 126, length >> 8, length & 0xff]), message]);
    const header = Buffer.alloc(10);
    header[0] = 0x81;
    header[1] = 127;
    header.writeUInt32BE(length, 6);
    return Buffer.concat([header, message]);
  }
  const header = [0x30];
  for (let rest = length, first = true; first || rest > 0; first = false) {
    header.push(rest > 127 ? (rest & 0x7f) | 0x80 : rest);
    rest = Math.floor(rest / 128);
  }
  return Buffer.concat([Buffer.from(header), message]);
}

const stream = record({
  framing: constantFrom<Framing>("raw", "websocket", "mqtt"),
  lengths: array(constantFrom(...LENGTHS), { minLength: 1, maxLength: 12 }),
  cuts: array(nat(200_000), { maxLength: 40 }),
});

function chunks(octets: Buffer, cuts: readonly number[]): Buffer[] {
  const points = [0, ...cuts.map((cut) => cut % (octets.length + 1)).sort((a, b) => a - b), octets.length];
  return points.slice(1).map((end, i) => octets.subarray(points[i], end));
}

test("however a stream is cut, each frame is counted once and handed out whole", () => {
  check(
    property(stream, ({ framing, lengths, cuts }) => {
      const octets = Buffer.concat(lengths.map((length) => frame(framing, length)));
      const counting = new FrameScanner(framing);
      counting.expect({ offset: 0, first: framing === "mqtt" ? 0x30 : 0x5b, second: -1, minimum: 0 });
      const whole = new FrameScanner(framing);
      const handedOut: number[] = [];
      whole.handOut((_octets, from, to) => handedOut.push(to - from));
      for (const chunk of chunks(octets, cuts)) {
        counting.push(chunk, chunk.length);
        whole.push(chunk, chunk.length);
      }
      assert.equal(counting.count, lengths.length);
      const sizes = lengths.map((length) => (framing === "mqtt" ? frame(framing, length).length : length));
      assert.deepEqual(handedOut, sizes);
    }),
    { numRuns: 150 },
  );
});

test("counts what is of another type, or too short, as unexpected", () => {
  const scanner = new FrameScanner("raw");
  scanner.expect({ offset: 0, first: 0x5b, second: -1, minimum: 100 });
  const other = frame("raw", 200);
  other[4] = 0x7b;
  const all = Buffer.concat([frame("raw", 200), other, frame("raw", 20)]);
  scanner.push(all, all.length);
  assert.deepEqual([scanner.count, scanner.unexpected], [3, 2]);
});

test("does not count what keeps a transport alive", () => {
  const ping = Buffer.from([1, 0, 0, 2, 7, 7]);
  const scanner = new FrameScanner("raw");
  scanner.expect({ offset: 0, first: 0x5b, second: -1, minimum: 0 });
  const all = Buffer.concat([ping, frame("raw", 10), ping]);
  for (const octet of all) scanner.push(Buffer.of(octet), 1);
  assert.deepEqual([scanner.count, scanner.unexpected], [1, 0]);
});
