/** The `wamp1` section: its defaults, and each of its mistakes with the place where it is. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readConfigText } from "../../../router-bridge/config.ts";

const AUTH = "auth: { file: a.json }\n";
const ANONYMOUS = "auth: { file: a.json, anonymous: { role: viewer } }\n";

test("without wamp1 there is none, and {} means all the defaults", () => {
  const without = readConfigText("", "x.yaml");
  assert.ok(without.ok && without.config.wamp1 === undefined);
  const read = readConfigText("wamp1: {}\n", "x.yaml");
  assert.ok(read.ok);
  assert.deepEqual(read.config.wamp1, {
    flavour: "autobahn",
    uris: [],
    base: "http://pinion.local/#",
    unlisted: "derive",
    maxMessage: 1_048_576,
    maxPrefixes: 256,
    maxFaults: 1000,
  });
  const login = readConfigText(`wamp1: { auth: {} }\n${AUTH}`, "x.yaml");
  assert.deepEqual(login.ok && login.config.wamp1?.auth, { anonymous: false, timeout: 20_000 });
});

for (const text of [
  `wamp1: { auth: false }\n${ANONYMOUS}`,
  `wamp1: { auth: { anonymous: true } }\n${ANONYMOUS}`,
  "wamp1: { auth: false }\n",
  'wamp1: { uris: [{ v1: "http://x/all#", v2: "" }, { v1: "http://x/y", v2: com.example.y }] }\n',
]) {
  test(`${text.split("\n")[0] ?? ""} is right`, () => {
    assert.equal(readConfigText(text, "x.yaml").ok, true);
  });
}

for (const [text, place] of [
  ["wamp1: { flavor: autobahn }\n", "flavor"],
  ["wamp1: { flavour: other }\n", "flavour"],
  ["wamp1: { realm: realm2 }\n", "realm"],
  ["wamp1: { auth: {} }\n", "auth"],
  [`wamp1: { auth: false }\n${AUTH}`, "auth"],
  [`wamp1: { auth: { anonymous: true } }\n${AUTH}`, "anonymous"],
  ["wamp1: {}\nauth: { file: a.json, methods: [ticket] }\n", "wamp1"],
  ['wamp1: { uris: [{ v1: "http://x/d#", v2: device }] }\n', "v2"],
  ['wamp1: { uris: [{ v1: "http://x/d", v2: "device." }] }\n', "v2"],
  ['wamp1: { uris: [{ v1: "http://x/d", v2: "a b" }] }\n', "v2"],
  ["wamp1: { base: 'http://x/y' }\n", "base"],
] as const) {
  test(`${text.split("\n")[0] ?? ""} is a mistake at ${place}`, () => {
    const read = readConfigText(text, "x.yaml");
    assert.equal(read.ok, false);
    const problems = read.ok ? [] : read.problems;
    assert.ok(JSON.stringify(problems).includes(place), JSON.stringify(problems));
  });
}
