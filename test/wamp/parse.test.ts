/** The rules of the envelope, for the three serializers alike. The octets are made by other people's encoders. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ErrorUri, type Message, ProtocolViolation } from "../../packages/wamp/index.ts";
import { messageTable } from "../../packages/wamp/message-table.ts";
import { type SerializerName, serializers } from "../../packages/wamp/serializer/index.ts";
import { rawList, rawOctets } from "../support/raw-message.ts";

const names: readonly SerializerName[] = ["json", "msgpack", "cbor"];

function forEach(check: (parse: (list: readonly unknown[]) => Message, name: SerializerName) => void): void {
  for (const name of names) check((list) => serializers[name].parse(rawOctets(name, list)), name);
}

function refused(list: readonly unknown[], words: RegExp): void {
  forEach((parse, name) => {
    assert.throws(
      () => parse(list),
      (error) => error instanceof ProtocolViolation && words.test(error.message),
      `${name} ${JSON.stringify(list)}`,
    );
  });
}

function accepted(list: readonly unknown[]): void {
  forEach((parse, name) => assert.doesNotThrow(() => parse(list), `${name} ${JSON.stringify(list)}`));
}

const roles = { caller: {} };
/** The shortest legal form of every message. */
const shortest: Readonly<Record<string, readonly unknown[]>> = {
  HELLO: [1, "realm1", { roles }],
  WELCOME: [2, 7, { roles: { dealer: {} } }],
  ABORT: [3, {}, "wamp.error.no_such_realm"],
  CHALLENGE: [4, "ticket", {}],
  AUTHENTICATE: [5, "secret", {}],
  GOODBYE: [6, {}, "wamp.close.normal"],
  ERROR: [8, 48, 1, {}, "a.b"],
  PUBLISH: [16, 1, {}, "a.b"],
  PUBLISHED: [17, 1, 2],
  SUBSCRIBE: [32, 1, {}, "a.b"],
  SUBSCRIBED: [33, 1, 2],
  UNSUBSCRIBE: [34, 1, 2],
  UNSUBSCRIBED: [35, 1],
  EVENT: [36, 1, 2, {}],
  CALL: [48, 1, {}, "a.b"],
  CANCEL: [49, 1, {}],
  RESULT: [50, 1, {}],
  REGISTER: [64, 1, {}, "a.b"],
  REGISTERED: [65, 1, 2],
  UNREGISTER: [66, 1, 2],
  UNREGISTERED: [67, 1],
  INVOCATION: [68, 1, 2, {}],
  INTERRUPT: [69, 1, {}],
  YIELD: [70, 1, {}],
};

describe("every message", () => {
  for (const [type, shape] of Object.entries(messageTable)) {
    const list = shortest[type] ?? [];

    test(`${type} in its shortest form is read, and each shorter one is refused`, () => {
      forEach((parse) => assert.equal(parse(list).type, type));
      for (let length = 0; length < list.length; length++) refused(list.slice(0, length), /lacks|empty list/);
    });

    test(`${type} has each element in the field of the table, and is written as it came`, () => {
      const values = {
        id: 1_000_000,
        "request-or-zero": 77,
        "request-type": 48,
        string: "s",
        uri: "c.d",
        pattern: "e.f",
      };
      // ids that differ, and dicts that are kept as they are
      const longer = list.map((value, at) => {
        const kind = shape.elements[at - 1]?.[1];
        if (kind === undefined || kind === "dict")
          return kind === undefined ? value : { ...(value as object), x_y: at };
        return kind === "id" ? values.id + at : values[kind];
      });
      const whole = shape.payload ? [...longer, [1, "x"], { y: [2] }] : longer;
      for (const name of names) {
        const message = serializers[name].parse(rawOctets(name, whole));
        const fields = message as unknown as Readonly<Record<string, unknown>>;
        const elements = shape.elements.map(([field]) => fields[field]);
        assert.deepEqual(elements, longer.slice(1));
        assert.deepEqual(Object.keys(fields).length, 1 + elements.length + (shape.payload ? 1 : 0));
        assert.deepEqual(rawList(name, serializers[name].marshal(message)), whole);
      }
      for (const [at, [field]] of shape.elements.entries()) {
        refused(whole.slice(0, at + 1), new RegExp(`^${type} lacks its element ${field}$`));
      }
    });

    test(`${type} with one element too many is refused`, () => {
      const longest = shape.payload ? [...list, [], {}] : list;
      if (shape.payload) accepted(longest);
      // the one more element of these two says what was revoked
      const full = type === "UNSUBSCRIBED" || type === "UNREGISTERED" ? [...list, {}] : longest;
      refused([...full, {}], /too many elements/);
    });

    for (const [index, [field, kind]] of shape.elements.entries()) {
      test(`${type} refuses what is no ${kind} as ${field}`, () => {
        const wrong =
          kind === "dict"
            ? [[], "x", 1, null, true]
            : kind === "string" || kind === "uri" || kind === "pattern"
              ? [1, {}, [], null, true]
              : ["1", {}, [], null, true, 1.5, -1];
        for (const value of wrong) refused(list.with(index + 1, value), /./);
      });
    }
  }
});

