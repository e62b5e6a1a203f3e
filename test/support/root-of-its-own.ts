/** A root that is thrown away: this machine's files below, what is written above. systemd is not there. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import type { TestContext } from "node:test";
import { temporaryFolder } from "./programs.ts";

/** What is told by lines `FACT name: value`, and all of it. */
export interface Seen {
  readonly facts: Readonly<Record<string, string>>;
  readonly text: string;
}

export function whyNoRoot(): string | false {
  return process.getuid?.() === 0 ? false : "a root of its own needs root";
}

export interface Steps {
  readonly folder: string;
  /** Where it lies in the root; what is written there stays. */
  readonly place: string;
  /** The shell script's name in it. */
  readonly steps: string;
  /** ms. Default: 250 s. */
  readonly limit?: number;
}

/** Nothing is on the network but a loopback of its own. @throws unless the script ends with 0 */
export function inRootOfItsOwn(t: TestContext, { folder, place, steps, limit = 250_000 }: Steps): Seen {
  const outside = `
    PATH=$PATH:/usr/sbin:/sbin; ip link set lo up
    mount -t tmpfs tmpfs "$1"; cd "$1"; mkdir upper work root
    mount -t overlay overlay -o lowerdir=/,upperdir="$1/upper",workdir="$1/work" root
    mount --rbind /dev root/dev; mount -t proc proc root/proc; mount -t tmpfs tmpfs root/run
    mkdir -p "root$3" root/usr/local/sbin; mount --bind "$2" "root$3"
    ln -sf "$4" root/usr/local/sbin/node
    exec chroot root sh "$3/$5"`;
  // its name is its own too: the first start gives it one
  const args = ["--net", "--uts", "-m", "--propagation", "private", "sh", "-ec", outside, "sh"];
  const done = spawnSync("unshare", [...args, temporaryFolder(t), folder, place, process.execPath, steps], {
    encoding: "utf8",
    timeout: limit,
    maxBuffer: 16 * 1_048_576,
  });
  const text = `${done.stdout}${done.stderr}`;
  assert.equal(done.status, 0, text);
  const lines = [...text.matchAll(/^FACT ([^:]+): (.*)$/gm)];
  return { facts: Object.fromEntries(lines.map(([, name = "", value = ""]) => [name, value])), text };
}
