/** Octets that no honest encoder makes, and the odd ones that some do. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { type Message, ProtocolViolation } from "../../packages/wamp/index.ts";
import { type SerializerName, serializers } from "../../packages/wamp/serializer/index.ts";
import { hostileOctets } from "../support/hostile-octets.ts";
import { deepDict, deepList } from "../support/hostile-mutations.ts";
import { isUtf8 } from "../../packages/wamp/serializer/utf8.ts";

const { json, msgpack, cbor } = serializers;

function args(message: Message): readonly unknown[] {
  assert.ok("payload" in message);
  return message.payload.args;
}

function fromJson(text: string): Message {
  return json.parse(Buffer.from(text, "latin1"));
}

function fromHex(name: Exclude<SerializerName, "json">, hex: string): Message {
  return serializers[name].parse(Buffer.from(hex.replaceAll(" ", ""), "hex"));
}

/* RESULT of request 1 with Args of one value, given in hexadecimal. */
const inMsgpack = (hex: string): readonly unknown[] => args(fromHex("msgpack", `94 32 01 80 91 ${hex}`));
const inCbor = (hex: string): readonly unknown[] => args(fromHex("cbor", `84 18 32 01 a0 81 ${hex}`));

test("JSON: the scanner accepts exactly what JSON.parse accepts", () => {
  const token = fc.oneof(
    fc.constantFrom("[", "]", "{", "}", ",", ":", '"', "\\", " ", "\n", "null", "true", "fals", "-", "0", "1.", ".5"),
    fc.constantFrom("1e", "e+1", "00", "1.5E-3", '"a"', '"a":', "\\u00e9", "\\ud800", "\\x", "\t", "\u0001", "é"),
    fc.json({ maxDepth: 2 }),
  );
  fc.assert(
    fc.property(fc.array(token, { maxLength: 8 }), (tokens) => {
      const text = `[${tokens.join("")}]`;
      let legal = true;
      try {
        legal = Array.isArray(JSON.parse(text));
      } catch {
        legal = false;
      }
      const parse = () => json.parse(Buffer.from(`[50,1,{},${text}]`));
      if (legal) assert.doesNotThrow(parse, text);
      else assert.throws(parse, ProtocolViolation, text);
    }),
    { numRuns: 4000 },
  );
});

test("JSON: values come out as JSON.parse gives them, also where the careful reader is needed", () => {
  fc.assert(
    fc.property(
      fc.json({ maxDepth: 3 }),
      fc.constantFrom("", ',"\\u0000AAE="', ",12345678901234567890"),
      (text, extra) => {
        fc.pre(!/(?:^|[[,:])-?\d{16,}(?:[\],}]|$)/.test(text)); // integers that JSON.parse would round
        const [value] = args(fromJson(Buffer.from(`[50,1,{},[${text}${extra}]]`).toString("latin1")));
        assert.deepEqual(value, JSON.parse(text));
      },
    ),
    { numRuns: 500 },
  );
});

test("JSON: white space is taken wherever the grammar has it", () => {
  assert.deepEqual(args(fromJson('\t[ 50 ,\r\n1 , { "a" : 1 } , [ 1 , { "b" : [ ] } ] , { } ]\n')), [1, { b: [] }]);
});

test("JSON: octets after the message, a byte order mark and comments are refused", () => {
  for (const text of [
    "[35,1] x",
    "[35,1][35,1]",
    "\xef\xbb\xbf[35,1]",
    "[35,1]\0",
    "[35,/**/1]",
    "[35,1,]",
    "[35 1]",
  ]) {
    assert.throws(() => fromJson(text), ProtocolViolation, text);
  }
});

test("JSON: escapes are read in every part of the envelope", () => {
  const message = fromJson('[48,1,{"\\u0074imeout":5},"\\u0061.\\"\\\\\\/b",[]]');
  assert.deepEqual(message.type === "CALL" && [message.options, message.procedure], [{ timeout: 5 }, 'a."\\/b']);
  assert.throws(() => fromJson('[48,1,{},"a.\\ud800"]'), ProtocolViolation);
});

test("JSON: a string that begins with U+0000 is binary in values and stays text in keys", () => {
  const message = fromJson(
    '[50,1,{},["\\u0000EOP/kFMHXFJvX8BtT+N82w==","\\u0000"],{"\\u0000QQ==":{"x":["\\u0000QQ=="]}}]',
  );
  assert.ok("payload" in message);
  const { args, kwargs } = message.payload;
  assert.deepEqual(args, [new Uint8Array(Buffer.from("10e3ff9053075c526f5fc06d4fe37cdb", "hex")), new Uint8Array(0)]);
  assert.deepEqual(kwargs, { "\0QQ==": { x: [new Uint8Array([65])] } });
  assert.ok(Buffer.from(msgpack.marshal(message)).includes(Buffer.from("c41010e3ff90", "hex")), "bin in MessagePack");
});

