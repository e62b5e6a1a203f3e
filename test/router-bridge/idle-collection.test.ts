import assert from "node:assert/strict";
import { test } from "node:test";
import { IdleCollection } from "../../router-bridge/idle-collection.ts";

const MIB = 1024 ** 2;

function process() {
  const state = { busy: 0, resident: 60 * MIB, heap: 20 * MIB, collections: 0 };
  let next = (): void => undefined;
  const collection = new IdleCollection({
    after: (_ms, run) => (next = run),
    busy: () => state.busy,
    resident: () => state.resident,
    heap: () => state.heap,
    collect: () => {
      state.collections += 1;
      state.resident -= 30 * MIB;
    },
  });
  collection.start();
  const look = (times = 1): number => {
    for (let i = 0; i < times; i += 1) next();
    return state.collections;
  };
  return { state, look };
}

test("what a burst left is collected once it is quiet, and only once", () => {
  const { state, look } = process();
  assert.equal(look(100), 0, "a process that did not grow is left alone");
  state.busy = 0.6;
  state.resident = 150 * MIB;
  assert.equal(look(100), 0, "a busy process is not stopped");
  state.busy = 0.01;
  assert.equal(look(1), 0, "one quiet second may be chance");
  assert.equal(look(1), 1);
  assert.equal(look(100), 1, "what is left after a collection is what is needed");
});

test("a little growth is not worth it, and growth that went by itself does not hide the next", () => {
  const { state, look } = process();
  state.resident = 66 * MIB;
  assert.equal(look(100), 0);
  state.resident = 40 * MIB;
  look(2);
  state.resident = 50 * MIB;
  assert.equal(look(2), 1);
});

test("a heap whose collection could be felt is never stopped for", () => {
  const { state, look } = process();
  state.resident = 900 * MIB;
  state.heap = 600 * MIB;
  assert.equal(look(100), 0);
});

test("after a collection there is a rest, however fast it grows again", () => {
  const { state, look } = process();
  state.resident = 150 * MIB;
  assert.equal(look(2), 1);
  state.resident = 250 * MIB;
  assert.equal(look(29), 1);
  assert.equal(look(1), 2);
});