describe("message code", () => {
  test("an unknown code is refused", () => {
    for (const code of [0, 7, 9, 71, 337, 1024, -1, 2 ** 40]) refused([code, 1, 2], /code/);
  });

  test("a code that is no integer is refused", () => {
    for (const code of ["16", null, true, 16.5, [16], {}]) refused([code, 1, {}, "a.b"], /./);
  });

  test("what is no list is no message", () => {
    for (const name of names) {
      for (const value of [{}, "x", 16, null, true]) {
        assert.throws(() => serializers[name].parse(rawOctets(name, value)), ProtocolViolation);
      }
    }
  });
});

describe("ids", () => {
  test("run from 1 to 2^53 inclusive", () => {
    for (const id of [1, 2 ** 32, 2 ** 53 - 1]) accepted([17, 1, id]);
    for (const name of ["msgpack", "cbor"] as const) {
      const message = serializers[name].parse(rawOctets(name, [17, 1, 2n ** 53n]));
      assert.equal("publication" in message && message.publication, 2 ** 53);
      assert.throws(() => serializers[name].parse(rawOctets(name, [17, 1, 2n ** 53n + 1n])), ProtocolViolation);
    }
    assert.doesNotThrow(() => serializers.json.parse(Buffer.from("[17,1,9007199254740992]")));
    for (const id of ["9007199254740993", "9007199254740994", "18446744073709551616", "1e300", "01", "-1", "0"]) {
      assert.throws(() => serializers.json.parse(Buffer.from(`[17,1,${id}]`)), ProtocolViolation, id);
    }
  });

  test("0 is refused outside a revocation", () => {
    refused([17, 0, 1], /id/);
    refused([16, 0, {}, "a.b"], /id/);
  });

  test("come out as numbers, also from 64-bit integers and from floats of integral value", () => {
    const octets = Buffer.from("9311cf0000000000000001cb4340000000000000", "hex"); // uint64 1, float64 2^53
    assert.deepEqual(serializers.msgpack.parse(octets), { type: "PUBLISHED", request: 1, publication: 2 ** 53 });
    const cbor = Buffer.from("83111b0000000000000001fb4340000000000000", "hex");
    assert.deepEqual(serializers.cbor.parse(cbor), { type: "PUBLISHED", request: 1, publication: 2 ** 53 });
    assert.deepEqual(serializers.json.parse(Buffer.from("[17,1.0,2e3]")), {
      type: "PUBLISHED",
      request: 1,
      publication: 2000,
    });
  });
});

describe("revocation", () => {
  test("of request 0 carries Details that say what was revoked", () => {
    forEach((parse) => {
      const message = parse([35, 0, { subscription: 9, reason: "x" }]);
      assert.deepEqual(message, { type: "UNSUBSCRIBED", request: 0, details: { subscription: 9, reason: "x" } });
    });
  });

  test("without Details is refused", () => {
    refused([35, 0], /revoked/);
    refused([67, 0], /revoked/);
  });
});