test("JSON: binary in options is converted too", () => {
  const message = fromJson('[49,1,{"x_key":"\\u0000QUI="}]');
  assert.deepEqual(message.type === "CANCEL" && message.options, { x_key: new Uint8Array([65, 66]) });
  assert.equal(Buffer.from(json.marshal(message)).toString(), '[49,1,{"x_key":"\\u0000QUI="}]');
});

test("JSON: a string that begins with U+0000 and is no base64 stays a string", () => {
  for (const text of ["hello", "QQ=", "Q===", "QQ=A", "Q Q=", "====", "é123"]) {
    assert.deepEqual(args(json.parse(Buffer.from(`[50,1,{},["\\u0000${text}"]]`))), [`\0${text}`]);
  }
});

test("JSON: numbers keep what JavaScript can keep: big integers exactly, beyond 64 bit as floats, overflow as infinity", () => {
  const message = fromJson(
    "[50,1,{},[18446744073709551615,-9223372036854775807,18446744073709551616,1e400,-0,5.0,1E2,0.1]]",
  );
  const expected = [18_446_744_073_709_551_615n, -9_223_372_036_854_775_807n, 2 ** 64, Infinity, -0, 5, 100, 0.1];
  assert.deepEqual(args(message), expected);
  const written = Buffer.from(json.marshal(cbor.parse(cbor.marshal(message)))).toString();
  assert.equal(written, "[50,1,{},[18446744073709551615,-9223372036854775807,18446744073709552000,null,0,5,100,0.1]]");
});

test("JSON: JSON integers are integers for CBOR and MessagePack peers", () => {
  const message = fromJson("[50,1,{},[5,4294967296]]");
  assert.equal(Buffer.from(cbor.marshal(message)).toString("hex"), "84183201a082051b0000000100000000");
  assert.equal(Buffer.from(msgpack.marshal(message)).toString("hex"), "943201809205cf0000000100000000");
});

test("JSON: a long row of digits costs no more than its length", () => {
  const message = fromJson(`[50,1,{},[${"9".repeat(400_000)}]]`);
  assert.deepEqual(args(message), [Infinity]);
});

test("MessagePack: all spellings of a value are read", () => {
  const spellings: Readonly<Record<string, unknown>> = {
    "cc 05": 5,
    "cd 0005": 5,
    "ce 00000005": 5,
    "cf 0000000000000005": 5,
    "d0 05": 5,
    "d1 0005": 5,
    "d2 00000005": 5,
    "d3 0000000000000005": 5,
    e0: -32,
    ff: -1,
    "d0 80": -128,
    "d1 8000": -32_768,
    "d2 80000000": -(2 ** 31),
    "d3 ffffffffffffffff": -1,
    "ca 3fc00000": 1.5,
    "cb 3ff8000000000000": 1.5,
    "d9 01 61": "a",
    "da 0001 61": "a",
    "db 00000001 61": "a",
    "c4 01 61": new Uint8Array([97]),
    "c5 0001 61": new Uint8Array([97]),
    "c6 00000001 61": new Uint8Array([97]),
    "dc 0001 05": [5],
    "dd 00000001 05": [5],
    "de 0001 a161 05": { a: 5 },
    "df 00000001 d90161 05": { a: 5 },
    c0: null,
    c2: false,
    c3: true,
  };
  for (const [hex, value] of Object.entries(spellings)) assert.deepEqual(inMsgpack(hex), [value], hex);
});

test("MessagePack: the extension by which msgpackr writes undefined reads as null, in payload and in options", () => {
  assert.deepEqual(inMsgpack("d4 00 00"), [null]);
  assert.deepEqual(inMsgpack("92 d4 00 00 07"), [[null, 7]]);
  assert.deepEqual(inMsgpack("81 a1 61 d4 00 00"), [{ a: null }]);
  // SUBSCRIBE with { match: undefined }, as wampy sends it
  const message = fromHex("msgpack", "94 20 01 de 0001 a5 6d61746368 d4 00 00 a3 612e62");
  assert.equal(message.type, "SUBSCRIBE");
});

test("MessagePack: extension types, the unused code, dict keys that are no strings and broken text are refused", () => {
  for (const hex of [
    "d6 ff 00000000",
    "d4 01 00",
    "d4 00",
    "c7 01 05 00",
    "c8 0001 05 00",
    "c1",
    "81 01 01",
    "81 c0 01",
    "a1 ff",
    "a2 c328",
    "81 a1ff 01",
  ]) {
    assert.throws(() => inMsgpack(hex), ProtocolViolation, hex);
  }
});

