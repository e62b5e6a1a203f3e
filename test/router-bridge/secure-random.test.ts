import assert from "node:assert/strict";
import { test } from "node:test";
import { secureRandom } from "../../router-bridge/secure-random.ts";

test("numbers lie in [0, 1), do not repeat over refills and fill the range evenly", () => {
  const random = secureRandom();
  const buckets = Array.from({ length: 16 }, () => 0);
  const seen = new Set<number>();
  for (let i = 0; i < 16_000; i += 1) {
    const value = random();
    assert.ok(value >= 0 && value < 1);
    seen.add(value);
    const bucket = Math.floor(value * 16);
    buckets[bucket] = (buckets[bucket] ?? 0) + 1;
  }
  assert.equal(seen.size, 16_000);
  // 1000 expected in each; a fair source strays by 300 about once in 10^20 runs.
  for (const count of buckets) assert.ok(Math.abs(count - 1000) < 300, String(buckets));
});

test("two sources do not share their numbers", () => {
  const [one, other] = [secureRandom(), secureRandom()];
  assert.notEqual(one(), other());
});
