/** The set-up script in a made-up checkout: what it says when it may not install, and when it has nothing to do. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

const root = join(import.meta.dirname, "../..");
const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;
const canBeNobody = isRoot && existsSync("/usr/bin/node");

/** A checkout whose node_modules is current, and a PATH on which only the named commands are. */
function checkout(t: TestContext, commands: readonly string[]): { folder: string; path: string } {
  const folder = mkdtempSync(join(tmpdir(), "pinion-setup-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755);
  for (const part of ["deploy", "node_modules", "bin"]) mkdirSync(join(folder, part));
  copyFileSync(join(root, "deploy/setup.mjs"), join(folder, "deploy/setup.mjs"));
  writeFileSync(join(folder, "package-lock.json"), "{}\n");
  const lock = createHash("sha256")
    .update(readFileSync(join(folder, "package-lock.json")))
    .digest("hex");
  writeFileSync(join(folder, "node_modules/.pinion-setup"), `${lock} ${process.platform}-${process.arch}\n`);
  for (const command of commands) symlinkSync("/bin/false", join(folder, "bin", command));
  return { folder, path: join(folder, "bin") };
}

function setup({ folder, path }: { folder: string; path: string }, purpose: string, asNobody = false) {
  const user = asNobody ? { uid: NOBODY, gid: NOBODY } : {};
  // The test's own Node may lie where nobody may look; the machine's will do, as it would for a user.
  const node = asNobody ? "/usr/bin/node" : process.execPath;
  return spawnSync(node, [join(folder, "deploy/setup.mjs"), purpose], {
    ...user,
    env: { PATH: path },
    encoding: "utf8",
  });
}

test("with everything there, set-up says nothing and ends well", (t) => {
  const { status, stderr, stdout } = setup(checkout(t, ["socat"]), "start");
  assert.deepEqual({ status, stderr, stdout }, { status: 0, stderr: "", stdout: "" });
});

test(
  "a user who may not install is told the packages and the command",
  { skip: canBeNobody ? false : "needs root, and a Node that nobody may run" },
  (t) => {
    const { status, stderr } = setup(checkout(t, ["apt-get"]), "start", true);
    assert.equal(status, 1);
    assert.match(stderr, /missing: socat/);
    assert.match(stderr, /sudo sh -c 'apt-get update && apt-get install -y --no-install-recommends socat'/);
  },
);

test(
  "a target of the build whose compiler is missing is answered with that compiler's package",
  { skip: canBeNobody ? false : "needs root, and a Node that nobody may run" },
  (t) => {
    const { status, stderr } = setup(checkout(t, ["apt-get"]), "linux-armv7", true);
    assert.equal(status, 1);
    assert.match(stderr, /apt-get install -y --no-install-recommends g\+\+-arm-linux-gnueabihf'/);
  },
);

test("where there is no apt-get the packages are named all the same", (t) => {
  const { status, stderr } = setup(checkout(t, []), "start");
  assert.equal(status, 1);
  assert.match(stderr, /missing: socat/);
  assert.match(stderr, /package manager/);
});

test("an install by apt-get that fails is told with its status", { skip: isRoot ? false : "needs root" }, (t) => {
  const { status, stderr } = setup(checkout(t, ["apt-get", "sh"]), "start");
  assert.equal(status, 1);
  assert.match(stderr, /failed with status/);
});

test("a lock file that changed makes the packages be installed anew", (t) => {
  const made = checkout(t, ["socat", "python3", "make", "g++", "npm"]);
  writeFileSync(join(made.folder, "package-lock.json"), '{ "changed": true }\n');
  const { status, stderr } = setup(made, "start");
  assert.equal(status, 1, "npm is a made-up one that fails");
  assert.match(stderr, /installing the npm packages/);
  assert.match(stderr, /`npm ci` in .* failed with status 1/);
});

test("an unknown purpose names those there are", (t) => {
  const { status, stderr } = setup(checkout(t, []), "nonsense");
  assert.equal(status, 1);
  assert.match(stderr, /unknown purpose 'nonsense'.*start, test/);
});