test("MessagePack: counts and sizes beyond the octets that are there are refused at once", () => {
  for (const hex of ["dd ffffffff", "df ffffffff", "db ffffffff", "c6 ffffffff 00", "dc ffff c0", "de ffff"]) {
    assert.throws(() => inMsgpack(hex), ProtocolViolation, hex);
  }
  assert.throws(() => fromHex("msgpack", "dd ffffffff 32"), ProtocolViolation);
});

test("MessagePack: octets after the message are refused", () => {
  assert.throws(() => fromHex("msgpack", "92 23 01 00"), ProtocolViolation);
});

test("CBOR: all spellings of a value are read", () => {
  const spellings: Readonly<Record<string, unknown>> = {
    "18 05": 5,
    "19 0005": 5,
    "1a 00000005": 5,
    "1b 0000000000000005": 5,
    "20": -1,
    "38 ff": -256,
    "3b 001fffffffffffff": -(2 ** 53),
    "f9 3e00": 1.5,
    "f9 7c00": Infinity,
    "f9 fc00": -Infinity,
    "f9 7e00": Number.NaN,
    "f9 0001": 2 ** -24,
    "f9 c400": -4,
    "fa 3fc00000": 1.5,
    "fb 3ff8000000000000": 1.5,
    "9f 05 ff": [5],
    "bf 6161 05 ff": { a: 5 },
    "7f 6161 6162 ff": "ab",
    "5f 4161 40 4162 ff": new Uint8Array([97, 98]),
    "7f ff": "",
    "58 01 61": new Uint8Array([97]),
    "9b 0000000000000001 05": [5],
    f4: false,
    f5: true,
    f6: null,
    f7: null,
    "bf 7f 6161 ff 05 ff": { a: 5 },
  };
  for (const [hex, value] of Object.entries(spellings)) assert.deepEqual(inCbor(hex), [value], hex);
});

test("CBOR: a tag is read as its content, big integers as numbers", () => {
  assert.deepEqual(inCbor("c0 6161"), ["a"]);
  assert.deepEqual(inCbor("d9 d9f7 c1 05"), [5]);
  assert.deepEqual(inCbor("c2 49 010000000000000000"), [2 ** 64]);
  assert.deepEqual(inCbor("c2 48 0020000000000001"), [2n ** 53n + 1n]);
  assert.deepEqual(inCbor("c3 41 00"), [-1]);
  assert.deepEqual(inCbor("3b ffffffffffffffff"), [-(2 ** 64)]);
  assert.deepEqual(inCbor(`c2 59 ffff ${"ff".repeat(65_535)}`), [Infinity]);
});

test("CBOR: what is not well-formed, simple values without meaning and dict keys that are no strings are refused", () => {
  const broken = [
    "1c",
    "1f",
    "3f",
    "df",
    "ff",
    "e0",
    "f8 ff",
    "f8 14",
    "fc",
    "a1 01 01",
    "61 ff",
    "7f 4161 ff",
    "5f 6161 ff",
  ];
  for (const hex of [
    ...broken,
    "7f 7f 6161 ff ff",
    "9f 05",
    "bf 6161 ff",
    "bf 6161",
    "7f 6161",
    "7f 61c3 61a9 ff",
    "c0",
    "5f",
  ]) {
    assert.throws(() => inCbor(hex), ProtocolViolation, hex);
  }
});

test("CBOR: counts and sizes beyond the octets that are there are refused at once", () => {
  for (const hex of [
    "9b ffffffffffffffff",
    "bb ffffffffffffffff",
    "7b ffffffffffffffff",
    "5b 7fffffffffffffff 00",
    "9a ffffffff f6",
  ]) {
    assert.throws(() => inCbor(hex), ProtocolViolation, hex);
  }
});

test("CBOR: a message of indefinite length, KwArgs of undefined and text in chunks are read", () => {
  assert.deepEqual(fromHex("cbor", "9f 18 23 01 ff"), { type: "UNSUBSCRIBED", request: 1 });
  const message = fromHex("cbor", "9f 18 30 01 bf ff 7f 6161 622e62 ff 80 f7 ff");
  assert.ok(message.type === "CALL");
  assert.deepEqual([message.options, message.procedure, message.payload.elements], [{}, "a.b", 1]);
  assert.equal(Buffer.from(cbor.marshal(message)).toString("hex"), "85183001a063612e6280");
});

test("CBOR: octets after the message are refused", () => {
  assert.throws(() => fromHex("cbor", "82 18 23 01 00"), ProtocolViolation);
  assert.throws(() => fromHex("cbor", "9f 18 23 01 ff ff"), ProtocolViolation);
});

