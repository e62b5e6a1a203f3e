/**
 * Another processor's programs on this machine: QEMU's user mode, and the few of Debian's libraries that a Node needs, laid out
 * outside the repository. Nothing is registered with the kernel, and no root is needed.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { buildCache } from "../../deploy/artefact/npm-package.ts";
import type { Target } from "../../deploy/artefact/targets.ts";

const LIBRARIES = ["libc6", "libstdc++6", "libgcc-s1", "libatomic1"];
const EMULATORS = { arm64: "qemu-aarch64-static", arm: "qemu-arm-static", x64: "qemu-x86_64-static" } as const;

export function whyNoEmulation({ arch }: Target): string | false {
  const emulator = EMULATORS[arch];
  const isThere = (command: string): boolean => spawnSync(command, ["--version"]).error === undefined;
  if (arch !== process.arch && !isThere(emulator))
    return `needs ${emulator} of qemu-user-static (npm test installs it)`;
  return arch === process.arch || isThere("mmdebstrap") ? false : "needs mmdebstrap (npm test installs it)";
}

/** The words before a program's own that run it; none where it is this machine's. */
export function emulation(target: Target): readonly string[] {
  return target.arch === process.arch ? [] : [EMULATORS[target.arch], "-L", userLand(target)];
}

/** The one that serves this machine, its main part alone: mirrors of security updates are at times half way through one. */
function archive(): string {
  const sites = spawnSync("apt-get", ["indextargets", "--format", "$(SITE) $(ORIGIN)"], { encoding: "utf8" }).stdout;
  const site = /^(\S+\/debian\/?) Debian$/m.exec(sites)?.[1];
  if (site === undefined) throw new Error("apt names no Debian archive: run `apt-get update`");
  return `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${site} bookworm main`;
}

function userLand({ debian }: Target): string {
  const place = join(buildCache(), `user-land-${debian}`);
  if (existsSync(place)) return place;
  const folder = mkdtempSync(`${place}.`);
  // only unpacked: no script of theirs is run
  const options = ["--variant=extract", `--architectures=${debian}`, `--include=${LIBRARIES.join(",")}`];
  const done = spawnSync("mmdebstrap", [...options, "bookworm", folder, archive()], { encoding: "utf8" });
  if (done.status !== 0) {
    rmSync(folder, { recursive: true, force: true });
    throw new Error(`mmdebstrap failed:\n${done.stderr.slice(-2000)}`);
  }
  if (!readdirSync(folder).includes("lib")) symlinkSync("usr/lib", join(folder, "lib"));
  try {
    renameSync(folder, place);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    if (!existsSync(place)) throw error;
  }
  return place;
}
