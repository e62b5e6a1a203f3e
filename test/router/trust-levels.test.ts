import assert from "node:assert/strict";
import { it } from "node:test";
import type { Authorizer } from "../../router-bridge/router/index.ts";
import { scene } from "./scenes.ts";

it("tells the callee the trust level that the authorizer gives the call, also 0, and nothing when it gives none", () => {
  const levels = [3, 0, undefined];
  const authorizer: Authorizer = {
    authorize: (_principal, action) => {
      const trustlevel = action === "call" ? levels.shift() : undefined;
      return trustlevel === undefined ? { allowed: true } : { allowed: true, trustlevel };
    },
  };
  const { caller, callee } = scene({ authorizer });
  callee.register("com.p");
  for (const details of [{ trustlevel: 3 }, { trustlevel: 0 }, {}]) {
    caller.call("com.p");
    assert.deepEqual(callee.takeOne("INVOCATION").details, details);
  }
});
