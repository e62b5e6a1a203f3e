import assert from "node:assert/strict";
import { test } from "node:test";
import {
  checkFrame,
  checkMessages,
  encodeFrame,
  encodePrefix,
  FrameType,
  FramingError,
  lengthOf,
  MAX_PLAIN_LENGTH,
  MAX_STANDARD_LENGTH,
  prefixOf,
  readPrefix,
  type SendLimits,
  typeOf,
} from "../../packages/net-socket-raw-framing/index.ts";

const OPEN: SendLimits = { maxLength: MAX_STANDARD_LENGTH };
const TYPES = [FrameType.MESSAGE, FrameType.PING, FrameType.PONG];
const hex = (octets: Uint8Array): string => Buffer.from(octets).toString("hex");
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));
const failsWith = (code: string) => (error: unknown) => error instanceof FramingError && error.code === code;

test("a frame is its prefix followed by its payload, for each type", () => {
  const payload = Buffer.from("[1]");
  assert.equal(hex(encodeFrame(FrameType.MESSAGE, payload, OPEN)), "000000035b315d");
  assert.equal(hex(encodeFrame(FrameType.PING, payload, OPEN)), "010000035b315d");
  assert.equal(hex(encodeFrame(FrameType.PONG, new Uint8Array(0), OPEN)), "02000000");
});

test("prefixes at both ends of the length range read back as they were written", () => {
  for (const type of TYPES) {
    for (const length of [0, 1, 511, 512, 65_535, 65_536, 2 ** 24 - 1, 2 ** 24]) {
      const prefix = prefixOf(type, length);
      assert.equal(typeOf(prefix), type);
      assert.equal(lengthOf(prefix), length);
    }
  }
});

test("every limit is inclusive, for every frame type, on both wires", () => {
  for (const wire of ["standard", "plain"] as const) {
    for (const type of TYPES) {
      const limits = { maxLength: 512, wire };
      assert.equal(encodeFrame(type, new Uint8Array(512), limits).length, 516);
      assert.throws(() => encodeFrame(type, new Uint8Array(513), limits), failsWith("message_too_long"));
      assert.throws(() => encodePrefix(type, 513, limits), failsWith("message_too_long"));
    }
  }
});

test("message_too_long: what the wire cannot express is refused whatever the limit says", () => {
  assert.throws(
    () => encodePrefix(0, 2 ** 24 + 1, { maxLength: 2 ** 30, allowLengthBit: true }),
    failsWith("message_too_long"),
  );
  assert.throws(() => encodePrefix(0, 2 ** 32, { maxLength: 2 ** 40, wire: "plain" }), failsWith("message_too_long"));
});

test("length_bit_not_allowed: exactly 2^24 octets go out only when asked for", () => {
  assert.throws(() => encodePrefix(0, 2 ** 24, OPEN), failsWith("length_bit_not_allowed"));
  assert.equal(hex(encodePrefix(0, 2 ** 24, { ...OPEN, allowLengthBit: true })), "08000000");
  assert.equal(hex(encodePrefix(1, 2 ** 24, { ...OPEN, allowLengthBit: true })), "09000000");
  assert.equal(hex(encodePrefix(0, 2 ** 24 - 1, OPEN)), "00ffffff");
});

test("the plain wire uses all 32 bits as length", () => {
  const limits: SendLimits = { maxLength: MAX_PLAIN_LENGTH, wire: "plain" };
  assert.equal(hex(encodePrefix(0, 2 ** 24, limits)), "01000000");
  assert.equal(hex(encodePrefix(0, 2 ** 32 - 1, limits)), "ffffffff");
  assert.equal(readPrefix(bytes("ffffffff")), 2 ** 32 - 1);
});

test("reserved_bits: each of the four is refused", () => {
  for (const bit of [4, 5, 6, 7]) assert.throws(() => typeOf((1 << (24 + bit)) >>> 0), failsWith("reserved_bits"));
});

test("reserved_type: types 3 to 7 are refused", () => {
  for (const type of [3, 4, 5, 6, 7]) assert.throws(() => typeOf(type << 24), failsWith("reserved_type"));
});

test("bad_length_bit: the 25th bit beside any other length bit is refused", () => {
  for (let bit = 0; bit < 24; bit += 1) {
    assert.throws(() => lengthOf(0x0800_0000 | (1 << bit)), failsWith("bad_length_bit"));
  }
});

test("bad_frame: octets that are not one whole frame are refused before they are sent", () => {
  const frame = encodeFrame(FrameType.MESSAGE, new Uint8Array(5), OPEN);
  assert.equal(checkFrame(frame, OPEN), FrameType.MESSAGE);
  assert.throws(() => checkFrame(frame.subarray(0, 8), OPEN), failsWith("bad_frame"));
  assert.throws(() => checkFrame(frame.subarray(0, 3), OPEN), failsWith("bad_frame"));
  assert.throws(() => checkFrame(bytes("10000000"), OPEN), failsWith("bad_frame"));
  assert.throws(() => checkFrame(new Uint8Array(12), OPEN), failsWith("bad_frame"));
  assert.throws(() => checkFrame(frame, { maxLength: 4 }), failsWith("message_too_long"));
  assert.throws(() => checkFrame(bytes("03000000"), OPEN), failsWith("bad_frame"));
});

test("bad_frame: octets that are not whole messages side by side, within the limit, are refused before they are sent", () => {
  const one = encodeFrame(FrameType.MESSAGE, new Uint8Array(5), OPEN);
  const two = Buffer.concat([one, one]);
  checkMessages(one, OPEN);
  checkMessages(two, { maxLength: 5 });
  checkMessages(Buffer.concat([two, bytes("00000000")]), { maxLength: 5, wire: "plain" });
  const longest = Buffer.concat([bytes("08000000"), Buffer.alloc(2 ** 24)]);
  for (const wrong of [
    bytes(""),
    two.subarray(0, 17),
    Buffer.concat([two, bytes("00")]),
    Buffer.concat([one, bytes("01000000")]),
    Buffer.concat([bytes("02000000"), one]),
    longest,
  ]) {
    assert.throws(() => checkMessages(wrong, OPEN), failsWith("bad_frame"), hex(wrong.subarray(0, 20)));
  }
  const longer = encodeFrame(FrameType.MESSAGE, new Uint8Array(6), OPEN);
  assert.throws(() => checkMessages(Buffer.concat([one, longer]), { maxLength: 5 }), failsWith("bad_frame"));
});
