/** Power that goes at the board's first start at each command of what `pinion flash` has left there, one after the other, and at two of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Flavour } from "../support/card-image.ts";
import { commandsOf, firstBootIn, preparedCard, SECRET } from "../support/first-boot-in-root.ts";
import { whyNoRoot } from "../support/root-of-its-own.ts";

const skip = whyNoRoot();

/** How often power goes twice, at random. */
const PAIRS = 15;

const OUTCOME = [
  "install ok installed",
  "board.yaml root:pinion 640 greenhouse.secret root:pinion 640",
  "/boot/firmware/pinion-first-boot.log",
  "greenhouse-1 1",
  "1 1000 600",
].join(" | ");

/** Where one of these is called, power may go. Of what is removed as a whole something may be gone then, and something not. */
const CUTTER = `#!/bin/sh
name=$(basename "$0")
read n </tmp-cut; n=$((n - 1)); echo $n >/tmp-cut
if [ $n = 0 ]; then
  echo "$name $*" >/tmp-where
  read half </tmp-half
  [ "$name" != rm ] || for one in "$@"; do
    [ ! -d "$one" ] || /usr/bin/find "$one" -type f | $half -n 1 | while read -r file; do /usr/bin/rm "$file"; done
  done
  kill -9 0
fi
[ "$name" != sync ] || exit 0
exec /usr/bin/$name "$@"
`;

/** Shell words for what the machine does when it starts: `start` until it is off again. */
function starts(flavour: Flavour, boot: string): string {
  if (flavour === "firstrun")
    return `start() {
  if grep -q systemd.run= $boot/cmdline.txt; then setsid -w sh $boot/firstrun.sh; else next_start; fi
}`;
  // the note of cloud-init comes first, and what it and systemd start comes at the same time
  return `cat >/tmp-boot <<'END'
${commandsOf(boot, "bootcmd")}
END
cat >/tmp-run <<'END'
[ ! -e /tmp-noted ] || exit 0
touch /tmp-noted
${commandsOf(boot, "runcmd")}
END
start() {
  sed -n 's/^ExecStart=//p' $wanted 2>/dev/null >/tmp-unit
  setsid -w sh /tmp-boot
  read left </tmp-cut; [ $left != 0 ] || return 0
  setsid -w sh -c 'sh /tmp-unit & sh /tmp-run & wait'
}`;
}

function steps(flavour: Flavour, boot: string): string {
  return `own_package
cp -a $boot /tmp-card; rm -rf /tmp-card/own
cat >/tmp-cutter <<'CUTTER'
${CUTTER}CUTTER
chmod 755 /tmp-cutter
echo -1 >/tmp-cut; echo head >/tmp-half
for tool in sync rm mv cp dd install ln chmod cmp sha256sum dpkg rmdir mkdir touch; do cp /tmp-cutter /usr/local/sbin/$tool; done
${starts(flavour, boot)}
home=$(getent passwd 1000 | cut -d: -f6)
cmdline=$(tr -d '\\n' <$boot/cmdline.txt | sed 's/ systemd.*//')
as_new() {
  PATH=/usr/sbin:/usr/bin
  dpkg -P pinion >/dev/null 2>&1
  rm -rf /etc/pinion /var/lib/pinion* $kept* /etc/systemd/system/pinion* $wanted $home/.ssh /tmp-noted
  find $boot -mindepth 1 -maxdepth 1 ! -name own -exec rm -rf {} +
  cp -a /tmp-card/. $boot/
  echo board >/etc/hostname
  PATH=/usr/local/sbin:$PATH
}
# cut N [M]: power goes at the N-th command, and at the M-th of the start after that; then the board is left alone
cut() {
  as_new
  rm -f /tmp-where
  for at in $*; do
    echo $at >/tmp-cut; start
    echo "cut $at" $([ ! -e /tmp-where ] || cat /tmp-where)
  done
  for again in 1 2 3; do echo -1 >/tmp-cut; start; done
  state="$(dpkg-query -W -f '\${Status}' pinion)"
  state="$state | $(cd /etc/pinion && stat -c '%n %U:%G %a' * | tr '\\n' ' ')"
  state="$state | $(find $boot /etc/systemd /var/lib -maxdepth 4 -name '*pinion-first-boot*' | tr '\\n' ' ')"
  state="$state | $(cat /etc/hostname) $(grep -c '^127.0.1.1.greenhouse-1$' /etc/hosts)"
  state="$state | $(grep -c ssh-ed25519 $home/.ssh/authorized_keys) $(stat -c '%u %a' $home/.ssh/authorized_keys)"
  [ "$(tr -d '\\n' <$boot/cmdline.txt | sed 's/ *$//')" = "$cmdline" ] || state="$state | $(cat $boot/cmdline.txt)"
  [ ! -e $boot/firstrun.sh ] || state="$state | firstrun.sh"
  [ ! -e $boot/pinion ] || state="$state | $(find $boot/pinion | tr '\\n' ' ')"
  state="$state$(grep -rl --exclude-dir=own '${SECRET}' $boot)"
  fact "$*, $half, $([ ! -e /tmp-where ] || in_short </tmp-where)" "$(echo $state)"
}
in_short() { tr ':\\n' '  ' | /usr/bin/cut -c 1-60; }
most=0
for n in $(seq 1 200); do
  for half in head tail; do
    echo $half >/tmp-half; cut $n
    grep -q '^rm' /tmp-where 2>/dev/null || break
  done
  [ -e /tmp-where ] || break
  most=$n
done
fact most $most
for i in $(seq 1 ${String(PAIRS)}); do cut $(shuf -n 1 -i 1-$most) $(shuf -n 1 -i 1-$most); done
rm -rf $boot/own`;
}

for (const flavour of ["firstrun", "cloud-init"] as const) {
  test(
    `started by ${flavour}, a board installs itself at whatever command power goes, and at whatever two`,
    { skip, timeout: 1_800_000 },
    (t) => {
      const boot = preparedCard(t, flavour);
      const { facts, text } = firstBootIn(t, boot, steps(flavour, boot), 1_700_000);
      const cuts = Object.entries(facts).filter(([name]) => name !== "most");
      assert.ok(Number(facts["most"]) > 30, text);
      assert.ok(cuts.length > Number(facts["most"]) + PAIRS, text);
      t.diagnostic(`${String(cuts.length)} ways for power to go, at ${facts["most"] ?? ""} commands`);
      const wrong = cuts.filter(([, state]) => state !== OUTCOME);
      assert.deepEqual(wrong, [], text.slice(-20_000));
    },
  );
}
