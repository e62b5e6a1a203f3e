/** What packs the programs: archives as other people's tools read them, and the refusal of what they cannot hold. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { lstatSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { stamp } from "../../deploy/artefact/stamp.ts";
import { tar, type TarEntry } from "@pinion/client/release";
import { targetNamed } from "../../deploy/artefact/targets.ts";
import { ar } from "../../deploy/deb/ar.ts";
import { temporaryFolder } from "../support/programs.ts";

const MOMENT = 1_767_225_600;
const file = (path: string, text: string, mode = 0o644): TarEntry => ({
  kind: "file",
  path,
  mode,
  content: Buffer.from(text),
});
const long = `${"deep/".repeat(20)}${"name".repeat(20)}`;

test("tar unpacks what was packed: long names, modes, links, empty files, one moment for all", (t) => {
  const folder = temporaryFolder(t);
  const entries: readonly TarEntry[] = [
    file(long, "far away"),
    file("a", ""),
    file("run", "#!/bin/sh\n", 0o755),
    file("block", "x".repeat(512)),
    { kind: "link", path: "link", mode: 0o777, to: "run" },
    { kind: "folder", path: "empty", mode: 0o750 },
  ];
  writeFileSync(join(folder, "made.tar"), tar(entries, MOMENT));
  const done = spawnSync("tar", ["xpf", "made.tar", "--no-same-owner"], { cwd: folder, encoding: "utf8" });
  assert.deepEqual({ status: done.status, stderr: done.stderr }, { status: 0, stderr: "" });
  assert.equal(readFileSync(join(folder, long), "utf8"), "far away");
  assert.equal(readFileSync(join(folder, "a"), "utf8"), "");
  assert.equal(readFileSync(join(folder, "block"), "utf8").length, 512);
  assert.equal(readlinkSync(join(folder, "link")), "run");
  const { mode, mtimeMs } = lstatSync(join(folder, "run"));
  assert.deepEqual([mode & 0o7777, mtimeMs], [0o755, MOMENT * 1000]);
  assert.equal(lstatSync(join(folder, "empty")).mode & 0o7777, 0o750);
});

test("the order in which entries are given changes no octet", () => {
  const [one, other] = [file("b", "2"), file("a", "1")];
  assert.deepEqual(tar([one, other], MOMENT), tar([other, one], MOMENT));
});

test("a name or a link too long for the archive is refused by name", () => {
  const name = "n".repeat(101);
  assert.throws(() => tar([file(name, "")], MOMENT), new RegExp(`too long for a tar archive: ${name}`));
  assert.throws(() => tar([{ kind: "link", path: "l", mode: 0o777, to: name }], MOMENT), /too long for a tar archive/);
});

test("ar lists members of odd and even length", (t) => {
  const folder = temporaryFolder(t);
  const members = ["odd", "even"].map((name) => ({ name, content: Buffer.from(name) }));
  writeFileSync(join(folder, "made.ar"), ar(members, MOMENT));
  assert.equal(spawnSync("ar", ["p", "made.ar"], { cwd: folder, encoding: "utf8" }).stdout, "oddeven");
});

test("a moment that is none is refused, and so is a target that does not exist", (t) => {
  const before = process.env["SOURCE_DATE_EPOCH"];
  t.after(() => {
    if (before === undefined) delete process.env["SOURCE_DATE_EPOCH"];
    else process.env["SOURCE_DATE_EPOCH"] = before;
  });
  process.env["SOURCE_DATE_EPOCH"] = String(MOMENT);
  assert.equal(stamp().seconds, MOMENT);
  process.env["SOURCE_DATE_EPOCH"] = "yesterday";
  assert.throws(() => stamp(), /whole seconds since 1970, not 'yesterday'/);
  assert.throws(() => targetNamed("linux-mips"), /one of linux-arm64, linux-armv7, linux-x64, not 'linux-mips'/);
});
