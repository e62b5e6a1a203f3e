import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeFrame, FrameDecoder, FrameType, FramingError } from "../../packages/net-socket-raw-framing/index.ts";

const OPEN = { maxLength: 2 ** 24 };
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));
const failsWith = (code: string) => (error: unknown) => error instanceof FramingError && error.code === code;

type Got = [type: FrameType, payload: string];
function collecting(
  maxLength = 2 ** 24,
  wire: "standard" | "plain" = "standard",
): { decoder: FrameDecoder; got: Got[] } {
  const got: Got[] = [];
  const decoder = new FrameDecoder({ maxLength, wire }, (type, payload) => {
    got.push([type, Buffer.from(payload).toString("hex")]);
  });
  return { decoder, got };
}

test("messages, pings and pongs come out in order, empty ones too", () => {
  const { decoder, got } = collecting();
  assert.equal(decoder.push(bytes("00000002aabb010000000200000100000000")), 18);
  assert.deepEqual(got, [
    [FrameType.MESSAGE, "aabb"],
    [FrameType.PING, ""],
    [FrameType.PONG, "00"],
  ]);
  assert.equal(decoder.idle, false);
  decoder.push(bytes("00"));
  assert.equal(got.length, 4);
  assert.equal(decoder.idle, true);
});

test("a payload inside one chunk is a view of it: nothing is copied or kept", () => {
  const chunk = Buffer.from("0000000401020304", "hex");
  let seen: Uint8Array | undefined;
  const decoder = new FrameDecoder(OPEN, (_type, payload) => {
    seen = payload;
  });
  decoder.push(chunk);
  assert.equal(seen?.buffer, chunk.buffer);
  assert.equal(seen?.byteOffset, chunk.byteOffset + 4);
  assert.equal(Buffer.isBuffer(seen), false);
  assert.deepEqual([decoder.copied, decoder.retained], [0, 0]);
});

test("a payload across chunks stays valid when the chunks are overwritten", () => {
  const { decoder, got } = collecting();
  const first = bytes("000000040102");
  decoder.push(first);
  first.fill(0xff);
  decoder.push(bytes("0304"));
  assert.deepEqual(got, [[FrameType.MESSAGE, "01020304"]]);
});

test("the octets of its prefix are a payload's own where they came with it, and what lies before memory allocated for it", () => {
  const rooms: number[] = [];
  const allocate = (octets: number): Uint8Array => new Uint8Array(new ArrayBuffer(100 + octets), 100);
  for (const reused of [false, true]) {
    rooms.length = 0;
    const decoder = new FrameDecoder({ ...OPEN, allocate }, (_type, _payload, room) => {
      rooms.push(room);
    });
    decoder.push(bytes("00000002aabb00000001cc000000"), reused);
    decoder.push(bytes("02aabb00000002aa"), reused);
    decoder.push(bytes("bb00000001cc"), reused);
    assert.deepEqual(rooms, [4, 4, 0, 100, 4]);
  }
});

test("a frame that declares 16 MiB and sends nothing more costs its prefix", () => {
  const { decoder } = collecting();
  decoder.push(bytes("00ffffff"));
  assert.equal(decoder.retained, 4);
  decoder.push(bytes("00"));
  assert.ok(decoder.retained <= 10, String(decoder.retained));
});

test("one 64 KiB frame in 1-octet reads is copied less than three times over", () => {
  const frame = encodeFrame(FrameType.MESSAGE, new Uint8Array(65_536).fill(7), OPEN);
  const { decoder, got } = collecting();
  for (let at = 0; at < frame.length; at += 1) decoder.push(frame.subarray(at, at + 1));
  assert.equal(got.length, 1);
  assert.ok(decoder.copied < 3 * frame.length, String(decoder.copied));
});

test("what lies in memory that was given to it never comes out", () => {
  const got: Uint8Array[] = [];
  const allocate = (octets: number): Uint8Array => new Uint8Array(octets).fill(0xee);
  const decoder = new FrameDecoder({ ...OPEN, allocate }, (_type, payload) => {
    got.push(payload);
  });
  const frames = [3, 300, 70_000].map((length) => encodeFrame(FrameType.MESSAGE, new Uint8Array(length).fill(7), OPEN));
  const stream = Buffer.concat(frames);
  for (let at = 0; at < stream.length; at += 89) decoder.push(stream.subarray(at, at + 89));
  assert.deepEqual(
    got.map((payload) => payload.length),
    [3, 300, 70_000],
  );
  assert.ok(got.every((payload) => payload.every((octet) => octet === 7)));
});

test("a frame of exactly 2^24 octets is taken with the 25th length bit", () => {
  let length = -1;
  const decoder = new FrameDecoder(OPEN, (_type, payload) => {
    length = payload.length;
  });
  decoder.push(bytes("08000000"));
  const part = new Uint8Array(2 ** 20);
  for (let count = 0; count < 16; count += 1) decoder.push(part);
  assert.equal(length, 2 ** 24);
});

