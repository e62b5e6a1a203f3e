/**
 * What `pinion flash` has put on a card, at the board's first start. Both ways of being started, and power that goes; wherever it goes:
 * test/long/first-boot-cuts.test.ts.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { bootFiles } from "../support/card-image.ts";
import { assertOutcome, commandsOf, firstBootIn, preparedCard, SECRET } from "../support/first-boot-in-root.ts";
import { whyNoRoot } from "../support/root-of-its-own.ts";

const skip = whyNoRoot();

test(
  "started by cloud-init the board installs itself; a package for another one is told of, and the secrets leave the card all the same",
  { skip, timeout: 250_000 },
  (t) => {
    const boot = preparedCard(t, "cloud-init");
    const seen = firstBootIn(
      t,
      boot,
      `${commandsOf(boot, "bootcmd")}
      # cloud-init has noted that it runs the command of the first start, and power goes before it does
      next_start
      fact 'secrets on the card' "$(grep -rl --exclude-dir=own '${SECRET}' $boot | wc -l)"
      fact 'secret kept' "$(stat -c %a $kept) $(cat $kept/etc/greenhouse.secret)"
      fact 'no configuration yet' "$(ls /etc/pinion 2>/dev/null | wc -l)"
      own_package
      echo damaged >>$boot/pinion/package.deb; next_start
      own_package
      ${commandsOf(boot, "runcmd")}
      ${commandsOf(boot, "bootcmd")}
      ${commandsOf(boot, "runcmd")}
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
    const boot = preparedCard(t, "firstrun");
    const before = bootFiles("firstrun")["cmdline.txt"];
    const seen = firstBootIn(
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
