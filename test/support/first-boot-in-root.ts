/** A prepared card at a board's first start: in a root of its own, with the real dpkg, users and shell; systemd's part is played. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { parse } from "yaml";
import { bootFiles, type Flavour } from "./card-image.ts";
import { temporaryFolder } from "./programs.ts";
import { inRootOfItsOwn, type Seen } from "./root-of-its-own.ts";
import { devicePackage, emptyPackage } from "./small-package.ts";

const cli = join(import.meta.dirname, "../../packages/cli/bin.mjs");
export const SECRET = "open sesame";
const CONFIG = `device: { id: greenhouse }
router:
  url: rs://127.0.0.1:1
  auth: { authid: greenhouse, secretFile: /etc/pinion/greenhouse.secret }
board: { gpio: simulated }
`;

/** A prepared card. The package is for a Raspberry Pi, so that this machine refuses it at first. */
export function preparedCard(t: TestContext, flavour: Flavour): string {
  const folder = temporaryFolder(t);
  const boot = join(folder, "bootfs");
  mkdirSync(boot);
  for (const [name, content] of Object.entries(bootFiles(flavour))) writeFileSync(join(boot, name), content);
  writeFileSync(join(folder, "board.yaml"), CONFIG);
  writeFileSync(join(folder, "greenhouse.secret"), `${SECRET}\n`, { mode: 0o600 });
  const key = spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, "id")], {
    encoding: "utf8",
  });
  assert.equal(key.status, 0, key.stderr);
  const other = process.arch === "arm64" ? "linux-armv7" : "linux-arm64";
  if (other === "linux-armv7") writeFileSync(join(boot, "kernel7.img"), "kernel");
  emptyPackage(join(folder, "other.deb"), other, { node: true });
  const options = ["--package", "other.deb", "--hostname", "greenhouse-1", "--ssh-key", "id.pub"];
  const done = spawnSync(process.execPath, [cli, "flash", "--boot", boot, ...options], {
    cwd: folder,
    encoding: "utf8",
  });
  assert.equal(done.status, 0, done.stderr);
  return boot;
}

/**
 * Runs shell words in a root of their own with the boot partition at its place. The package of this machine lies in own/ of it. They may
 * call what is defined in TOOLS.
 */
export function firstBootIn(t: TestContext, boot: string, script: string, limit?: number): Seen {
  mkdirSync(join(boot, "own"));
  const own = join(boot, "own/package.deb");
  devicePackage(own);
  const sum = createHash("sha256").update(readFileSync(own)).digest("hex");
  writeFileSync(join(boot, "own/package.sums"), `${sum}  package.deb\n`);
  writeFileSync(join(boot, "own/steps"), `${TOOLS}${script}`);
  return inRootOfItsOwn(t, {
    folder: boot,
    place: "/boot/firmware",
    steps: "own/steps",
    ...(limit === undefined ? {} : { limit }),
  });
}

const TOOLS = `
fact() { echo "FACT $1: $2"; }
getent passwd 1000 >/dev/null || useradd -m -u 1000 pi
boot=/boot/firmware kept=/var/lib/pinion-first-boot
wanted=/etc/systemd/system/multi-user.target.wants/pinion-first-boot.service
own_package() { cp $boot/own/package.* $boot/pinion/; }
# what systemd does with the unit that the script has left
next_start() {
  [ ! -e $wanted ] || eval "setsid -w $(sed -n 's/^ExecStart=//p' $wanted)"
}
outcome() {
  rm -rf $boot/own
  fact installed "$(dpkg-query -W -f '\${Status}' pinion)"
  fact files "$(cd /etc/pinion && stat -c '%n %U:%G %a' * | tr '\\n' ' ')"
  fact check "$(pinion-device --config /etc/pinion/board.yaml --check | head -n 1)"
  fact boot "$(ls $boot | tr '\\n' ' ')"
  fact left "$(find /boot /etc /usr /var -name '*pinion-first-boot*' | tr '\\n' ' ')"
  fact host "$(cat /etc/hostname) $(grep -c '^127.0.1.1.greenhouse-1$' /etc/hosts)"
  home=$(getent passwd 1000 | cut -d: -f6)
  fact keys "$(grep -c ssh-ed25519 $home/.ssh/authorized_keys) $(stat -c '%u %a' $home/.ssh/authorized_keys)"
  fact enabled "$(find /etc/systemd/system -name pinion-device.service | wc -l)"
}
`;

export function assertOutcome({ facts, text }: Seen): void {
  const seen: Readonly<Record<string, string>> = {
    installed: "install ok installed",
    files: "board.yaml root:pinion 640 greenhouse.secret root:pinion 640 ",
    check: "board greenhouse (greenhouse), naming single, GPIO simulated",
    left: "/boot/firmware/pinion-first-boot.log ",
    host: "greenhouse-1 1",
    keys: "1 1000 600",
    enabled: "1",
  };
  for (const [name, value] of Object.entries(seen)) assert.equal(facts[name], value, `${name}\n${text}`);
}

/** As cloud-init runs what user-data says: a list is a command and its arguments. */
export function commandsOf(boot: string, key: "runcmd" | "bootcmd"): string {
  const told = parse(readFileSync(join(boot, "user-data"), "utf8")) as Partial<Record<typeof key, string[][]>>; // by `pinion flash`
  return (told[key] ?? []).map((words) => words.map((word) => `'${word}'`).join(" ")).join("\n");
}