test("a message cut off anywhere is refused", () => {
  const message = fromJson(
    '[48,70000,{"timeout":300,"x_a":[1.5,null]},"com.example.p",["text",{"a":true}],{"k":12345678901}]',
  );
  for (const serializer of [json, msgpack, cbor]) {
    const octets = serializer.marshal(message);
    for (let size = 0; size < octets.length; size++) {
      assert.throws(() => serializer.parse(octets.subarray(0, size)), ProtocolViolation, `${serializer.name} ${size}`);
    }
  }
});

test("UTF-8 is judged as the platform's decoder judges it", () => {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const octet = fc.oneof(
    fc.integer({ min: 0, max: 255 }),
    fc.constantFrom(0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5),
  );
  fc.assert(
    fc.property(fc.array(octet, { maxLength: 6 }), (octets) => {
      const bytes = Uint8Array.from(octets);
      let legal = true;
      try {
        decoder.decode(bytes);
      } catch {
        legal = false;
      }
      assert.equal(isUtf8(bytes, 0, bytes.length), legal);
    }),
    { numRuns: 5000 },
  );
});

const HUGE = 15_000_000;

test("JSON: a long string beside binary, or a long binary, is read and passed on whole", () => {
  const long = "a".repeat(HUGE);
  const binary = Buffer.alloc(9_000_000, 7);
  const octets = Buffer.from(`[50,1,{"x_key":"\\u0000","x_y":"${long}"},["\\u0000${binary.toString("base64")}"]]`);
  const roomy = { depth: 64, detailsOctets: 2 * HUGE };
  const message = json.parse(octets, roomy);
  assert.ok(message.type === "RESULT");
  assert.equal(message.details["x_y"], long);
  const [value] = args(cbor.parse(cbor.marshal(message), roomy));
  assert.ok(value instanceof Uint8Array && Buffer.from(value).equals(binary));
  const escapes = json.parse(Buffer.from(`[50,1,{},["\\u0000","${'\\\\\\"'.repeat(HUGE / 4)}"]]`));
  assert.equal(args(msgpack.parse(msgpack.marshal(escapes)))[1], '\\"'.repeat(HUGE / 4));
});

test("a URI as long as a message can be is judged like any other", () => {
  const judged = (options: object, uri: string): string => {
    try {
      return json.parse(Buffer.from(JSON.stringify([32, 1, options, uri]))).type;
    } catch (fault) {
      assert.ok(fault instanceof ProtocolViolation, String(fault));
      return fault.reason;
    }
  };
  const components = "a.".repeat(HUGE / 2);
  assert.equal(judged({}, `${components}a`), "SUBSCRIBE");
  assert.equal(judged({}, components), "wamp.error.invalid_uri");
  assert.equal(judged({ match: "prefix" }, components), "SUBSCRIBE");
  assert.equal(judged({ match: "prefix" }, `${components}.`), "wamp.error.invalid_uri");
  assert.equal(judged({ match: "wildcard" }, ".".repeat(HUGE)), "SUBSCRIBE");
  assert.equal(judged({ match: "wildcard" }, `${".".repeat(HUGE)}#`), "wamp.error.invalid_uri");
});

test("the limits of depth and of Options and Details hold at their boundary, in every part of a message", () => {
  const limits = { depth: 8, detailsOctets: 512 };
  const parsed = (name: SerializerName, list: unknown): string => {
    try {
      return serializers[name].parse(hostileOctets(name, list), limits).type;
    } catch (fault) {
      assert.ok(fault instanceof ProtocolViolation);
      return fault.message;
    }
  };
  for (const name of ["json", "msgpack", "cbor"] as const) {
    assert.equal(parsed(name, [50, 1, { x_a: deepList(7) }, deepList(8), { k: deepDict(7) }]), "RESULT");
    assert.match(parsed(name, [50, 1, { x_a: deepList(8) }]), /nested deeper/);
    assert.match(parsed(name, [50, 1, {}, deepList(9)]), /nested deeper/);
    assert.match(parsed(name, [50, 1, {}, [], { k: deepDict(8) }]), /nested deeper/);
    const overhead = hostileOctets(name, { x_own: "x".repeat(400) }).length - 400;
    assert.equal(parsed(name, [50, 1, { x_own: "x".repeat(512 - overhead) }, ["x".repeat(5000)]]), "RESULT");
    assert.match(parsed(name, [50, 1, { x_own: "x".repeat(513 - overhead) }]), /513 octets.*512 are taken/);
    assert.doesNotThrow(() => serializers[name].parse(hostileOctets(name, [50, 1, {}, deepList(64)])));
  }
});
