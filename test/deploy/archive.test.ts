/** What packs the programs: archives as other people's tools read them, and the refusal of what they cannot hold. */
import { build } from "esbuild";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { lstatSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { stamp } from "../../deploy/artefact/stamp.ts";
import { tar, type TarEntry } from "@pinion/client/release";
import { targetNamed } from "../../deploy/artefact/targets.ts";
import { programBundle } from "../../deploy/build.ts";
import { ar } from "../../deploy/deb/ar.ts";
import { debianFile } from "../../deploy/deb/debian-package.ts";
import { thisMachine } from "../../deploy/native-addons.ts";
import { programs } from "../../deploy/programs.ts";
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

test("a release of another version says so: in its stamp, its package's name, and by the program itself", async (t) => {
  assert.equal(stamp("0.2.0").version, "0.2.0");
  for (const wrong of ["2", "1.2", "v1.2.3", "1.2.3-", "1.2.3 ", "1.2.3+a", "../1.2.3"])
    assert.throws(() => stamp(wrong), /a version is three numbers, as in 0\.2\.0/, wrong);
  const early = { ...stamp("0.2.0-rc.1"), seconds: MOMENT };
  assert.equal(debianFile(targetNamed("linux-arm64"), early), "pinion_0.2.0~rc.1_arm64.deb");
  const order = spawnSync("dpkg", ["--compare-versions", "0.2.0~rc.1", "lt", "0.2.0"]);
  if (order.error === undefined) assert.equal(order.status, 0);
  const program = programs.find(({ name }) => name === "pinion-router-bridge");
  assert.ok(program !== undefined);
  const outdir = temporaryFolder(t);
  await build({ ...programBundle(program, [], thisMachine, "0.2.0-rc.1"), outdir });
  writeFileSync(join(outdir, "package.json"), `{"type":"commonjs"}`);
  const told = spawnSync(process.execPath, [join(outdir, "pinion-router-bridge.cjs"), "--version"], {
    encoding: "utf8",
  });
  assert.equal(told.stdout, "0.2.0-rc.1\n", told.stderr);
});
