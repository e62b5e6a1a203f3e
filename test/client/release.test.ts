/** Artefacts from strangers: manifests that lie, archives that reach out. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync, mkdirSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import {
  filesIn,
  LIMITS,
  parseManifest,
  readArtefact,
  readSignature,
  Refused,
  signatureText,
} from "@pinion/client/release";
import { tar, type TarEntry } from "@pinion/client/release";

const folder = mkdtempSync(join(tmpdir(), "pinion-release-"));
after(() => rmSync(folder, { recursive: true }));

const SUM = "0".repeat(64);
const file = { path: "start", size: 1, sha256: SUM, mode: "0755" };
const good = { name: "pinion-device", version: "1.2.3", target: "linux-arm64", node: { abis: ["137"] }, files: [file] };
const parse = (value: unknown) => parseManifest(Buffer.from(typeof value === "string" ? value : JSON.stringify(value)));
const withFile = (change: object): object => ({ ...good, files: [{ ...file, ...change }] });

test("a manifest as the build writes it is read, with modes in octal", () => {
  const { files, version, abis } = parse(good);
  assert.deepEqual([version, abis, files[0]?.mode], ["1.2.3", ["137"], 0o755]);
  assert.equal(parse(withFile({ mode: "0644" })).files[0]?.mode, 0o644);
  assert.equal(parse(withFile({ mode: "6777" })).files[0]?.mode, 0o755, "nobody gets another user's rights");
});

const BAD: Readonly<Record<string, unknown>> = {
  "no JSON": "{",
  "a list": [],
  "no files": { ...good, files: [] },
  "a version that is a path": { ...good, version: "../../etc" },
  "a version of two numbers": { ...good, version: "1.2" },
  "an absolute path": withFile({ path: "/etc/passwd" }),
  "a path upwards": withFile({ path: "a/../../b" }),
  "a path with a dot": withFile({ path: "./a" }),
  "an empty component": withFile({ path: "a//b" }),
  "a hidden file": withFile({ path: ".sums" }),
  "a hidden folder": withFile({ path: ".git/x" }),
  "a line feed": withFile({ path: "a\nb" }),
  "a backslash": withFile({ path: "a\\b" }),
  "the manifest itself": withFile({ path: "manifest.json" }),
  "a path too deep": withFile({ path: "a/b/c/d/e/f/g/h/i" }),
  "a path too long": withFile({ path: `${"a".repeat(99)}/${"b".repeat(99)}/c` }),
  "a negative size": withFile({ size: -1 }),
  "a size that is none": withFile({ size: 1.5 }),
  "a short sum": withFile({ sha256: "00" }),
  "a sum in capitals": withFile({ sha256: "A".repeat(64) }),
  "no mode": withFile({ mode: null }),
  "one path twice": { ...good, files: [file, file] },
  "a file that is a folder too": { ...good, files: [file, { ...file, path: "start/x" }] },
};

for (const [what, manifest] of Object.entries(BAD)) {
  test(`bad_artefact: ${what}`, () => {
    assert.throws(
      () => parse(manifest),
      (error) => error instanceof Refused && error.code === "bad_artefact",
    );
  });
}

test("too_large: too many octets or files", () => {
  const many = Array.from({ length: LIMITS.files + 1 }, (_, i) => ({ ...file, path: `f${String(i)}` }));
  const whole = Array.from({ length: 3 }, (_, i) => ({ ...file, path: `f${String(i)}`, size: LIMITS.file }));
  for (const manifest of [withFile({ size: LIMITS.file + 1 }), { ...good, files: many }, { ...good, files: whole }]) {
    assert.throws(
      () => parse(manifest),
      (error) => error instanceof Refused && error.code === "too_large",
    );
  }
  const long = `${JSON.stringify(good)}${" ".repeat(LIMITS.manifest)}`;
  assert.throws(
    () => parse(long),
    (error) => error instanceof Refused && error.code === "too_large",
  );
});

test("any octets are a manifest or refused, nothing else", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.json().map((json) => Buffer.from(json)),
      ),
      (octets) => {
        try {
          parseManifest(octets);
        } catch (error) {
          assert.ok(error instanceof Refused);
        }
      },
    ),
  );
});

let count = 0;
function archive(octets: Uint8Array): string {
  count += 1;
  const place = join(folder, `${String(count)}.tar.gz`);
  writeFileSync(place, octets);
  return place;
}

const entry = (path: string, content: string): TarEntry => ({
  kind: "file",
  path,
  mode: 0o644,
  content: Buffer.from(content),
});
const manifestEntry = entry("manifest.json", JSON.stringify(good));
const packed = (...entries: readonly TarEntry[]): string => archive(gzipSync(tar(entries, 0, "pinion-device/")));

async function readAll(place: string): Promise<Map<string, string>> {
  const artefact = await readArtefact(place);
  const found = new Map<string, string>();
  for await (const { path, octets } of filesIn(place, artefact)) {
    const pieces: Uint8Array[] = [];
    for await (const piece of octets) pieces.push(piece);
    found.set(path, Buffer.concat(pieces).toString());
  }
  return found;
}

async function refuses(place: string, code = "bad_artefact"): Promise<void> {
  await assert.rejects(readAll(place), (error) => error instanceof Refused && error.code === code);
}

test("an archive of our own and one of GNU tar are read alike", async () => {
  assert.deepEqual([...(await readAll(packed(manifestEntry, entry("start", "x"))))], [["start", "x"]]);
  const place = join(folder, "gnu");
  mkdirSync(place);
  writeFileSync(join(place, "manifest.json"), JSON.stringify(good));
  writeFileSync(join(place, "start"), "x");
  const file = join(folder, "gnu.tar.gz");
  assert.equal(spawnSync("tar", ["--format=ustar", "-czf", file, "-C", place, "."]).status, 0);
  assert.deepEqual([...(await readAll(file))], [["start", "x"]]);
  symlinkSync("/etc/passwd", join(place, "link"));
  assert.equal(spawnSync("tar", ["--format=ustar", "-czf", file, "-C", place, "."]).status, 0);
  await refuses(file);
});

test("bad_artefact: archives that hold what their manifest does not name, or otherwise, or links", async () => {
  await refuses(packed(entry("start", "x")));
  await refuses(packed(manifestEntry, entry("start", "x"), entry("other", "x")));
  await refuses(packed(manifestEntry, entry("start", "xx")));
  await refuses(packed(manifestEntry, entry("../start", "x")));
  await refuses(packed({ kind: "link", path: "a", mode: 0o777, to: "/etc/passwd" }, manifestEntry));
});

test("bad_artefact: damaged archives", async () => {
  const whole = tar([manifestEntry, entry("start", "x")], 0);
  await refuses(archive(whole));
  await refuses(archive(gzipSync(whole).subarray(0, 100)));
  await refuses(archive(gzipSync(whole.subarray(0, 700))));
  const flipped = Buffer.from(whole);
  flipped[3] = 0x7a;
  await refuses(archive(gzipSync(flipped)));
  await refuses(archive(Buffer.alloc(0)));
  await refuses(join(folder, "nowhere.tar.gz"));
});

test("a few octets that unpack without end are left in the middle", { timeout: 60_000 }, async () => {
  // a header that says 8 GiB, and zeros without end behind it
  const header = tar([entry("big", "")], 0).subarray(0, 512);
  header.write("77777777777", 124);
  let sum = 0;
  for (let i = 0; i < 512; i += 1) sum += i >= 148 && i < 156 ? 32 : (header[i] ?? 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  const zeros = gzipSync(Buffer.alloc(64 * 1_048_576));
  await refuses(archive(Buffer.concat([gzipSync(header), ...Array.from({ length: 10 }, () => zeros)])), "too_large");
});

test("a signature is read as it was written; anything else is bad_signature", async () => {
  const place = join(folder, "signed.tar.gz");
  assert.equal(await readSignature(place), undefined);
  writeFileSync(`${place}.sig`, signatureText(Buffer.alloc(64, 7)));
  assert.deepEqual(await readSignature(place), Buffer.alloc(64, 7));
  writeFileSync(`${place}.sig`, "00");
  await assert.rejects(readSignature(place), (error) => error instanceof Refused && error.code === "bad_signature");
});

test("each code has its line in the board's README", () => {
  const readme = readFileSync(join(import.meta.dirname, "../../device/README.md"), "utf8");
  const source = readFileSync(join(import.meta.dirname, "../../packages/client/release/refused.ts"), "utf8");
  const codes = [...source.matchAll(/^ {2}\| "(\w+)"/gm)].map(([, code = ""]) => code);
  assert.ok(codes.length > 8);
  for (const code of codes) assert.ok(readme.includes(`| \`${code}\` |`), code);
});
