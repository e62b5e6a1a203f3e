/** A release on its way onto a board: what is taken, what is not, and where it goes on. On a real file system, with programs of a line. */
import assert from "node:assert/strict";
import { generateKeyPairSync, sign, verify } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { Refused, signedOctets, type RefusalCode } from "@pinion/client/release";
import { compareVersions } from "../../../device/updating/compare-versions.ts";
import { nodeReleaseDisk } from "../../../device/updating/release-disk.ts";
import { Updates, type UpdatesContext } from "../../../device/updating/updates.ts";
import { temporaryFolder } from "../../support/programs.ts";
import { makeRelease, startScript, type MadeRelease } from "../../support/release-scene.ts";

const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const signatureOf = (octets: Uint8Array): Uint8Array => sign(undefined, signedOctets(octets), privateKey);

interface World {
  readonly root: string;
  /** As after a restart: with nothing in memory. */
  readonly updates: (change?: Partial<UpdatesContext>) => Updates;
}

function world(t: TestContext): World {
  const folder = temporaryFolder(t);
  const [root, packageFolder] = [join(folder, "state"), join(folder, "package")];
  mkdirSync(root);
  mkdirSync(packageFolder);
  return {
    root,
    updates: (change = {}) =>
      new Updates({
        root,
        packageFolder,
        packageVersion: "1.0.0",
        running: "1.0.0",
        target: `linux-${process.arch}`,
        abi: process.versions.modules,
        configFile: join(folder, "board.yaml"),
        downgrade: false,
        isSigned: (message, signature) => verify(undefined, message, publicKey, signature),
        ...change,
      }),
  };
}

async function sendAll(updates: Updates, made: MadeRelease, most = 100): Promise<number> {
  const { wanted } = await updates.begin(made.octets, signatureOf(made.octets));
  let sent = 0;
  for (const { sha256, offset } of wanted) {
    const path = made.manifest.files.find((file) => file.sha256 === sha256)?.path ?? "";
    const content = made.contents.get(path) ?? Buffer.alloc(0);
    for (let at = offset; at < content.length;) {
      const piece = content.subarray(at, at + most);
      at = await updates.write(sha256, at, piece);
      sent += piece.length;
    }
  }
  return sent;
}

async function refused(code: RefusalCode, work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof Refused, String(error));
    assert.equal(error.code, code, error.message);
    assert.ok(error.cure.length > 0);
    return error.message;
  }
  throw new assert.AssertionError({ message: `nothing was refused, ${code} was to be` });
}

test("a release is put in place file by file, with its modes, and is the next to run", async (t) => {
  const { root, updates } = world(t);
  const made = makeRelease("1.1.0", { "lib/large.bin": "x".repeat(5_000), empty: "" });
  const one = updates();
  await sendAll(one, made);
  assert.equal(await one.finish(true), "1.1.0");
  const folder = join(root, "releases/1.1.0");
  for (const [path, octets] of made.contents) assert.ok(readFileSync(join(folder, path)).equals(octets), path);
  assert.equal(statSync(join(folder, "start")).mode & 0o777, 0o755);
  assert.equal(statSync(join(folder, "lib/large.bin")).mode & 0o777, 0o644);
  assert.equal(existsSync(join(root, "incoming")), false);
  assert.ok(existsSync(join(root, "trial/must-join")));
});

test("what a release on the board has already is not asked for, unless it is damaged there", async (t) => {
  const { root, updates } = world(t);
  const shared = { "lib/large.bin": "x".repeat(5_000) };
  const one = updates();
  await sendAll(one, makeRelease("1.1.0", shared));
  await one.finish(true);
  rmSync(join(root, "trial"), { recursive: true });
  const next = makeRelease("1.2.0", shared);
  assert.ok((await sendAll(updates({ running: "1.1.0" }), next)) < 1_000);
  writeFileSync(join(root, "releases/1.1.0/lib/large.bin"), `y${"x".repeat(4_999)}`);
  assert.ok((await sendAll(updates({ running: "1.1.0" }), next)) >= 5_000);
});

test("after a restart in the middle it goes on where it was; of another release it begins anew", async (t) => {
  const { root, updates } = world(t);
  const made = makeRelease("1.1.0", { "lib/large.bin": "x".repeat(5_000) });
  const sha256 = made.manifest.files.find(({ path }) => path === "lib/large.bin")?.sha256 ?? "";
  const one = updates();
  await one.begin(made.octets, signatureOf(made.octets));
  assert.equal(await one.write(sha256, 0, Buffer.from("x".repeat(1_000))), 1_000);
  assert.equal(await one.write(sha256, 3_000, Buffer.from("x")), 1_000, "a hole is not made");
  assert.equal(await one.write(sha256, 0, Buffer.from("x".repeat(10))), 1_000, "what is there is not written over");
  const again = await updates().begin(made.octets, signatureOf(made.octets));
  assert.equal(again.wanted.find((file) => file.sha256 === sha256)?.offset, 1_000);
  const other = makeRelease("1.3.0", { "lib/large.bin": "x".repeat(5_000) });
  const anew = await updates().begin(other.octets, signatureOf(other.octets));
  assert.equal(anew.wanted.find((file) => file.sha256 === sha256)?.offset, 0);
  assert.equal(readdirSync(join(root, "incoming")).length, 1, "only its manifest");
});

