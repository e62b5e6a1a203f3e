/** A package's life from dpkg -i to dpkg -P in a root of its own, without systemd: its programs run from where it has put them. */
import assert from "node:assert/strict";
import { chmodSync, copyFileSync, cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { targetNamed } from "../../deploy/artefact/targets.ts";
import { builtPackage, type PackageWish } from "./built-package.ts";
import { emulation } from "./foreign-user-land.ts";
import { temporaryFolder } from "./programs.ts";
import { inRootOfItsOwn } from "./root-of-its-own.ts";

const PLACE = "/srv/package";
const LATER = "0.9.0";
const CONFIG = `device: { id: greenhouse }
router: { url: "rs://127.0.0.1:8080" }
board: { gpio: simulated }
drivers:
  - use: gpio
    pins: { relay: { pin: GPIO17, direction: out, safe: 0 } }
`;

const STEPS = String.raw`
here=${PLACE}
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
fact() { echo "FACT $1: $2"; }
as() { who=$1; shift; setpriv --reuid=$who --regid=$who --init-groups -- "$@"; }
words() { tr '
' ' ' | sed 's/ *$//'; }
node=/usr/lib/pinion/node/bin/node
cp /etc/passwd /etc/group $here/

dpkg $FORCE -i $here/package.deb >$here/dpkg.log 2>&1; fact 'dpkg installs it' $?
fact users "$(stat -c '%U:%G %a' /var/lib/pinion) $(id -nG pinion | tr ' ' '
' | grep -cxE 'gpio|i2c|spi|dialout') $(getent passwd pinion | cut -d: -f7)"
fact 'enabled services' "$(ls /etc/systemd/system/multi-user.target.wants | grep pinion | words)"
if [ -n "$EMULATOR" ]; then
  mv $node $node.real
  printf '#!/bin/sh
exec %s %s "$@"
' "$EMULATOR" $node.real >$node
  chmod 755 $node
fi
for name in pinion-device pinion-router-bridge; do fact "version of $name" "$($name --version)"; done
install -o root -g pinion -m 640 $here/board.yaml /etc/pinion/
cp /usr/share/pinion/examples/bridge.yaml /etc/pinion/
fact check "$(as pinion pinion-device --config /etc/pinion/board.yaml --check | head -n 1)"
(cd / && STATE_DIRECTORY=/var/lib/pinion-router-bridge exec setpriv --reuid=pinion-bridge --regid=pinion-bridge --init-groups -- pinion-router-bridge --config /etc/pinion/bridge.yaml) >$here/bridge.log 2>&1 &
bridge=$!
(cd / && STATE_DIRECTORY=/var/lib/pinion exec setpriv --reuid=pinion --regid=pinion --init-groups -- pinion-device --config /etc/pinion/board.yaml) >$here/device.log 2>&1 &
device=$!
tries=0
until grep -q 'the session is ready' $here/device.log || [ $tries = 900 ]; do tries=$((tries + 1)); sleep 0.1; done
fact call "$(pinion call device.gpio.set relay 1 2>&1 | grep -o '"readBack":[01]')"
kill $device; wait $device; fact 'the device ends with' $?
kill $bridge; wait $bridge; fact 'the router-bridge ends with' $?
if [ -n "$EMULATOR" ]; then mv $node.real $node; fi

sum=$(cksum </etc/pinion/board.yaml)
dpkg $FORCE -i $here/later.deb >>$here/dpkg.log 2>&1; fact 'dpkg upgrades it' $?
fact 'to version' "$(dpkg-query -W -f '$${"{"}Version}' pinion)"
[ "$sum" = "$(cksum </etc/pinion/board.yaml)" ]; fact 'the configuration is the same' $?
dpkg $FORCE -P pinion >>$here/dpkg.log 2>&1; fact 'dpkg purges it' $?
fact left "$(find /etc /usr /var -name '*pinion*' -not -path '/var/lib/dpkg/*' | words)"
for file in passwd group; do cmp -s $here/$file /etc/$file; fact "$file is as it was" $?; done
cat $here/dpkg.log $here/bridge.log $here/device.log
exit 0
`;

/** What runs a foreign program in that root, the package's users too; empty where it is this machine's. */
function emulatorInside(folder: string, target: string): string {
  const [program, option, libraries] = emulation(targetNamed(target));
  if (program === undefined || option === undefined || libraries === undefined) return "";
  cpSync(libraries, join(folder, "libraries"), { recursive: true, verbatimSymlinks: true });
  chmodSync(folder, 0o755);
  return [program, option, `${PLACE}/libraries`].join(" ");
}

/** `wish`: of the package, without a version. */
export async function assertPackageLives(t: TestContext, target: string, wish: PackageWish): Promise<void> {
  const folder = temporaryFolder(t);
  copyFileSync(await builtPackage(target, wish), join(folder, "package.deb"));
  copyFileSync(await builtPackage(target, { ...wish, version: LATER }), join(folder, "later.deb"));
  writeFileSync(join(folder, "board.yaml"), CONFIG);
  const emulator = emulatorInside(folder, target);
  const foreign = emulator === "" ? "" : "--force-architecture --force-depends";
  writeFileSync(
    join(folder, "steps"),
    `EMULATOR='${emulator}' FORCE='${foreign}'
${STEPS}`,
  );
  const { facts, text } = inRootOfItsOwn(t, { folder, place: PLACE, steps: "steps" });
  const seen: Readonly<Record<string, string>> = {
    "dpkg installs it": "0",
    users: "pinion:pinion 750 4 /usr/sbin/nologin",
    "enabled services": "pinion-device.service pinion-router-bridge.service",
    check: "board greenhouse (greenhouse), naming single, GPIO simulated",
    call: '"readBack":1',
    "the device ends with": "0",
    "the router-bridge ends with": "0",
    "dpkg upgrades it": "0",
    "to version": LATER,
    "the configuration is the same": "0",
    "dpkg purges it": "0",
    left: "",
    "passwd is as it was": "0",
    "group is as it was": "0",
  };
  for (const [name, value] of Object.entries(seen))
    assert.equal(
      facts[name],
      value,
      `${name}
${text}`,
    );
  for (const name of ["pinion-device", "pinion-router-bridge"])
    assert.match(facts[`version of ${name}`] ?? "", /^(\S+ )?\d+\.\d+\.\d+/, text);
}
