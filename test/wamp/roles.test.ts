import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Dict, hasFeature, hasRole } from "../../packages/wamp/index.ts";

const details = (features: unknown): Dict => ({ roles: { callee: { features } } });

describe("roles and features", () => {
  test("a feature counts only where it is announced as true", () => {
    assert.equal(hasFeature(details({ call_timeout: true }), "callee", "call_timeout"), true);
    assert.equal(hasFeature(details({ call_timeout: true }), "caller", "call_timeout"), false);
    for (const value of [false, 1, "true", null, {}]) {
      assert.equal(hasFeature(details({ call_timeout: value }), "callee", "call_timeout"), false);
    }
  });

  test("call canceling is recognised in both spellings of the specification", () => {
    assert.equal(hasFeature(details({ call_canceling: true }), "callee", "call_canceling"), true);
    assert.equal(hasFeature(details({ call_cancelling: true }), "callee", "call_canceling"), true);
  });

  test("details of any shape are read without failing, and prototypes announce nothing", () => {
    for (const odd of [{}, { roles: null }, { roles: [] }, { roles: { callee: 1 } }, details(null), details([1])]) {
      assert.equal(hasFeature(odd, "callee", "call_timeout"), false);
    }
    assert.equal(hasRole({ roles: Object.create({ callee: {} }) as Dict }, "callee"), false);
    assert.equal(hasRole({ roles: { callee: {} } }, "callee"), true);
  });
});
