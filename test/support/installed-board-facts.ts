/** What must be seen on an installed board, and what is printed of it. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { Told } from "./virtual-board.ts";

/** kB; a 512 MB board has room for it ten times. What it is in truth is printed. */
const MOST_RESIDENT = 120_000;

export function assertInstalled({ facts, text }: Told): void {
  const seen: Readonly<Record<string, unknown>> = {
    "dpkg installs it": 0,
    "without a configuration nothing runs": "inactive inactive",
    "it starts and says that it is ready": 0,
    "it joins": 0,
    user: "pinion",
    "it runs": "active",
    "a caller outside switches the pump on": 0,
    "after kill -9 the pump is off": 0,
    "after kill -9 it runs again": 0,
    "and joins again": 0,
  };
  assertFacts(seen, { facts, text });
  const words = facts.get("unit");
  assert.ok(typeof words === "string", text);
  for (const part of ["Type=notify", "Restart=always", "StateDirectory=pinion"])
    assert.ok(words.includes(part), `${part} not in ${words}\n${text}`);
}

export function assertFacts(seen: Readonly<Record<string, unknown>>, { facts, text }: Told): void {
  for (const [name, value] of Object.entries(seen)) assert.equal(facts.get(name), value, `${name}\n${text}`);
}

/** Times are those of an emulated processor: beside them stands what Node alone takes there. */
export function printMeasures(t: TestContext, { facts }: Told): void {
  for (const [name, value] of facts) {
    if (!/^(ms|kB|readings) /.test(name)) continue;
    t.diagnostic(`${name}: ${String(value)}`);
    if (name.startsWith("kB"))
      assert.ok(Number(value) > 0 && Number(value) < MOST_RESIDENT, `${name}: ${String(value)}`);
  }
}
