/** The Debian package of one target: all programs, their services, one Node for all of them. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { constants, zstdCompressSync } from "node:zlib";
import type { Stamp } from "../artefact/stamp.ts";
import { tar, type TarEntry } from "@pinion/client/release";
import type { Target } from "../artefact/targets.ts";
import { ar } from "./ar.ts";

const root = join(import.meta.dirname, "../..");
const service = join(root, "deploy/service");
const home = "usr/lib/pinion";
/** Where the example's line for editors finds it. */
const SCHEMA = "usr/share/pinion/board.schema.json";

export interface Content {
  readonly target: Target;
  readonly stamp: Stamp;
  /** What lies in each program's folder, without a Node of its own. */
  readonly programs: ReadonlyMap<string, readonly TarEntry[]>;
  /** What lies in the folder of the Node for all; none: the machine's Node is used, and depended on. */
  readonly node: readonly TarEntry[] | undefined;
}

/** Documents, under the names by which they link to each other. */
const DOCUMENTS = [
  "README.md",
  "CHANGELOG.md",
  "deploy/README.md",
  "device/README.md",
  "drivers/README.md",
  "router-bridge/README.md",
  "packages/cli/README.md",
];

/** The same content gives the same octets: zstd's do not depend on the processor, as zlib's do. */
export function debianPackage(content: Content): Buffer {
  const { seconds } = content.stamp;
  const data = withFolders(dataEntries(content));
  const members = [
    { name: "debian-binary", content: Buffer.from("2.0\n") },
    { name: "control.tar.zst", content: zstd(tar(withFolders(controlEntries(content, data)), seconds, "./")) },
    { name: "data.tar.zst", content: zstd(tar(data, seconds, "./")) },
  ];
  return ar(members, seconds);
}

export function debianFile({ debian }: Target, { version }: Stamp): string {
  return `pinion_${debianVersion(version)}_${debian}.deb`;
}

/** dpkg too is to find a pre-release older than what it leads to. */
function debianVersion(version: string): string {
  return version.replace("-", "~");
}

function zstd(archive: Buffer): Buffer {
  return zstdCompressSync(archive, {
    params: { [constants.ZSTD_c_compressionLevel]: 12, [constants.ZSTD_c_checksumFlag]: 1 },
  });
}

function dataEntries({ programs, node }: Content): readonly TarEntry[] {
  const below = (folder: string, entries: readonly TarEntry[]): TarEntry[] =>
    entries.map((entry) => ({ ...entry, path: `${folder}/${entry.path}` }));
  return [
    ...[...programs].flatMap(([name, entries]) => below(`${home}/${name}`, entries)),
    ...(node === undefined ? [] : below(`${home}/node`, node)),
    ...[...programs.keys()].map((name) => command(name, programs.get(name) ?? [])),
    ...["pinion-device.service", "pinion-router-bridge.service"].map((name) =>
      copied(join(service, name), `usr/lib/systemd/system/${name}`),
    ),
    copied(join(service, "udev.rules"), "usr/lib/udev/rules.d/60-pinion.rules"),
    ...readdirSync(join(service, "examples")).map((name) =>
      copied(join(service, "examples", name), `usr/share/pinion/examples/${name}`),
    ),
    { kind: "link", path: SCHEMA, mode: 0o777, to: "../../lib/pinion/pinion/board.schema.json" },
    ...DOCUMENTS.map((name) => copied(join(root, name), `usr/share/doc/pinion/${name}`)),
    copied(join(root, "LICENSE"), "usr/share/doc/pinion/copyright"),
    { kind: "folder", path: "etc/pinion", mode: 0o755 },
  ];
}

/** What one types: the device's goes the way of its service, so that an update holds for it too. */
function command(name: string, entries: readonly TarEntry[]): TarEntry {
  const to = entries.some(({ path }) => path === "run") ? "run" : "start";
  return { kind: "link", path: `usr/bin/${name}`, mode: 0o777, to: `../lib/pinion/${name}/${to}` };
}

function copied(file: string, path: string): TarEntry {
  return { kind: "file", path, mode: 0o644, content: readFileSync(file) };
}

function controlEntries(content: Content, data: readonly TarEntry[]): readonly TarEntry[] {
  const sums = data.flatMap((entry) =>
    entry.kind === "file" ? [`${createHash("md5").update(entry.content).digest("hex")}  ${entry.path}\n`] : [],
  );
  const scripts = ["postinst", "prerm", "postrm"].map((name): TarEntry => {
    const file = join(import.meta.dirname, "scripts", name);
    return { kind: "file", path: name, mode: 0o755, content: readFileSync(file) };
  });
  return [
    { kind: "file", path: "control", mode: 0o644, content: Buffer.from(control(content, data)) },
    { kind: "file", path: "md5sums", mode: 0o644, content: Buffer.from(sums.join("")) },
    ...scripts,
  ];
}

function control({ target, stamp, node }: Content, data: readonly TarEntry[]): string {
  const octets = data.reduce((sum, entry) => sum + (entry.kind === "file" ? entry.content.length : 0), 0);
  const depends = ["passwd", ...target.libraries, ...(node === undefined ? ["nodejs (>= 20)"] : [])];
  const fields = {
    Package: "pinion",
    Version: debianVersion(stamp.version),
    Architecture: target.debian,
    Maintainer: "The Pinion authors <pinion@pinion.invalid>",
    "Installed-Size": String(Math.ceil(octets / 1024)),
    Depends: depends.join(", "),
    Recommends: "systemd",
    Section: "net",
    Priority: "optional",
    Description: [
      "pins, serial ports and sensors of a board as WAMP procedures and topics",
      " The device process offers GPIO, serial ports and sensors to a WAMP router;",
      " the router-bridge is that router, carries browsers, and serves a dashboard.",
    ].join("\n"),
  };
  return Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join("");
}

/** With every folder on the way; dpkg wants them before what is in them. */
function withFolders(entries: readonly TarEntry[]): readonly TarEntry[] {
  const named = new Map(entries.map((entry) => [entry.path, entry]));
  for (const { path } of entries) {
    for (let folder = dirname(path); folder !== "."; folder = dirname(folder)) {
      if (!named.has(folder)) named.set(folder, { kind: "folder", path: folder, mode: 0o755 });
    }
  }
  return [...named.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1));
}
