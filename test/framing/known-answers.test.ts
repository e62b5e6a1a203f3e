/** The derived known answers for the raw socket, where the folder with the vectors exists. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  announcedLength,
  answerRequest,
  ClientHandshake,
  encodeRequest,
  FrameDecoder,
  type FrameType,
  FramingError,
  lengthOf,
  parseReply,
  prefixOf,
  readPrefix,
  SerializerCode,
  typeOf,
} from "../../packages/net-socket-raw-framing/index.ts";

interface Vector {
  readonly octets: string;
  readonly serializer?: string;
  readonly max_receive?: number;
  readonly code?: number;
  readonly type?: string;
  readonly length?: number;
  readonly why?: string;
}
type Vectors = Record<
  "handshake_ok" | "handshake_error_reply" | "handshake_bad" | "frame_header" | "frame_header_bad",
  readonly Vector[]
>;

const shared = process.env["PINION_SHARED"] ?? join(import.meta.dirname, "../../../shared");
const file = join(shared, "wamp-vectors/derived/rawsocket-kat.json");
const options = existsSync(file)
  ? {}
  : { skip: "rawsocket-kat.json not found: set PINION_SHARED to the folder that holds wamp-vectors" };
// The shape is checked by use: a missing section or field fails its test.
const load = (): Vectors => JSON.parse(readFileSync(file, "utf8")) as Vectors; // the file's own shape

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));
const SERIALIZERS: Partial<Record<string, number>> = {
  json: SerializerCode.JSON,
  msgpack: SerializerCode.MSGPACK,
  cbor: SerializerCode.CBOR,
  ubjson: SerializerCode.UBJSON,
  flatbuffers: SerializerCode.FLATBUFFERS,
};
const TYPES: Partial<Record<string, FrameType>> = { wamp: 0, ping: 1, pong: 2 };

test("known answers: good handshakes", options, () => {
  const vectors = load().handshake_ok;
  assert.ok(vectors.length > 0);
  for (const { octets, serializer: name = "", max_receive: maxReceive = 0 } of vectors) {
    const serializer = SERIALIZERS[name] ?? 0;
    assert.deepEqual(encodeRequest({ serializer, maxReceive }), bytes(octets));
    const step = answerRequest(bytes(octets), { serializers: [1, 2, 3, 4, 5], maxReceive: 512 });
    assert.equal(step.state === "accepted" && step.agreement.maxSend, maxReceive, octets);
    assert.equal(step.state === "accepted" && step.agreement.serializer, serializer, octets);
  }
});

test("known answers: error replies", options, () => {
  const names = ["serializer_unsupported", "length_unacceptable", "reserved_bits_refused", "connection_count"];
  for (const { octets, code = 0 } of load().handshake_error_reply) {
    assert.throws(
      () => parseReply(bytes(octets), { serializer: 1, maxReceive: 512 }),
      (error) => error instanceof FramingError && error.code === names[code - 1],
    );
  }
});

test("known answers: bad handshakes are refused on both sides", options, () => {
  for (const { octets, why } of load().handshake_bad) {
    const step = answerRequest(bytes(octets), { serializers: [1, 2, 3], maxReceive: announcedLength(15) });
    assert.equal(step.state, "refused", why);
    assert.equal(new ClientHandshake({ serializer: 1, maxReceive: 512 }).push(bytes(octets)).state, "failed", why);
  }
});

test("known answers: frame prefixes", options, () => {
  for (const { octets, type: name = "", length = -1 } of load().frame_header) {
    const type = TYPES[name] ?? 0;
    const prefix = readPrefix(bytes(octets));
    assert.equal(prefixOf(type, length), prefix, octets);
    assert.deepEqual([typeOf(prefix), lengthOf(prefix)], [type, length], octets);
  }
});

test("known answers: bad frame prefixes", options, () => {
  for (const { octets, why } of load().frame_header_bad) {
    const decoder = new FrameDecoder({ maxLength: 2 ** 24 }, () => assert.fail("a frame came out"));
    assert.throws(() => decoder.push(bytes(octets)), FramingError, why);
  }
});
