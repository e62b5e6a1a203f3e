import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { IdTable } from "../../router-bridge/router/id-table.ts";

test("a table of ids holds what a Map holds, in the same order, whatever is done to it", () => {
  const step = fc.oneof(
    fc.record({ what: fc.constant("set" as const), id: fc.integer({ min: 1, max: 4 }), value: fc.nat() }),
    fc.record({ what: fc.constant("delete" as const), id: fc.integer({ min: 0, max: 4 }) }),
    fc.record({ what: fc.constant("clear" as const) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const table = new IdTable<number>();
      const model = new Map<number, number>();
      for (const it of steps) {
        if (it.what === "set") {
          table.set(it.id, it.value);
          model.set(it.id, it.value);
        } else if (it.what === "delete") assert.equal(table.delete(it.id), model.delete(it.id));
        else {
          table.clear();
          model.clear();
        }
        assert.equal(table.size, model.size);
        assert.deepEqual([...table.values()], [...model.values()]);
        for (let id = 0; id <= 5; id++) {
          assert.equal(table.get(id), model.get(id));
          assert.equal(table.has(id), model.has(id));
        }
      }
    }),
  );
});

test("entries may be deleted while they are gone through, be it one or several", () => {
  for (const ids of [[1], [1, 2, 3]]) {
    const table = new IdTable<number>();
    for (const id of ids) table.set(id, id);
    const seen: number[] = [];
    for (const id of table.values()) {
      seen.push(id);
      assert.equal(table.delete(id), true);
    }
    assert.deepEqual(seen, ids);
    assert.equal(table.size, 0);
  }
});
