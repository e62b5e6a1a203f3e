import assert from "node:assert/strict";
import { test } from "node:test";
import {
  announcedLength,
  answerRequest,
  ClientHandshake,
  encodeRefusal,
  encodeRequest,
  FramingError,
  lengthCode,
  parseReply,
  ServerHandshake,
  type ServerHandshakeOptions,
  type ServerStep,
} from "../../packages/net-socket-raw-framing/index.ts";

const SERVER: ServerHandshakeOptions = { serializers: [1, 2, 3], maxReceive: 2 ** 24 };
const CLIENT = { serializer: 2, maxReceive: 2 ** 24 };
const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));
const hex = (octets: Uint8Array | undefined): string | undefined => octets && Buffer.from(octets).toString("hex");

function refusal(request: string, options: Partial<ServerHandshakeOptions> = {}): [string, string | undefined] {
  const step = answerRequest(bytes(request), { ...SERVER, ...options });
  assert.equal(step.state, "refused");
  return step.state === "refused" ? [step.error.code, hex(step.reply)] : ["", undefined];
}

const failsWith = (code: string) => (error: unknown) => error instanceof FramingError && error.code === code;

test("each of the 16 length codes means 2^(9+code) octets, both ways", () => {
  for (let code = 0; code < 16; code += 1) {
    const length = 2 ** (9 + code);
    assert.equal(announcedLength(code), length);
    assert.equal(lengthCode(length), code);
    for (const serializer of [1, 2, 3]) {
      const request = encodeRequest({ serializer, maxReceive: length });
      assert.deepEqual([...request], [0x7f, code * 16 + serializer, 0, 0]);
      const step = answerRequest(request, { ...SERVER, maxReceive: length });
      assert.equal(step.state, "accepted");
      if (step.state !== "accepted") continue;
      assert.deepEqual(step.agreement, { serializer, maxSend: length, maxReceive: length });
      assert.deepEqual(step.reply, request);
      const agreed = parseReply(step.reply, { serializer, maxReceive: 512 });
      assert.deepEqual(agreed, { serializer, maxSend: length, maxReceive: 512 });
    }
  }
});

test("a limit that is no power of two is announced rounded down", () => {
  assert.equal(lengthCode(1023), 0);
  assert.equal(lengthCode(1024), 1);
  assert.equal(lengthCode(16_777_215), 14);
  assert.equal(lengthCode(100_000_000), 15);
});

test("the two lengths are declared independently, not negotiated down", () => {
  const step = answerRequest(bytes("7f020000"), { ...SERVER, maxReceive: 65_536 });
  assert.equal(step.state, "accepted");
  if (step.state !== "accepted") return;
  assert.equal(hex(step.reply), "7f720000");
  assert.deepEqual(step.agreement, { serializer: 2, maxSend: 512, maxReceive: 65_536 });
});

test("bad_magic: a client that speaks HTTP or the old raw socket is refused without an answer", () => {
  assert.deepEqual(refusal("47455420"), ["bad_magic", undefined]);
  assert.deepEqual(refusal("00000161"), ["bad_magic", undefined]);
});

test("bad_magic: a router that answers with something else fails the client", () => {
  assert.throws(() => parseReply(bytes("48545450"), CLIENT), failsWith("bad_magic"));
});

test("bad_reserved_octets: either reserved octet set is answered with error 3", () => {
  assert.deepEqual(refusal("7ff10001"), ["bad_reserved_octets", "7f300000"]);
  assert.deepEqual(refusal("7ff10100"), ["bad_reserved_octets", "7f300000"]);
  assert.throws(() => parseReply(bytes("7ff20001"), CLIENT), failsWith("bad_reserved_octets"));
});

test("serializer_illegal: serializer 0 is answered with error 1", () => {
  assert.deepEqual(refusal("7ff00000"), ["serializer_illegal", "7f100000"]);
});

test("serializer_unsupported: a serializer that is not offered is answered with error 1", () => {
  for (let serializer = 4; serializer < 16; serializer += 1) {
    assert.deepEqual(refusal(`7ff${serializer.toString(16)}0000`), ["serializer_unsupported", "7f100000"]);
  }
  assert.throws(() => parseReply(bytes("7f100000"), CLIENT), failsWith("serializer_unsupported"));
});