test("frame_too_long: the limit is inclusive, holds for every type and is judged from the prefix", () => {
  for (const type of ["00", "01", "02"]) {
    const { decoder, got } = collecting(512);
    decoder.push(bytes(`${type}000200`));
    decoder.push(new Uint8Array(512));
    assert.equal(got.length, 1);
    assert.throws(() => decoder.push(bytes(`${type}000201`)), failsWith("frame_too_long"));
  }
  const decoder = new FrameDecoder({ maxLength: 2 ** 24 - 1 }, () => undefined);
  assert.throws(() => decoder.push(bytes("08000000")), failsWith("frame_too_long"));
});

test("the plain wire takes 32-bit lengths up to its own limit and knows only messages", () => {
  const { decoder, got } = collecting(2 ** 25, "plain");
  decoder.push(bytes("01000000"));
  decoder.push(new Uint8Array(2 ** 24));
  assert.equal(got[0]?.[0], FrameType.MESSAGE);
  assert.equal(got[0]?.[1].length, 2 ** 25);
  assert.throws(() => decoder.push(bytes("02000001")), failsWith("frame_too_long"));
});

test("frames before the fault are delivered, then one error, and the decoder stays dead", () => {
  for (const [bad, code] of [
    ["10000000", "reserved_bits"],
    ["03000000", "reserved_type"],
    ["08000001", "bad_length_bit"],
  ] as const) {
    const { decoder, got } = collecting();
    assert.throws(() => decoder.push(bytes(`0000000101${bad}0000000102`)), failsWith(code));
    assert.deepEqual(got, [[FrameType.MESSAGE, "01"]]);
    const first = decoder.error;
    assert.throws(
      () => decoder.push(bytes("0000000103")),
      (error) => error === first,
    );
    assert.throws(
      () => decoder.end(),
      (error) => error === first,
    );
    assert.equal(got.length, 1);
    assert.equal(decoder.retained, 0);
  }
});

test("truncated_frame: the end of the stream inside prefix or payload is an error, between frames it is not", () => {
  for (const part of ["00", "000000", "00000002", "0000000201"]) {
    const { decoder } = collecting();
    decoder.push(bytes(`0000000109${part}`));
    assert.throws(() => decoder.end(), failsWith("truncated_frame"), part);
  }
  const { decoder } = collecting();
  decoder.push(bytes("0000000109"));
  decoder.end();
});

test("a sink that returns false stops after its frame; the rest can be pushed later", () => {
  const got: number[] = [];
  const decoder = new FrameDecoder(OPEN, (_type, payload) => {
    got.push(payload[0] ?? -1);
    return got.length !== 1;
  });
  const chunk = bytes("000000010100000001020000000103");
  const consumed = decoder.push(chunk);
  assert.equal(consumed, 5);
  assert.deepEqual(got, [1]);
  decoder.push(chunk.subarray(consumed));
  assert.deepEqual(got, [1, 2, 3]);
});

test("bad_option: a limit that the wire cannot express is refused", () => {
  for (const maxLength of [0, -1, 1.5, Number.NaN, 2 ** 24 + 1]) {
    assert.throws(() => new FrameDecoder({ maxLength }, () => undefined), failsWith("bad_option"));
  }
  assert.throws(
    () => new FrameDecoder({ maxLength: 2 ** 32, wire: "plain" }, () => undefined),
    failsWith("bad_option"),
  );
});

test("messages side by side go on as one piece, a view of the chunk, up to the first that is none or is refused", () => {
  const runs: Uint8Array[] = [];
  const asked: number[] = [];
  const got: Got[] = [];
  const decoder = new FrameDecoder(OPEN, (type, payload) => {
    got.push([type, Buffer.from(payload).toString("hex")]);
  });
  decoder.passRuns({
    takes: (octets, at, length) => {
      asked.push(length);
      return octets[at] !== 0xff;
    },
    onRun: (run) => {
      runs.push(run);
    },
  });
  const chunk = bytes("00000001aa00000002bbbb0000000001000000000000020c0c00000001ff00000001dd00000002ee");
  decoder.push(chunk, true);
  assert.deepEqual(
    runs.map((run) => Buffer.from(run).toString("hex")),
    ["00000001aa00000002bbbb00000000", "000000020c0c", "00000001dd"],
  );
  assert.equal(runs[0]?.buffer, chunk.buffer);
  assert.deepEqual(got, [
    [FrameType.PING, ""],
    [FrameType.MESSAGE, "ff"],
  ]);
  assert.deepEqual(asked, [1, 2, 0, 2, 1, 1, 1]);
  decoder.push(bytes("ee00000001aa"));
  assert.deepEqual(got.at(-1), [FrameType.MESSAGE, "eeee"]);
  assert.equal(runs.length, 4);
});

test("an empty PING is no message of 2^24 octets, nor is one of exactly that length part of a run", () => {
  for (const [prefix, type, length] of [
    ["01000000", FrameType.PING, 0],
    ["08000000", FrameType.MESSAGE, 2 ** 24],
  ] as const) {
    const got: [type: FrameType, length: number][] = [];
    const decoder = new FrameDecoder(OPEN, (...[gotType, payload]) => got.push([gotType, payload.length]) === 0);
    decoder.passRuns({ takes: () => true, onRun: () => assert.fail("a run") });
    decoder.push(Buffer.concat([bytes(prefix), Buffer.alloc(2 ** 24)]));
    assert.deepEqual(got, [[type, length]]);
  }
});
