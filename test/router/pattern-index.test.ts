import assert from "node:assert/strict";
import { it } from "node:test";
import { PatternIndex } from "../../router-bridge/router/pattern-index.ts";

it("finds exact, prefixes from short to long, then wildcards", () => {
  const index = new PatternIndex<string>();
  index.set("wildcard", "a..c", "w");
  index.set("prefix", "a.b", "p3");
  index.set("prefix", "", "p0");
  index.set("prefix", "a.", "p2");
  index.set("exact", "a.b.c", "e");
  assert.deepEqual(index.matching("a.b.c"), ["e", "p0", "p2", "p3", "w"]);
});

it("answers a call with exact, else the longest prefix, else the most specific wildcard", () => {
  const index = new PatternIndex<string>();
  index.set("wildcard", ".b.c", "w1");
  index.set("wildcard", "a..c", "w2");
  assert.equal(index.best("a.b.c"), "w2");
  index.set("prefix", "a", "p1");
  index.set("prefix", "a.b", "p3");
  assert.equal(index.best("a.b.c"), "p3");
  assert.equal(index.best("a.c"), "p1");
  index.set("exact", "a.b.c", "e");
  assert.equal(index.best("a.b.c"), "e");
  assert.equal(index.best("b"), undefined);
});

it("looks at as many prefixes as the URI is long, not at as many as there are", () => {
  const index = new PatternIndex<number>();
  for (let i = 0; i < 100_000; i += 1) index.set("prefix", `sensor.${i}.`, i);
  assert.deepEqual(index.matching("sensor.4711.temperature"), [4711]);
  for (let i = 0; i < 100_000; i += 1) index.delete("prefix", `sensor.${i}.`);
  assert.equal(index.size, 0);
  assert.equal(index.hasPatterns, false);
});

it("forgets what is deleted and keeps what shares characters or components with it", () => {
  const index = new PatternIndex<string>();
  for (const prefix of ["", "s", "sensor", "sensor.a", "sensor.ab", "serial"]) index.set("prefix", prefix, prefix);
  index.delete("prefix", "sensor");
  index.delete("prefix", "sens");
  assert.deepEqual(index.matching("sensor.abc"), ["", "s", "sensor.a", "sensor.ab"]);
  index.delete("prefix", "sensor.a");
  index.delete("prefix", "");
  assert.deepEqual(index.matching("sensor.abc"), ["s", "sensor.ab"]);
  for (const pattern of ["a..c", "a.b.", ".."]) index.set("wildcard", pattern, pattern);
  index.delete("wildcard", "a..c");
  assert.deepEqual(index.matching("a.b.c"), ["a.b.", ".."]);
});

it("remembers what matches short URIs, of so many, and not who is matched by a crowd", () => {
  const index = new PatternIndex<number>();
  index.set("prefix", "sensor.", 0);
  for (let i = 0; i < 10_000; i += 1) {
    assert.deepEqual(index.matching(`sensor.${i}`), [0]);
    assert.deepEqual(index.matching(`sensor.${i}`), [0]);
    assert.ok(index.remembered <= 4096);
  }
  assert.ok(index.remembered > 1000);
  index.set("wildcard", "sensor.", 1);
  assert.equal(index.remembered, 0);
  assert.deepEqual(index.matching("sensor.1"), [0, 1]);
  const long = `sensor.${"x".repeat(200)}`;
  assert.deepEqual(index.matching(long), [0, 1]);
  assert.equal(index.remembered, 1);
  for (let i = 0; i < 20; i += 1) index.set("prefix", "crowd.of.many.letters".slice(0, i + 1), i);
  assert.equal(index.matching("crowd.of.many.letters").length, 20);
  assert.equal(index.remembered, 0);
});
