/** The v1 messages and known answers, and what holds for any message, value, prefix and URI. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { nodeCrypto as crypto } from "@pinion/client";
import { verifyCra } from "@pinion/wamp";
import { cljChallenge, questionFor } from "../../../router-bridge/wamp1/challenge.ts";
import { depthOf, piecesOf } from "../../../router-bridge/wamp1/json-pieces.ts";
import { Prefixes } from "../../../router-bridge/wamp1/prefixes.ts";
import { permissionsOf } from "../../../router-bridge/wamp1/permissions.ts";
import { UriMap } from "../../../router-bridge/wamp1/uri-map.ts";
import { parseClientMessage, v1 } from "../../../router-bridge/wamp1/v1-message.ts";
import { packed, payloadFrom, unpacked } from "../../../router-bridge/wamp1/values.ts";
import { shared } from "../../support/shared.ts";

const limits = { depth: 63, uriLength: 512 };
const messages = shared("wamp-vectors/derived/wamp1-messages.json");
const answers = shared("wamp-vectors/derived/auth-kat.json");

function vectors(file: string): Record<string, never[]> {
  return JSON.parse(readFileSync(file, "utf8")) as Record<string, never[]>; // each use names what it expects
}

test("every message of a client in the vectors is read as what it is", { skip: messages === undefined }, () => {
  const types = ["", "PREFIX", "CALL", "", "", "SUBSCRIBE", "UNSUBSCRIBE", "PUBLISH"];
  const all: unknown[][] = vectors(messages ?? "")["client_to_server"] ?? [];
  assert.ok(all.length > 10);
  for (const message of all) {
    const parsed = parseClientMessage(JSON.stringify(message), limits);
    assert.equal(parsed.type, types[Number(message[0])]);
    if (parsed.type === "CALL")
      assert.deepEqual(
        parsed.args.map((raw): unknown => JSON.parse(raw)),
        message.slice(3),
      );
    if (parsed.type === "PUBLISH") assert.deepEqual(JSON.parse(parsed.event), message[2]);
  }
});

test("every message of a server in the vectors is written as it stands there", { skip: messages === undefined }, () => {
  const all: unknown[][] = vectors(messages ?? "")["server_to_client"] ?? [];
  for (const message of all) {
    const [type, first, second, third, fourth] = message;
    const raw = (value: unknown): string => JSON.stringify(value);
    const failure = { uri: String(second), description: String(third) };
    const written =
      type === 0
        ? v1.welcome(String(first), String(third))
        : type === 3
          ? v1.callResult(String(first), raw(second))
          : type === 8
            ? v1.event(String(first), raw(second))
            : v1.callError(String(first), message.length === 5 ? { ...failure, details: raw(fourth) } : failure);
    assert.deepEqual(JSON.parse(written), message);
  }
});

describe("the known answers of authentication", { skip: answers === undefined }, () => {
  interface Answer {
    readonly challenge: string;
    readonly secret: string;
    readonly signature: string;
    readonly authkey: string;
    readonly derived_key_base64?: string;
  }

  test("Autobahn: the challenge is signed with the secret, or with the text of the key derived from it", () => {
    const all: Answer[] = vectors(answers ?? "")["wamp1_cra_autobahn"] ?? [];
    assert.equal(all.length, 2);
    for (const { challenge, secret, signature, derived_key_base64: key = secret } of all) {
      assert.equal(verifyCra(crypto, key, { challenge, signature }), true);
      assert.equal(verifyCra(crypto, `${key}x`, { challenge, signature }), false);
    }
  });

  test("clj-wamp: the challenge is the key and the secret the message", () => {
    const all: Answer[] = vectors(answers ?? "")["wamp1_cra_cljwamp"] ?? [];
    assert.equal(all.length, 1);
    for (const { challenge, secret: key, signature, authkey } of all) {
      const sessionId = "1372999999999-1";
      assert.equal(cljChallenge(crypto, { authkey, sessionId, key, millis: 1_373_000_000_000 }), challenge);
      const at = new Date(1_373_000_000_000);
      const question = questionFor("clj-wamp", { authkey, sessionId, key, extra: {}, at, crypto });
      assert.equal(question.challenge, challenge);
      assert.equal(question.isRight(signature), true);
      assert.equal(question.isRight(`A${signature.slice(1)}`), false);
    }
  });
});

test("an Autobahn challenge says who, when and how the key is made, and no two are alike", () => {
  const salting = { salt: "RANDOM SALT", iterations: 10_000, keylen: 32 };
  const asked = { authkey: "joe", sessionId: "s1", key: "k", extra: { a: 1 }, at: new Date(0), crypto };
  const challenge = JSON.parse(questionFor("autobahn", { ...asked, salting }).challenge) as Record<string, unknown>; // ours
  assert.deepEqual(
    { ...challenge, authid: "" },
    {
      authid: "",
      authkey: "joe",
      timestamp: "1970-01-01T00:00:00.000Z",
      sessionid: "s1",
      extra: { a: 1 },
      permissions: { pubsub: [], rpc: [] },
      authextra: salting,
    },
  );
  const plain = questionFor("autobahn", asked).challenge;
  assert.equal(plain.includes("authextra"), false);
  assert.notEqual(plain, questionFor("autobahn", asked).challenge);
});

test("any JSON list or dict is taken apart into what it was made of", () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), fc.constantFrom(0, 1), (items, indent) => {
      const pieces = piecesOf(JSON.stringify(items, undefined, indent));
      assert.deepEqual(
        pieces.map((piece): unknown => JSON.parse(piece)),
        JSON.parse(JSON.stringify(items)),
      );
    }),
  );
  assert.equal(depthOf('[[],{"a":["]]]["]},"\\"[["]'), 3);
});

test("any payload crosses to v1 and back, but that nothing and one null are both null", () => {
  const dict = fc.dictionary(fc.string(), fc.jsonValue());
  const lookalike = fc.record({ args: fc.array(fc.jsonValue()), kwargs: dict });
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.jsonValue(), lookalike)), dict, (args, kwargs) => {
      const rawArgs = JSON.stringify(args);
      const rawKwargs = JSON.stringify(kwargs);
      const value = packed(rawArgs, rawKwargs);
      JSON.parse(value);
      const back = payloadFrom([value]);
      const isNothing = args.length === 0 && Object.keys(kwargs).length === 0;
      assert.deepEqual(JSON.parse(back.args), isNothing ? [null] : JSON.parse(rawArgs));
      assert.deepEqual(JSON.parse(back.kwargs), JSON.parse(rawKwargs));
    }),
  );
  assert.equal(packed("[12345678901234567890]"), "12345678901234567890");
  assert.equal(packed("[1,2]"), '{"args":[1,2],"kwargs":{}}');
  assert.equal(unpacked('{"args":1,"kwargs":{}}'), undefined);
});

test("whatever text comes, a message is read or a fault told, never thrown", () => {
  const element = fc.oneof(fc.jsonValue(), fc.constantFrom("p:x", "http://x/y#z", true, null, [], ["id"]));
  const message = fc.tuple(fc.integer({ min: -1, max: 9 }), fc.array(element, { maxLength: 6 }));
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        message.map(([type, rest]) => JSON.stringify([type, ...rest])),
      ),
      (text) => {
        assert.equal(typeof parseClientMessage(text, limits).type, "string");
      },
    ),
  );
});

for (const text of [
  "",
  "null",
  "{}",
  "[]",
  "[0]",
  '[0,"id",1,"x"]',
  '[3,"c",1]',
  '[8,"t",1]',
  "[1]",
  '[1,"p"]',
  '[1,2,"http://x/"]',
  '[1,"","http://x/"]',
  "[2]",
  '[2,"c"]',
  '[2,7,"http://x/y"]',
  '[2,"c",null]',
  "[5]",
  "[5,7]",
  '[5,"t","more"]',
  "[6]",
  "[6,{}]",
  "[7]",
  '[7,"t"]',
  "[7,1,2]",
  '[7,"t",1,"all"]',
  '[7,"t",1,[1]]',
  '[7,"t",1,false,"x"]',
  '[7,"t",1,false,[],1]',
  `[5,"${"x".repeat(513)}"]`,
  `[2,"${"x".repeat(257)}","t"]`,
  `[7,"t",${"[".repeat(63)}${"]".repeat(63)}]`,
]) {
  test(`${text.slice(0, 40)} is no message`, () => {
    assert.equal(parseClientMessage(text, limits).type, "FAULT");
  });
}

test("a CURIE is resolved by the rules of the flavour; what no prefix speaks for stays", () => {
  const autobahn = new Prefixes("autobahn", 2);
  const clj = new Prefixes("clj-wamp", 2);
  for (const prefixes of [autobahn, clj]) {
    assert.equal(prefixes.define("p", "http://old/"), true);
    assert.equal(prefixes.define("p", "http://x/"), true);
    assert.equal(prefixes.define("q", "http://q/"), true);
    assert.equal(prefixes.define("r", "http://r/"), false);
    assert.equal(prefixes.size, 2);
    assert.equal(prefixes.resolve("p:a"), "http://x/a");
    assert.equal(prefixes.resolve("http://x/y"), "http://x/y");
    assert.equal(prefixes.resolve(":a"), ":a");
    assert.equal(prefixes.resolve("p"), "p");
  }
  assert.equal(autobahn.resolve("p:a:b"), "http://x/a:b");
  assert.equal(clj.resolve("p:a:b"), "http://x/a");
});

test("URIs map by the longest rule, and by what stands behind the host where there is none", () => {
  const rules = [
    { v1: "http://example.com/device#", v2: "device." },
    { v1: "http://example.com/device#pump/", v2: "pumps." },
    { v1: "http://example.com/whole", v2: "com.example.all" },
  ];
  const map = new UriMap({ rules, base: "http://me/#", unlisted: "derive" });
  for (const [uri, name] of [
    ["http://example.com/device#gpio.set", "device.gpio.set"],
    ["http://example.com/device#pump/1", "pumps.1"],
    ["http://example.com/whole", "com.example.all"],
    ["http://me/#sensor.a", "sensor.a"],
  ] as const) {
    assert.equal(map.toV2(uri), name);
    assert.equal(map.toV1(name), uri);
  }
  assert.equal(map.toV2("http://elsewhere.example:8080/device#gpio.set"), "device.gpio.set");
  assert.equal(map.toV2("sensor.outside"), "sensor.outside");
  for (const none of ["http://example.com/", "http://x/a b", "q:unknown", "", "http://x/a..b"]) {
    assert.equal(map.toV2(none), undefined, none);
  }
  const strict = new UriMap({ rules, base: "http://me/#", unlisted: "refuse" });
  assert.equal(strict.toV2("http://elsewhere/device#gpio.set"), undefined);
  assert.equal(strict.toV2("http://example.com/device#gpio.set"), "device.gpio.set");
});

test("every name of v2 comes back from its URI of v1", () => {
  const map = new UriMap({ rules: [{ v1: "http://x/d#", v2: "device." }], base: "http://me/#", unlisted: "refuse" });
  const name = fc
    .array(fc.stringMatching(/^[a-z0-9_-]{1,8}$/), { minLength: 1, maxLength: 5 })
    .map((parts) => parts.join("."));
  fc.assert(
    fc.property(
      fc.oneof(
        name,
        name.map((one) => `device.${one}`),
      ),
      (one) => {
        assert.equal(map.toV2(map.toV1(one)), one);
      },
    ),
  );
});

test("permissions are told in the shape of either flavour", () => {
  const map = new UriMap({ rules: [{ v1: "http://x/d#", v2: "device." }], base: "http://me/#", unlisted: "derive" });
  const rules = [
    { uri: "device.", match: "prefix", allow: ["call"] },
    { uri: "device.gpio.pulse", deny: ["call"] },
    { uri: "sensor.<authid>", allow: ["subscribe"] },
    { uri: "a..b", match: "wildcard", allow: ["call"] },
  ] as const;
  assert.deepEqual(JSON.parse(permissionsOf("autobahn", map, { rules, authid: "joe" })), {
    rpc: [
      { uri: "http://x/d#", prefix: true, call: true },
      { uri: "http://x/d#gpio.pulse", prefix: false, call: false },
    ],
    pubsub: [{ uri: "http://me/#sensor.joe", prefix: false, pub: false, sub: true }],
  });
  assert.deepEqual(JSON.parse(permissionsOf("clj-wamp", map, { rules, authid: "joe" })), {
    rpc: { "http://x/d#*": true, "http://x/d#gpio.pulse": false },
    subscribe: { "http://me/#sensor.joe": true },
    publish: {},
  });
});