test("length_unacceptable: a client that receives less than is required is answered with error 2", () => {
  assert.deepEqual(refusal("7f620000", { minSend: 65_536 }), ["length_unacceptable", "7f200000"]);
  assert.equal(answerRequest(bytes("7f720000"), { ...SERVER, minSend: 65_536 }).state, "accepted");
  assert.throws(() => parseReply(bytes("7f200000"), CLIENT), failsWith("length_unacceptable"));
});

test("reserved_bits_refused: error 3 in the reply has its name", () => {
  assert.throws(() => parseReply(bytes("7f300000"), CLIENT), failsWith("reserved_bits_refused"));
});

test("connection_count: a full router answers a well-formed request with error 4", () => {
  assert.deepEqual(refusal("7ff20000", { full: true }), ["connection_count", "7f400000"]);
  assert.deepEqual(refusal("47455420", { full: true }), ["bad_magic", undefined]);
  assert.throws(() => parseReply(bytes("7f400000"), CLIENT), failsWith("connection_count"));
  assert.equal(hex(encodeRefusal(4)), "7f400000");
});

test("handshake_refused: error 0 and the reserved errors 5 to 15 refuse as well", () => {
  for (const code of [0, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]) {
    assert.throws(() => parseReply(bytes(`7f${code.toString(16)}00000`), CLIENT), failsWith("handshake_refused"));
  }
});

test("serializer_mismatch: a reply with another serializer fails the client", () => {
  assert.throws(() => parseReply(bytes("7ff10000"), CLIENT), failsWith("serializer_mismatch"));
});

test("bad_option: limits under 512 and serializers outside 1 to 15 are refused by name", () => {
  for (const maxReceive of [0, 511, -1, Number.NaN, 600.5, Number.POSITIVE_INFINITY]) {
    assert.throws(() => encodeRequest({ serializer: 1, maxReceive }), failsWith("bad_option"), String(maxReceive));
    assert.throws(() => new ServerHandshake({ serializers: [1], maxReceive }), failsWith("bad_option"));
  }
  for (const serializer of [0, 16, 1.5, -1]) {
    assert.throws(() => new ClientHandshake({ serializer, maxReceive: 512 }), failsWith("bad_option"));
    assert.throws(() => new ServerHandshake({ ...SERVER, serializers: [serializer] }), failsWith("bad_option"));
  }
  assert.throws(() => new ServerHandshake({ ...SERVER, serializers: [] }), failsWith("bad_option"));
});

test("a handshake in 1-octet pieces, or glued to frames, gives the same and returns the remainder", () => {
  const glued = bytes("7f720000000000015b01000000");
  for (let size = 1; size <= glued.length; size += 1) {
    const server = new ServerHandshake(SERVER);
    const client = new ClientHandshake(CLIENT);
    let at = 0;
    let step: ServerStep = { state: "pending" };
    let reply: ReturnType<ClientHandshake["push"]> = { state: "pending" };
    while (step.state === "pending") {
      const chunk = glued.subarray(at, at + size);
      step = server.push(chunk);
      reply = client.push(chunk);
      at += size;
    }
    assert.equal(step.state, "accepted");
    assert.equal(reply.state, "agreed");
    if (step.state !== "accepted" || reply.state !== "agreed") continue;
    assert.equal(hex(step.reply), "7ff20000");
    assert.deepEqual(step.agreement, { serializer: 2, maxSend: 65_536, maxReceive: 2 ** 24 });
    assert.deepEqual(reply.agreement, step.agreement);
    assert.equal(hex(step.rest), hex(glued.subarray(4, at)));
    assert.equal(hex(reply.rest), hex(glued.subarray(4, at)));
  }
});

test("a wrong first octet is refused at once, without waiting for three more", () => {
  const step = new ServerHandshake(SERVER).push(bytes("47"));
  assert.equal(step.state === "refused" && step.error.code, "bad_magic");
  const reply = new ClientHandshake(CLIENT).push(bytes("48"));
  assert.equal(reply.state === "failed" && reply.error.code, "bad_magic");
});

test("an empty piece changes nothing", () => {
  const server = new ServerHandshake(SERVER);
  assert.equal(server.push(new Uint8Array(0)).state, "pending");
  assert.equal(server.push(bytes("7f")).state, "pending");
  assert.equal(server.push(new Uint8Array(0)).state, "pending");
  assert.equal(server.push(bytes("f10000")).state, "accepted");
});
