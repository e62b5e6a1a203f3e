import assert from "node:assert/strict";
import { test } from "node:test";
import { getHeapStatistics } from "node:v8";
import { collectStartGarbage } from "../../device/start-garbage.ts";

test("what is not needed any more is given back, and the process gets no gc() of its own by it", () => {
  let rubbish: unknown = Array.from({ length: 200_000 }, (_, i) => ({ i, text: `x${String(i)}` }));
  assert.ok(Array.isArray(rubbish));
  const before = getHeapStatistics().used_heap_size;
  rubbish = undefined;
  collectStartGarbage();
  const after = getHeapStatistics().used_heap_size;
  assert.ok(after < before - 8e6, `${String(before)} octets before, ${String(after)} after`);
  assert.equal(Reflect.get(globalThis, "gc"), undefined);
});
