/** A package and its state directory on a real file system, with releases that only say who they are, and the real launcher. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { ReleaseDisk } from "../../device/updating/release-disk.ts";
import { parseManifest, type ReleaseManifest } from "@pinion/client/release";
import type { ReleaseStore } from "../../device/updating/release-store.ts";

const launcher = join(import.meta.dirname, "../../deploy/service/run");
export const PACKAGE_VERSION = "1.0.0";

export interface Scene {
  readonly state: string;
  readonly package: string;
  /** What ran, and what the launcher said. */
  launch(options?: LaunchOptions): { readonly ran: string; readonly said: string; readonly status: number | null };
}

export interface LaunchOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export function releaseScene(folder: string): Scene {
  const scene = { state: join(folder, "state"), package: join(folder, "package") };
  mkdirSync(scene.state, { recursive: true });
  mkdirSync(scene.package, { recursive: true });
  copyFileSync(launcher, join(scene.package, "run"));
  writeFileSync(join(scene.package, "start"), '#!/bin/sh\necho "package"\n');
  for (const file of ["run", "start"]) chmodSync(join(scene.package, file), 0o755);
  writeFileSync(
    join(scene.package, "manifest.json"),
    `{\n  "name": "pinion-device",\n  "version": "${PACKAGE_VERSION}"\n}\n`,
  );
  return {
    ...scene,
    launch: ({ args = ["--config", "board.yaml"], env = {} } = {}) => {
      // a file, as what watches over a trial keeps its standard error open for longer than the program runs
      const errors = join(folder, "errors");
      const descriptor = openSync(errors, "w");
      const done = spawnSync(join(scene.package, "run"), [...args], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", descriptor],
        // a fault must not become an endless loop
        timeout: 20_000,
        env: { PATH: process.env["PATH"] ?? "", STATE_DIRECTORY: scene.state, PINION_TRIAL_LIMIT: "1", ...env },
      });
      closeSync(descriptor);
      return { ran: done.stdout.trim(), said: readFileSync(errors, "utf8"), status: done.status };
    },
  };
}

/** The program of a release: says its version; `--check` ends with the status in CHECK_STATUS. */
export function startScript(version: string): string {
  return `#!/bin/sh
case "$*" in *--check*) echo "words of the check" >&2; exit \${CHECK_STATUS:-0} ;; esac
echo "${version}"
`;
}

export interface MadeRelease {
  readonly manifest: ReleaseManifest;
  readonly octets: Uint8Array;
  readonly contents: ReadonlyMap<string, Buffer>;
}

export function makeRelease(version: string, more: Readonly<Record<string, string>> = {}): MadeRelease {
  const contents = new Map(
    Object.entries({ start: startScript(version), "lib/data.txt": `data of ${version}`, ...more }).map(
      ([path, text]) => [path, Buffer.from(text)] as const,
    ),
  );
  const files = [...contents].map(([path, octets]) => ({
    path,
    size: octets.length,
    sha256: createHash("sha256").update(octets).digest("hex"),
    mode: path === "start" ? 0o755 : 0o644,
  }));
  const manifest = { name: "pinion-device", version, target: `linux-${process.arch}`, node: { abis: [] }, files };
  const octets = Buffer.from(JSON.stringify(manifest, undefined, 2));
  return { manifest: parseManifest(octets), octets, contents };
}

/** Beside the others, and the next to run. */
export async function install(
  disk: ReleaseDisk,
  store: ReleaseStore,
  made: MadeRelease,
  mustJoin = true,
): Promise<void> {
  await disk.makeDirectory("releases");
  await store.add(made.manifest, made.octets, async ({ path, mode }, to) => {
    await disk.write(to, made.contents.get(path) ?? "", mode);
  });
  await store.switchTo(made.manifest.version, { mustJoin, baseline: PACKAGE_VERSION });
}

export function livesLeft({ state }: Scene): number {
  const trial = join(state, "trial");
  return existsSync(trial) ? readdirSync(trial).filter((name) => name.startsWith("life-")).length : 0;
}
