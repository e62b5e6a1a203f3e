/** A build that takes the place of the one before, while programs of that one run. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { putInPlace } from "../../deploy/put-in-place.ts";
import { temporaryFolder } from "../support/programs.ts";

function write(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

function places(t: TestContext): readonly [from: string, to: string] {
  const folder = temporaryFolder(t);
  return [join(folder, "new"), join(folder, "place")];
}

test("what has changed is replaced, what has not is the same file still, and what is no more is gone", (t) => {
  const [from, to] = places(t);
  write(to, { "main.cjs": "old", "parts/kept.cjs": "kept", "parts/old.cjs": "x", "native/a.node": "a" });
  const file = (path: string): number => statSync(join(to, path)).ino;
  const [main, kept] = [file("main.cjs"), file("parts/kept.cjs")];
  write(from, { "main.cjs": "new", "parts/kept.cjs": "kept", "parts/new.cjs": "y" });
  putInPlace(from, to);
  const there = readdirSync(to, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  assert.deepEqual(there.map(({ name }) => name).toSorted(), ["kept.cjs", "main.cjs", "new.cjs"]);
  assert.equal(readFileSync(join(to, "main.cjs"), "utf8"), "new");
  assert.equal(file("parts/kept.cjs"), kept);
  assert.notEqual(file("main.cjs"), main, "whoever reads the old one goes on with it");
});

test("where nothing was yet, all of it is there afterwards", (t) => {
  const [from, to] = places(t);
  write(from, { "main.cjs": "new", "parts/deeper/one.cjs": "1" });
  putInPlace(from, to);
  assert.equal(readFileSync(join(to, "parts/deeper/one.cjs"), "utf8"), "1");
  assert.equal(readFileSync(join(to, "main.cjs"), "utf8"), "new");
});
