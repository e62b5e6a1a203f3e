import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import {
  ApplicationError,
  CloseUri,
  ErrorUri,
  isId,
  isUri,
  MAX_ID,
  ProtocolViolation,
  randomId,
  RequestIds,
  toId,
  toUri,
  UsageError,
} from "../../packages/wamp/index.ts";
import {
  serializerByRawSocketCode,
  serializerBySubprotocol,
  serializers,
} from "../../packages/wamp/serializer/index.ts";

describe("ids", () => {
  test("are integers from 1 to 2^53 inclusive", () => {
    for (const value of [1, 2 ** 53]) assert.ok(isId(value));
    for (const value of [0, -1, 1.5, 2 ** 53 + 2, Number.NaN, Infinity, "1", 1n, null])
      assert.ok(!isId(value), String(value));
    assert.throws(() => toId(0), RangeError);
  });

  test("of session scope count from 1 and wrap to 1 after 2^53", () => {
    const ids = new RequestIds();
    assert.deepEqual([ids.expected, ids.next(), ids.next(), ids.expected], [1, 1, 2, 3]);
  });

  test("of global scope reach both ends of the range", () => {
    assert.equal(
      randomId(() => 0),
      1,
    );
    assert.equal(
      randomId(() => 1 - 2 ** -53),
      MAX_ID,
    );
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (value) =>
        isId(randomId(() => value)),
      ),
    );
  });
});

describe("URIs", () => {
  test("all predefined ones keep the strict rules", () => {
    for (const uri of [...Object.values(ErrorUri), ...Object.values(CloseUri)])
      assert.ok(isUri(uri, "exact", "strict"), uri);
  });

  test("loose rules forbid empty components, white space and #, strict ones all but a-z 0-9 _", () => {
    for (const text of ["", "a..b", ".a", "a.", "a b", "a#b", "a\u00a0b"]) assert.ok(!isUri(text), text);
    for (const text of ["a", "A-1.é.*", "realm1"]) assert.ok(isUri(text), text);
    assert.ok(!isUri("A-1", "exact", "strict"));
    assert.throws(() => toUri("a b"), RangeError);
  });
});

describe("serializers are found", () => {
  test("by name, by subprotocol and by the nibble of the raw-socket handshake", () => {
    for (const [name, code] of [
      ["json", 1],
      ["msgpack", 2],
      ["cbor", 3],
    ] as const) {
      assert.equal(serializers[name].name, name);
      assert.equal(serializerBySubprotocol(`wamp.2.${name}`), serializers[name]);
      assert.equal(serializerByRawSocketCode(code), serializers[name]);
      assert.equal(serializers[name].binary, name !== "json");
    }
    assert.equal(serializerBySubprotocol("wamp.2.ubjson"), undefined);
    for (const code of [0, 4, 15, 16]) assert.equal(serializerByRawSocketCode(code), undefined);
  });
});

describe("errors", () => {
  test("each tells its kind, its code or URI, and what happened in words", () => {
    const violation = new ProtocolViolation("no");
    assert.deepEqual(
      [violation.name, violation.reason, violation.request],
      ["ProtocolViolation", ErrorUri.protocolViolation, undefined],
    );
    const usage = new UsageError("not_serializable", "words", { cause: violation });
    assert.deepEqual([usage.name, usage.code, usage.cause], ["UsageError", "not_serializable", violation]);
    const application = new ApplicationError("a.b", [1, "the pump is locked"], { pump: 3 });
    assert.deepEqual(
      [application.uri, application.args, application.kwargs],
      ["a.b", [1, "the pump is locked"], { pump: 3 }],
    );
    assert.match(application.message, /a\.b: the pump is locked/);
    assert.throws(() => new ApplicationError("not a uri"), RangeError);
  });
});
