import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readBoardConfig } from "../../device/board-config.ts";
import { findConfig } from "../../device/find-config.ts";
import { VERSION } from "../../device/version.ts";
import { temporaryFolder } from "../support/programs.ts";
import { definitions } from "./rig.ts";

test("a named file is taken, there or not", () => {
  assert.deepEqual(
    findConfig("/x.yaml", () => false),
    { file: "/x.yaml" },
  );
});

test("without a name ./board.yaml comes before /etc/pinion/board.yaml", () => {
  assert.deepEqual(
    findConfig(undefined, () => true),
    { file: "./board.yaml" },
  );
  assert.deepEqual(
    findConfig(undefined, (path) => path.startsWith("/etc")),
    { file: "/etc/pinion/board.yaml" },
  );
});

test("without any the words say where to write one, and the example in them is right", (t) => {
  const found = findConfig(undefined, () => false);
  assert.ok("words" in found);
  assert.match(found.words, /\.\/board\.yaml nor \/etc\/pinion\/board\.yaml/);
  assert.match(found.words, /--config/);
  const file = join(temporaryFolder(t), "board.yaml");
  writeFileSync(file, found.words.slice(found.words.indexOf("\n\n")));
  assert.equal(readBoardConfig(file, definitions, "h").ok, true);
});

test("the version is the package's", () => {
  const text = readFileSync(join(import.meta.dirname, "../../package.json"), "utf8");
  assert.match(text, new RegExp(`"version": "${VERSION.replaceAll(".", "\\.")}"`));
});
