import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { optionTable, withTables } from "../support/driver-docs.ts";
import { driverKinds, loadDrivers } from "../../drivers/index.ts";

const readme = readFileSync(join(import.meta.dirname, "../../drivers/README.md"), "utf8");

test("the README's tables of options are what the schemas say (node test/support/driver-docs.ts writes them)", () => {
  assert.equal(withTables(readme), readme);
});

test("every option of every driver says what it is, and what is allowed", async () => {
  for (const { kind, configSchema } of await loadDrivers()) {
    const rows = optionTable(configSchema).split("\n").slice(2);
    assert.ok(rows.length > 1, kind);
    for (const row of rows) {
      const [, , , allowed, what] = row.split(/ ?(?<!\\)\| ?/);
      assert.ok(allowed && what, `${kind}: ${row}`);
    }
  }
});

test("every driver is in the README's table of drivers", () => {
  for (const kind of driverKinds) assert.match(readme, new RegExp(`^\\| \`${kind}\` \\|`, "m"));
});

test("no key of any schema is left out of the tables, however deep it lies", async () => {
  const keysIn = (schema: unknown): string[] => {
    if (typeof schema !== "object" || schema === null) return [];
    return Object.entries(schema).flatMap(([key, value]: [string, unknown]) => {
      const own = key === "properties" && typeof value === "object" && value !== null ? Object.keys(value) : [];
      return [...own, ...keysIn(value)];
    });
  };
  for (const { kind, configSchema } of await loadDrivers()) {
    const paths = optionTable(configSchema)
      .split("\n")
      .map((row) => /^\| `([^`]*)`/.exec(row)?.[1] ?? "");
    for (const key of new Set(keysIn(configSchema)))
      assert.ok(
        paths.some((path) => path.split(/[.[]/).includes(key)),
        `${kind}: ${key} is not in its table`,
      );
  }
});
