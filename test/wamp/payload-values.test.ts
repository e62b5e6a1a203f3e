/** What application values become on the wire and back, alike for the three serializers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import vm from "node:vm";
import { type Dict, type Message, payloadOf, ProtocolViolation, toId, UsageError } from "../../packages/wamp/index.ts";
import { type Serializer, serializers } from "../../packages/wamp/serializer/index.ts";
import { MAX_DEPTH } from "../../packages/wamp/serializer/wire.ts";
import { rawList } from "../support/raw-message.ts";

const all = Object.values(serializers);

function result(args: readonly unknown[], kwargs: Dict = {}): Message {
  return { type: "RESULT", request: toId(1), details: {}, payload: payloadOf(args, kwargs) };
}

function payloadIn(message: Message): { args: readonly unknown[]; kwargs: Dict } {
  assert.ok("payload" in message);
  return message.payload;
}

function there(serializer: Serializer, value: unknown): unknown {
  return payloadIn(serializer.parse(serializer.marshal(result([value])))).args[0];
}

function each(title: string, check: (serializer: Serializer) => void): void {
  for (const serializer of all) test(`${serializer.name}: ${title}`, () => check(serializer));
}

each("not_serializable names what WAMP cannot carry", (serializer) => {
  const circle: unknown[] = [];
  circle.push(circle);
  const cases = [
    () => 1,
    Symbol("x"),
    new Map(),
    new Set(),
    new Error("x"),
    /x/,
    new ArrayBuffer(1),
    2n ** 64n,
    -(2n ** 63n) - 1n,
    circle,
  ];
  for (const value of cases) {
    assert.throws(
      () => serializer.marshal(result([value])),
      (error) => error instanceof UsageError && error.code === "not_serializable" && error.message.length > 20,
      Object.prototype.toString.call(value),
    );
  }
});

each("a refused message leaves nothing behind for the next one", (serializer) => {
  assert.throws(() => serializer.marshal(result(["left", () => 1])), UsageError);
  assert.throws(
    () => serializer.marshal({ type: "CANCEL", request: toId(1), options: { a: "left", b: () => 1 } }),
    UsageError,
  );
  assert.equal(there(serializer, "right"), "right");
});

each("undefined is null in a list and nothing in a dict, also in options", (serializer) => {
  assert.deepEqual(there(serializer, [undefined, { a: undefined, b: 1 }]), [null, { b: 1 }]);
  const message = serializer.parse(
    serializer.marshal({ type: "CANCEL", request: toId(1), options: { mode: undefined } }),
  );
  assert.deepEqual(message, { type: "CANCEL", request: 1, options: {} });
});

each("a Date is what its toJSON gives", (serializer) => {
  assert.equal(there(serializer, new Date(0)), "1970-01-01T00:00:00.000Z");
});

each("a toJSON that marshals in between disturbs nothing", (serializer) => {
  const nested = { toJSON: () => Buffer.from(serializer.marshal(result(["inner"]))).toString("hex") };
  const expected = Buffer.from(serializer.marshal(result(["inner"]))).toString("hex");
  assert.deepEqual(there(serializer, ["before", nested, "after"]), ["before", expected, "after"]);
});

each("a toJSON that never ends is refused", (serializer) => {
  const endless = { toJSON: (): unknown => endless };
  assert.throws(() => serializer.marshal(result([endless])), UsageError);
});

each("plain objects of another JavaScript realm are dicts", (serializer) => {
  assert.deepEqual(there(serializer, vm.runInNewContext("({a: [1]})")), { a: [1] });
});

each("integers of 64 bit cross exactly, as bigint only where a number is too small for them", (serializer) => {
  for (const value of [
    2 ** 32,
    2 ** 53,
    -(2 ** 53),
    2 ** 60,
    2n ** 53n + 1n,
    2n ** 63n,
    2n ** 64n - 1n,
    -(2n ** 63n) + 1n,
  ]) {
    assert.equal(
      there(serializer, value),
      typeof value === "bigint" && BigInt(Number(value)) === value ? Number(value) : value,
    );
  }
});

each("integers above 2^32 go out as integers and not as floats", (serializer) => {
  const octets = Buffer.from(serializer.marshal(result([2 ** 53, 2 ** 32]))).toString("hex");
  const written = {
    json: "393030373139393235343734303939322c34323934393637323936",
    msgpack: "cf0020000000000000cf0000000100000000",
    cbor: "1b00200000000000001b0000000100000000",
  };
  assert.ok(octets.includes(written[serializer.name]), octets);
});

each("-0 is 0, NaN and infinities are themselves or null", (serializer) => {
  assert.ok(Object.is(there(serializer, -0), 0));
  const values = [Number.NaN, Infinity, -Infinity];
  assert.deepEqual(there(serializer, values), serializer.name === "json" ? [null, null, null] : values);
});

each("half a surrogate pair becomes U+FFFD", (serializer) => {
  assert.equal(there(serializer, "a\ud800b"), "a\ufffdb");
  assert.deepEqual(there(serializer, { "\udc00": "x".repeat(100) + "\ud800" }), {
    "\ufffd": "x".repeat(100) + "\ufffd",
  });
});

each("a byte order mark at the front of a string stays", (serializer) => {
  for (const tail of ["", "short", "long ".repeat(60)])
    assert.equal(there(serializer, `\ufeff${tail}`), `\ufeff${tail}`);
});

each("text of every length around the limits of the formats crosses", (serializer) => {
  for (const size of [0, 1, 23, 24, 31, 32, 33, 47, 48, 49, 63, 64, 65, 95, 96, 97, 255, 256, 65_535, 65_536]) {
    for (const unit of ["a", "é", '"']) {
      const text = unit.repeat(size);
      assert.equal(there(serializer, text), text, `${size} x ${unit}`);
    }
  }
});

each("lists, dicts and binary of every size around the limits of the formats cross", (serializer) => {
  for (const size of [0, 1, 15, 16, 23, 24, 255, 256, 65_535, 65_536]) {
    assert.deepEqual(
      there(
        serializer,
        Array.from({ length: size }, (_, i) => i % 7),
      ),
      Array.from({ length: size }, (_, i) => i % 7),
    );
    assert.deepEqual(there(serializer, new Uint8Array(size).fill(7)), new Uint8Array(size).fill(7));
    if (size > 300) continue;
    const dict = Object.fromEntries(Array.from({ length: size }, (_, i) => [`k${i}`, i]));
    assert.deepEqual(there(serializer, dict), dict);
  }
});

each("binary is a Uint8Array of its own, which does not hold on to the received octets", (serializer) => {
  const octets = serializer.marshal(result([new Uint8Array([1, 2, 3]), Buffer.from([4, 5])]));
  const [first, second] = payloadIn(serializer.parse(octets)).args;
  octets.fill(0);
  assert.deepEqual([first, second], [new Uint8Array([1, 2, 3]), new Uint8Array([4, 5])]);
  assert.ok(first instanceof Uint8Array && first.buffer.byteLength === 3);
});

each("the dict key __proto__ is a key like any other and touches no prototype", (serializer) => {
  const hostile = JSON.parse('{"__proto__":{"polluted":true},"constructor":1}') as Dict; // an own property of that name
  const octets = serializer.marshal(result([hostile], hostile));
  const { args, kwargs } = payloadIn(serializer.parse(octets));
  for (const dict of [args[0] as Dict, kwargs]) {
    assert.deepEqual(Object.keys(dict), ["__proto__", "constructor"]);
    assert.equal(Object.getPrototypeOf(dict), Object.prototype);
    assert.equal(dict["polluted"], undefined);
  }
  assert.equal(({} as Dict)["polluted"], undefined);
  const options = serializer.parse(serializer.marshal({ type: "CANCEL", request: toId(1), options: hostile }));
  assert.equal("options" in options && options.options["polluted"], undefined);
});

each(`nesting is taken up to ${MAX_DEPTH} levels and refused beyond, on both sides`, (serializer) => {
  const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);
  assert.deepEqual(there(serializer, nested(MAX_DEPTH - 1)), nested(MAX_DEPTH - 1));
  assert.throws(() => serializer.marshal(result([nested(MAX_DEPTH)])), UsageError);
  const [open, close] = { json: ["[", "]"], msgpack: ["\x91", ""], cbor: ["\x81", ""] }[serializer.name] as [
    string,
    string,
  ];
  const head = { json: "[50,1,{},", msgpack: "\x94\x32\x01\x80", cbor: "\x84\x18\x32\x01\xa0" }[serializer.name];
  const body = (levels: number) =>
    Buffer.from(
      `${head}${open.repeat(levels)}${serializer.name === "json" ? "1" : "\x01"}${close.repeat(levels)}${serializer.name === "json" ? "]" : ""}`,
      "latin1",
    );
  assert.doesNotThrow(() => serializer.parse(body(MAX_DEPTH)));
  for (const levels of [MAX_DEPTH + 1, 200_000]) {
    assert.throws(
      () => serializer.parse(body(levels)),
      (error) => error instanceof ProtocolViolation && error.message.includes("deeper"),
    );
  }
});

each("the payload is not decoded and not copied on its way through", (serializer) => {
  const octets = serializer.marshal(result(["x", { y: 1 }], { z: new Uint8Array(3) }));
  const message = serializer.parse(octets);
  assert.ok("payload" in message);
  const slice = message.payload.encoded({
    name: serializer.name,
    encode: () => assert.fail("encoded"),
    decode: () => assert.fail("decoded"),
  });
  assert.equal(slice.buffer, octets.buffer);
  assert.deepEqual(Buffer.from(serializer.marshal(message)), Buffer.from(octets));
});

each("empty Args and KwArgs are left out, received ones are passed on as they came", (serializer) => {
  assert.equal((rawList(serializer.name, serializer.marshal(result([], {}))) as unknown[]).length, 3);
  assert.equal((rawList(serializer.name, serializer.marshal(result([1], {}))) as unknown[]).length, 4);
  for (const from of all) {
    const octets = {
      json: Buffer.from("[50,1,{},[],{}]"),
      msgpack: Buffer.from("953201809080", "hex"),
      cbor: Buffer.from("85183201a080a0", "hex"),
    }[from.name];
    const passedOn = serializer.marshal(from.parse(octets));
    assert.equal((rawList(serializer.name, passedOn) as unknown[]).length, 5);
  }
});

test("of a key that occurs twice the last one counts, whichever way it came", () => {
  const octets = {
    json: Buffer.from('[50,1,{},[],{"a":1,"a":2}]'),
    msgpack: Buffer.from("95320180908 2a16101a16102".replaceAll(" ", ""), "hex"),
    cbor: Buffer.from("85183201a080a2616101616102", "hex"),
  };
  for (const serializer of all) assert.deepEqual(payloadIn(serializer.parse(octets[serializer.name])).kwargs, { a: 2 });
});

test("a payload is transcoded once for each serializer and then remembered", () => {
  const message = serializers.json.parse(Buffer.from("[50,1,{},[1,2]]"));
  assert.ok("payload" in message);
  let encodings = 0;
  const codec = { name: "other", encode: () => new Uint8Array(++encodings), decode: () => assert.fail("decoded") };
  assert.equal(message.payload.encoded(codec), message.payload.encoded(codec));
  assert.equal(encodings, 1);
});