describe("ERROR", () => {
  test("with Args of null is read where only a router can have sent it", () => {
    for (const list of [
      [8, 48, 1, {}, "a.b", null],
      [8, 16, 1, {}, "a.b", null, null],
    ]) {
      forEach((parse) => {
        const message = parse(list);
        assert.ok("payload" in message);
        assert.equal(message.payload.elements, 0);
      });
    }
    refused([8, 68, 1, {}, "a.b", null], /Args must be a list/);
    refused([8, 68, 1, {}, "a.b", null, { a: 1 }], /Args must be a list/);
  });

  test("answers requests and invocations only", () => {
    for (const type of [16, 32, 34, 48, 64, 66, 68]) accepted([8, type, 1, {}, "a.b"]);
    for (const type of [0, 1, 17, 36, 50, 65, 99]) refused([8, type, 1, {}, "a.b"], /answer/);
  });

  test("of a CANCEL or YIELD is read, since some routers send it", () => {
    accepted([8, 49, 1, {}, "a.b"]);
    accepted([8, 70, 1, {}, "a.b"]);
  });
});

describe("HELLO and WELCOME", () => {
  test("roles are mandatory and must name a role of that side", () => {
    for (const details of [{}, { roles: null }]) refused([1, "realm1", details], /roles is missing/);
    for (const wrong of [{}, [], "caller", { broker: {} }, { caller: true }, { caller: { features: [] } }]) {
      refused([1, "realm1", { roles: wrong }], /roles/);
    }
    refused([2, 1, {}], /roles is missing/);
    refused([2, 1, { roles: { caller: {} } }], /roles/);
  });

  test("a realm of null is refused", () => {
    refused([1, null, { roles }], /string/);
  });
});

describe("options and details", () => {
  test("an integer cannot stand in for a boolean", () => {
    refused([16, 1, { acknowledge: 1 }, "a.b"], /acknowledge must be a boolean/);
    refused([48, 1, { receive_progress: 0 }, "a.b"], /receive_progress/);
  });

  test("unknown keys are kept and may hold anything", () => {
    const options = { x_trace: [1, { a: null }], _own: "y", constructor: 3, toString: null };
    forEach((parse) => {
      const message = parse([16, 1, options, "a.b"]);
      assert.deepEqual("options" in message && message.options, options);
    });
  });

  test("a predefined key that holds null counts as absent", () => {
    forEach((parse) => {
      const message = parse([32, 1, { match: null, get_retained: null, x_own: null }, "a.b"]);
      assert.deepEqual("options" in message && message.options, { x_own: null });
    });
  });

  test("match and invoke take the words of the specification only", () => {
    refused([32, 1, { match: "invalid" }, "a.b"], /match must be one of exact, prefix, wildcard/);
    refused([64, 1, { invoke: "sometimes" }, "a.b"], /invoke/);
    refused([49, 1, { mode: "softly" }], /mode/);
  });

  test("a timeout is a non-negative integer", () => {
    accepted([48, 1, { timeout: 0 }, "a.b"]);
    for (const timeout of [-1, 1.5, "5"]) refused([48, 1, { timeout }, "a.b"], /timeout/);
  });
});

const wrong = ["", ".", "a..b", "a b", "a#b", ".a", "a.", "a\n"];

test("invalid_uri: a request with a wrong URI tells which ERROR must answer it", () => {
  for (const [code, reply] of [
    [32, true],
    [48, true],
    [64, true],
    [16, false],
  ] as const) {
    for (const uri of wrong) {
      forEach((parse) => {
        assert.throws(
          () => parse([code, 5, {}, uri]),
          (error) => {
            assert.ok(error instanceof ProtocolViolation);
            assert.equal(error.reason, ErrorUri.invalidUri);
            assert.deepEqual(error.request, { type: code, id: 5, reply });
            return true;
          },
        );
      });
    }
  }
});

