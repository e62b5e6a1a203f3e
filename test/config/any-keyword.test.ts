import assert from "node:assert/strict";
import { test } from "node:test";
import { checkValue, explainBy } from "@pinion/config";
import { anyKeyword } from "@pinion/config/any-keyword";

/** Allowed in JSON Schema; ours describe each key that they require, and no key twice. */
const REQUIRED = {
  type: "object",
  properties: { of: { type: "object", required: ["size"], additionalProperties: true } },
};
const TWICE = { type: "object", patternProperties: { "^a": { type: "number" }, b$: { minimum: 5 } } };

test("what breaks a schema in a way that ours do not use is a finding all the same, at the place of that schema", () => {
  const [missing, ...more] = checkValue(REQUIRED, { of: {} });
  assert.deepEqual([missing?.path, more.length], [["of"], 0]);
  assert.equal(checkValue(TWICE, { ab: 3 }).length, 1);
  assert.equal(checkValue(TWICE, { ab: 6 }).length, 0);
});

test("with the words for any keyword such a finding says what is allowed", () => {
  explainBy(anyKeyword);
  const [missing] = checkValue(REQUIRED, { of: {} });
  assert.deepEqual(missing?.path, ["of"]);
  assert.match(missing?.allowed ?? "", /required.*size/);
  const [twice] = checkValue(TWICE, { ab: 3 });
  assert.deepEqual(twice?.path, ["ab"]);
  assert.match(twice?.allowed ?? "", />= 5/);
});
