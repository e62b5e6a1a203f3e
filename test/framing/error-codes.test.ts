import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { FRAMING_ERROR_CODES } from "../../packages/net-socket-raw-framing/index.ts";

const sources = globSync("**/*.test.ts", { cwd: import.meta.dirname }).map((path) =>
  readFileSync(join(import.meta.dirname, path), "utf8"),
);
const readme = readFileSync(join(import.meta.dirname, "../../packages/net-socket-raw-framing/README.md"), "utf8");

test("every error code has a test of its name", () => {
  const untested = FRAMING_ERROR_CODES.filter((code) => !sources.some((text) => text.includes(`test("${code}: `)));
  assert.deepEqual(untested, []);
});

test("every error code has a line in the README, and the README names no other", () => {
  const lines = (readme.split("## Error codes")[1] ?? "")
    .split("\n")
    .flatMap((line) => /^\| `([a-z_]+)` \|/.exec(line)?.[1] ?? []);
  assert.deepEqual(lines.toSorted(), [...FRAMING_ERROR_CODES].toSorted());
});