test("invalid_uri: an acknowledged publication is answered", () => {
  forEach((parse) => {
    assert.throws(
      () => parse([16, 5, { acknowledge: true }, "a..b", [1]]),
      (error) => error instanceof ProtocolViolation && error.request?.reply === true,
    );
  });
});

test("invalid_uri: a request that is wrong in more than its URI is a protocol violation", () => {
  refused([48, 5, {}, "a..b", "no list"], /Args/);
  forEach((parse) => {
    assert.throws(
      () => parse([48, 5, {}, "a..b", [], {}, 1]),
      (error) => error instanceof ProtocolViolation && error.request === undefined,
    );
  });
});

test("invalid_uri: a wrong realm is an ABORT of that reason, any other wrong URI a plain violation", () => {
  forEach((parse) => {
    const thrown = (list: readonly unknown[]) => (error: unknown) =>
      error instanceof ProtocolViolation && error.request === undefined && error.reason === list[0];
    assert.throws(() => parse([1, "a..b", { roles }]), thrown([ErrorUri.invalidUri]));
    assert.throws(() => parse([8, 48, 1, {}, "a b"]), thrown([ErrorUri.protocolViolation]));
    assert.throws(() => parse([6, {}, ""]), thrown([ErrorUri.protocolViolation]));
  });
});

test("invalid_uri: patterns follow the policy that the options ask for", () => {
  for (const topic of ["", "a.", "a.b"]) accepted([32, 1, { match: "prefix" }, topic]);
  refused([32, 1, { match: "prefix" }, "a..b"], /URI/);
  for (const topic of ["", ".", "a..b", ".a."]) accepted([32, 1, { match: "wildcard" }, topic]);
  refused([32, 1, { match: "wildcard" }, "a b"], /URI/);
  refused([32, 1, { match: "exact" }, "a."], /URI/);
});

describe("payload", () => {
  test("is absent, Args, or Args and KwArgs", () => {
    forEach((parse) => {
      const counts = [[], [[1]], [[], { a: 1 }]].map((rest) => {
        const message = parse([36, 1, 2, {}, ...rest]);
        return "payload" in message ? message.payload.elements : -1;
      });
      assert.deepEqual(counts, [0, 1, 2]);
    });
  });

  test("KwArgs of null are dropped, Args of null only where a router wrote them", () => {
    forEach((parse) => {
      const message = parse([50, 1, {}, [1], null]);
      assert.ok("payload" in message);
      assert.equal(message.payload.elements, 1);
      assert.deepEqual(message.payload.args, [1]);
    });
    for (const head of [
      [50, 1, {}],
      [36, 1, 2, {}],
      [68, 1, 2, {}],
    ]) {
      forEach((parse) => {
        for (const rest of [[null], [null, null]]) {
          const message = parse([...head, ...rest]);
          assert.equal("payload" in message && message.payload.elements, 0);
        }
        const message = parse([...head, null, { a: [1, "ä"] }]);
        assert.ok("payload" in message);
        assert.deepEqual([message.payload.args, message.payload.kwargs], [[], { a: [1, "ä"] }]);
        for (const serializer of Object.values(serializers)) {
          const again = serializer.parse(serializer.marshal(message));
          assert.deepEqual("payload" in again && again.payload.args, [], "null is not passed on");
        }
      });
    }
    for (const rest of [[null], [null, null], [null, { a: 1 }]]) {
      refused([48, 1, {}, "a.b", ...rest], /Args must be/);
      refused([16, 1, {}, "a.b", ...rest], /Args must be/);
      refused([70, 1, {}, ...rest], /Args must be/);
      refused([8, 68, 1, {}, "a.b", ...rest], /Args must be/);
    }
  });

  test("of the wrong kinds is refused", () => {
    refused([50, 1, {}, { a: 1 }], /Args must be/);
    refused([50, 1, {}, "x"], /Args must be/);
    refused([50, 1, {}, [], []], /KwArgs must be/);
  });
});
