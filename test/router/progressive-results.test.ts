import assert from "node:assert/strict";
import { it } from "node:test";
import { scene } from "./scenes.ts";
import type { Of } from "./world.ts";

it("passes them on while the caller takes them, and ends with the final one", () => {
  const { caller, callee } = scene();
  callee.register("com.p");
  const request = caller.call("com.p", [], { receive_progress: true });
  assert.deepEqual(callee.takeOne("INVOCATION").details, { receive_progress: true });
  callee.yield(1, [1], { progress: true }).yield(1, [2], { progress: true }).yield(1, [3]).yield(1, [4]);
  const results = caller.take() as Of<"RESULT">[]; // checked below
  assert.deepEqual(
    results.map(({ type, request: of, details, payload }) => [type, of, details, payload.args]),
    [
      ["RESULT", request, { progress: true }, [1]],
      ["RESULT", request, { progress: true }, [2]],
      ["RESULT", request, {}, [3]],
    ],
  );
});

it("starts the timeout anew with each of them", () => {
  const { world, caller, callee } = scene();
  callee.register("com.p");
  caller.call("com.p", [], { receive_progress: true, timeout: 100 });
  world.wait(90);
  callee.yield(1, [], { progress: true });
  world.wait(90);
  caller.takeOne("RESULT");
  world.wait(10);
  caller.takeError("wamp.error.timeout", 48);
  callee.yield(1, [], { progress: true }).yield(1);
  assert.deepEqual(caller.take(), []);
});

it("asks no callee for them that did not announce them", () => {
  const { caller, callee } = scene({ plain: true });
  callee.register("com.p");
  caller.call("com.p", [], { receive_progress: true });
  assert.deepEqual(callee.takeOne("INVOCATION").details, {});
});

it("fails a call whose callee sends them unasked, discards the rest and does not abort the callee", () => {
  const { caller, callee } = scene();
  callee.register("com.p");
  caller.call("com.p");
  callee.take();
  callee.yield(1, [1], { progress: true }).yield(1, [2]);
  caller.takeError("wamp.error.feature_not_supported", 48);
  assert.equal(callee.closed, undefined);
});

it("aborts a progressive call of a caller that did not announce them", () => {
  const { caller } = scene();
  caller.call("com.p", [], { progress: true });
  assert.equal(caller.takeOne("ABORT").reason, "wamp.error.protocol_violation");
});
