/**
 * What `pinion flash` has put on a card, at the board's first start: in a root of its own, laid over this machine's, with the real dpkg,
 * users and shell; systemd is not there, so its part is played. Both ways of being started, and power that goes.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { parse } from "yaml";
import { bootFiles, type Flavour } from "../support/card-image.ts";
import { temporaryFolder } from "../support/programs.ts";
import { inRootOfItsOwn, type Seen, whyNoRoot } from "../support/root-of-its-own.ts";
import { devicePackage, emptyPackage } from "../support/small-package.ts";

const cli = join(import.meta.dirname, "../../packages/cli/bin.mjs");
const skip = whyNoRoot();
const SECRET = "open sesame";
const CONFIG = `device: { id: greenhouse }
router:
  url: rs://127.0.0.1:1
  auth: { authid: greenhouse, secretFile: /etc/pinion/greenhouse.secret }
board: { gpio: simulated }
`;

/** A prepared card. The package is for a Raspberry Pi, so that this machine refuses it at first. */
function card(t: TestContext, flavour: Flavour): string {
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

/** Runs shell words in a root of their own with the boot partition at its place. The package of this machine lies in own/ of it. */
function inRoot(t: TestContext, boot: string, script: string): Seen {
  mkdirSync(join(boot, "own"));
  const own = join(boot, "own/package.deb");
  devicePackage(own);
  const sum = createHash("sha256").update(readFileSync(own)).digest("hex");
  writeFileSync(join(boot, "own/package.sums"), `${sum}  package.deb\n`);
  writeFileSync(join(boot, "own/steps"), `${TOOLS}${script}`);
  return inRootOfItsOwn(t, boot, "/boot/firmware", "own/steps");
}

const TOOLS = `
fact() { echo "FACT $1: $2"; }
getent passwd 1000 >/dev/null || useradd -m -u 1000 pi
boot=/boot/firmware kept=/var/lib/pinion-first-boot
own_package() { cp $boot/own/package.* $boot/pinion/; }
# what systemd does with the unit that the script has left
next_start() {
  unit=/etc/systemd/system/multi-user.target.wants/pinion-first-boot.service
  [ -e $unit ] && [ -e "$(sed -n 's/^ConditionPathExists=//p' $unit)" ] || return 0
  setsid -w $(sed -n 's/^ExecStart=//p' $unit)
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

function assertOutcome({ facts, text }: Seen): void {
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
function commandsOf(boot: string): string {
  const { runcmd } = parse(readFileSync(join(boot, "user-data"), "utf8")) as { runcmd: string[][] }; // by `pinion flash`
  return runcmd.map((words) => words.map((word) => `'${word}'`).join(" ")).join("\n");
}

test(
  "started by cloud-init the board installs itself; a package for another one is told of, and the secrets leave the card all the same",
  { skip, timeout: 250_000 },
  (t) => {
    const boot = card(t, "cloud-init");
    const seen = inRoot(
      t,
      boot,
      `${commandsOf(boot)}
      fact 'secrets on the card' "$(grep -rl --exclude-dir=own '${SECRET}' $boot | wc -l)"
      fact 'secret kept' "$(stat -c %a $kept) $(cat $kept/etc/greenhouse.secret)"
      fact 'no configuration yet' "$(ls /etc/pinion 2>/dev/null | wc -l)"
      own_package
      echo damaged >>$boot/pinion/package.deb; next_start
      own_package; next_start
      ${commandsOf(boot)}
      outcome`,
    );
    assert.equal(seen.facts["secrets on the card"], "0", seen.text);
    assert.equal(seen.facts["secret kept"], `700 ${SECRET}`, seen.text);
    assert.equal(seen.facts["no configuration yet"], "0", seen.text);
    assertOutcome(seen);
    const log = readFileSync(join(boot, "pinion-first-boot.log"), "utf8");
    assert.match(log, /the package is for (arm64|armhf), and this system is \w+/);
    assert.match(log, /the package on the boot partition is damaged: prepare the card again/);
    assert.match(
      log,
      /installed pinion \d[^]*the host's name is greenhouse-1[^]*may log in by the ssh key[^]*done: board greenhouse/,
    );
    assert.ok(!log.includes(SECRET));
  },
);

test(
  "started by firstrun.sh it does the same, wherever power goes, and takes its hook from the kernel's command line",
  { skip, timeout: 250_000 },
  (t) => {
    const boot = card(t, "firstrun");
    const before = bootFiles("firstrun")["cmdline.txt"];
    const seen = inRoot(
      t,
      boot,
      `own_package
      # power goes at the n-th time that the script waits for the disk: at the end of each of its steps
      printf '#!/bin/sh\\n[ $# = 0 ] || exit 0\\nread n </tmp-cut; n=$((n - 1)); echo $n >/tmp-cut; [ $n != 0 ] || kill -9 0\\n' >/usr/local/sbin/sync
      chmod 755 /usr/local/sbin/sync
      cuts=0
      for n in 1 2 3 4 5 6 7 8 9 10 11 12; do
        echo $n >/tmp-cut
        if [ -e $boot/firstrun.sh ]; then setsid -w sh $boot/firstrun.sh; else next_start; fi
        read rest </tmp-cut; [ $rest -gt 0 ] || cuts=$((cuts + 1))
      done
      rm -f /usr/local/sbin/sync
      if [ -e $boot/firstrun.sh ]; then setsid -w sh $boot/firstrun.sh; fi
      next_start
      fact cuts $cuts
      fact cmdline "$(cat $boot/cmdline.txt)"
      fact 'secrets on the card' "$(grep -rl --exclude-dir=own '${SECRET}' $boot | wc -l)"
      outcome`,
    );
    assert.ok(Number(seen.facts["cuts"]) >= 5, seen.text);
    assert.equal(`${seen.facts["cmdline"]?.trimEnd() ?? ""}\n`, before, seen.text);
    assert.equal(seen.facts["secrets on the card"], "0", seen.text);
    assertOutcome(seen);
    assert.equal(seen.facts["boot"]?.includes("firstrun.sh"), false, seen.text);
  },
);