test("bad_signature: by nobody known, of another manifest, or where no key is known", async (t) => {
  const { root, updates } = world(t);
  const made = makeRelease("1.1.0");
  const changed = Buffer.concat([made.octets, Buffer.from(" ")]);
  await refused("bad_signature", updates().begin(changed, signatureOf(made.octets)));
  await refused("bad_signature", updates().begin(made.octets, Buffer.alloc(64)));
  await refused("bad_signature", updates().begin(made.octets, Buffer.alloc(3)));
  await refused("bad_signature", updates({ isSigned: undefined }).begin(made.octets, signatureOf(made.octets)));
  assert.deepEqual(readdirSync(root), [], "nothing was kept");
});

test("wrong_target, not_newer, busy: what does not fit is refused before anything is sent", async (t) => {
  const { root, updates } = world(t);
  const made = makeRelease("1.1.0");
  const signature = signatureOf(made.octets);
  assert.match(
    await refused("wrong_target", updates({ target: "linux-armv7" }).begin(made.octets, signature)),
    /armv7/,
  );
  await refused("not_newer", updates({ running: "1.1.0" }).begin(made.octets, signature));
  await refused("not_newer", updates({ running: "1.1.0", downgrade: true }).begin(made.octets, signature));
  assert.match(await refused("not_newer", updates({ running: "1.2.0" }).begin(made.octets, signature)), /older/);
  assert.deepEqual(readdirSync(root), [], "nothing was kept");
  await updates({ running: "1.2.0", downgrade: true }).begin(made.octets, signature);
  const text = JSON.stringify({ ...JSON.parse(made.octets.toString()), node: { abis: ["1"] } });
  const foreign = Buffer.from(text);
  await refused("wrong_target", updates().begin(foreign, signatureOf(foreign)));
  const one = updates();
  await sendAll(one, made);
  await one.finish(true);
  const next = makeRelease("1.2.0");
  await refused("busy", updates({ running: "1.1.0" }).begin(next.octets, signatureOf(next.octets)));
});

test("no_space: told before anything is sent", async (t) => {
  const { root, updates } = world(t);
  const made = makeRelease("1.1.0");
  const disk = { ...nodeReleaseDisk(root), free: () => Promise.resolve(16_777_216) };
  await refused("no_space", updates({ disk }).begin(made.octets, signatureOf(made.octets)));
});

test("corrupt: a file that is not what the manifest says is thrown away and may come again", async (t) => {
  const { updates } = world(t);
  const made = makeRelease("1.1.0");
  const one = updates();
  const { wanted } = await one.begin(made.octets, signatureOf(made.octets));
  const [first] = wanted;
  assert.ok(first !== undefined);
  await refused("corrupt", one.write(first.sha256, 0, Buffer.alloc(first.size, 120)));
  await refused("corrupt", one.finish(true));
  await refused("corrupt", one.write("0".repeat(64), 0, Buffer.from("x")));
  await sendAll(one, made);
  assert.equal(await one.finish(true), "1.1.0");
});

test("too_large: no piece goes beyond its file, or is larger than a piece may be", async (t) => {
  const { updates } = world(t);
  const made = makeRelease("1.1.0", { "lib/large.bin": "x".repeat(2_000_000) });
  const one = updates();
  await one.begin(made.octets, signatureOf(made.octets));
  const of = (path: string): string => made.manifest.files.find((file) => file.path === path)?.sha256 ?? "";
  await refused("too_large", one.write(of("lib/data.txt"), 0, Buffer.alloc(14)));
  await refused("too_large", one.write(of("lib/large.bin"), 0, Buffer.alloc(1_048_577)));
});

test("nothing_pending: nobody writes or finishes what was not begun, or was given up", async (t) => {
  const { root, updates } = world(t);
  await refused("nothing_pending", updates().write("0".repeat(64), 0, Buffer.from("x")));
  await refused("nothing_pending", updates().finish(true));
  const made = makeRelease("1.1.0");
  const one = updates();
  await sendAll(one, made);
  await one.abort();
  await refused("nothing_pending", one.finish(true));
  assert.equal(existsSync(join(root, "incoming")), false);
});

test("does_not_start: a release that fails the check of the configuration is not put in place", async (t) => {
  const { root, updates } = world(t);
  const broken = makeRelease("1.1.0", { start: "#!/bin/sh\necho broken beyond repair >&2; exit 70\n" });
  const one = updates();
  await sendAll(one, broken);
  assert.match(await refused("does_not_start", one.finish(true)), /broken beyond repair/);
  assert.deepEqual(readdirSync(join(root, "releases")), []);
  assert.equal(existsSync(join(root, "trial")), false);
  assert.notEqual(startScript("1.1.0"), "");
});

test("versions are ordered as semver orders them", () => {
  const ordered = [
    "0.9.9",
    "1.0.0-1",
    "1.0.0-2",
    "1.0.0-10",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-beta",
    "1.0.0",
    "1.0.1",
    "1.10.0",
    "2.0.0",
  ];
  for (const [i, a] of ordered.entries())
    for (const [j, b] of ordered.entries())
      assert.equal(Math.sign(compareVersions(a, b)), Math.sign(i - j), `${a} ${b}`);
  assert.equal(compareVersions("1.0.0+a", "1.0.0+b"), 0);
});
