/** `pinion deploy` to a board whose system has no dpkg. In short: test/system. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { builtPackage } from "../support/built-package.ts";
import { type DeployDesk, deskForEach, withoutDpkg } from "../support/deploy-desk.ts";
import { until } from "../support/programs.ts";
import { emptyPackage } from "../support/small-package.ts";
import { whyNoSshBoard } from "../support/ssh-board.ts";

const skip = whyNoSshBoard();
const how = { skip, timeout: 400_000 };
const PACKAGE = ["--package", "pinion.deb"];
let desk: DeployDesk;
deskForEach(skip, (fresh) => {
  desk = fresh;
  withoutDpkg(desk);
});

/** What is in the package, as dpkg-deb lists it: mode, owner, path. */
function listed(file: string): readonly string[] {
  const { stdout } = spawnSync("dpkg-deb", ["-c", file], { encoding: "utf8" });
  const lines = stdout
    .trim()
    .split("\n")
    .filter((line) => !line.startsWith("d"));
  return lines.map((line) => {
    const [mode = "", owner = "", , , , path = ""] = line.split(/\s+/);
    return `${mode} ${owner} ${path.slice(1)}`;
  });
}

const FIND = `find /usr/lib/pinion /usr/bin/pinion* /usr/lib/systemd/system/pinion* /usr/lib/udev/rules.d/*pinion* /usr/share/pinion /usr/share/doc/pinion \
  ! -type d ! -path '/usr/lib/pinion/package/*' -printf '%M %u/%g %p\\n'`;

test(
  "what is laid on it is what dpkg would lay, from one release to the next, and is off again without a trace",
  how,
  async () => {
    const [first, next] = [
      await builtPackage(`linux-${process.arch}`, { version: "0.1.5", node: "empty" }),
      await builtPackage(`linux-${process.arch}`, { version: "0.2.0", node: "empty" }),
    ];
    const traces = (): string =>
      desk.inside(
        `find /usr /etc /var -newer /etc/hostname '(' -iname '*pinion*' -o -path '*/systemd/system/*' ')' 2>/dev/null; getent passwd pinion pinion-bridge; getent group pinion pinion-bridge spi; true`,
      );
    const untouched = traces();
    const installed = desk.deploy("board", "--package", first);
    assert.equal(installed.status, 0, installed.text);
    assert.match(
      installed.stdout,
      /new +package +pinion 0\.1\.5.*\n +unpacked, as there is no dpkg; off again: sudo sh \/usr\/lib\/pinion\/package\/remove/,
    );
    assert.match(installed.stdout, /done: board has joined its router/);
    assert.deepEqual(desk.inside(FIND).trim().split("\n").toSorted(), listed(first).toSorted());
    assert.equal(
      desk.inside("stat -c '%U %a' /proc/$(systemctl show -p MainPID --value pinion-device) /etc/pinion"),
      "pinion 555\nroot 755\n",
    );
    assert.match(desk.deploy("board", "--package", first).stdout, /^nothing to change: board has pinion 0\.1\.5/m);

    desk.inside("echo /usr/share/pinion/of-before >>/usr/lib/pinion/package/files; touch /usr/share/pinion/of-before");
    const updated = desk.deploy("board", "--package", next);
    assert.equal(updated.status, 0, updated.text);
    assert.match(updated.stderr, /trying the new program beside the one that runs/);
    assert.equal(desk.inside("pinion-device --version").trim(), "0.2.0");
    assert.deepEqual(desk.inside(FIND).trim().split("\n").toSorted(), listed(next).toSorted());

    desk.inside("sh /usr/lib/pinion/package/remove");
    assert.equal(
      desk.inside("ls /etc/pinion; systemctl is-active pinion-device; ls -d /usr/lib/pinion; true"),
      "board.yaml\ninactive\n",
    );
    const back = desk.deploy("board", "--package", next);
    assert.equal(back.status, 0, back.text);
    desk.inside("sh /usr/lib/pinion/package/remove --purge");
    assert.equal(traces(), untouched);
  },
);

test("when power goes while the files are laid, the next start of the board finishes it", how, async () => {
  const installed = desk.deploy("board", ...PACKAGE);
  assert.equal(installed.status, 0, installed.text);
  const next = await builtPackage(`linux-${process.arch}`, { version: "0.2.0", node: "empty" });
  // between the two renames, when neither program is in its place
  desk.inside(
    `printf '#!/bin/sh\\n/bin/mv "$@" || exit\\n[ "$2" != /usr/lib/pinion.old ] || [ ! -e /away/slow ] || sleep 60\\n' >/usr/local/bin/mv
    chmod 755 /usr/local/bin/mv; touch /away/slow`,
  );
  await desk.cutOff(["--package", next], /installing the package/, async () => {
    await until("the moment without a program", () => !existsSync(desk.file("/usr/lib/pinion")));
    await desk.cutPower();
    rmSync(desk.file("/away/slow"));
  });
  await desk.boot();
  assert.ok(await desk.isFinished(), desk.state());
  assert.equal(desk.inside("pinion-device --version; ls -d /usr/lib/pinion?* 2>/dev/null; true"), "0.2.0\n");
  assert.match(desk.deploy("board", "--package", next).stdout, /^nothing to change: board has pinion 0\.2\.0/m);
});

test("what it lacks is told with the cure: Node, tools, libraries, a disk that can be written", how, () => {
  emptyPackage(join(desk.desk, "bare.deb"), `linux-${process.arch}`, { node: false });
  desk.inside(
    "umount /usr/local/sbin/node; rm -f /usr/local/sbin/node; [ ! -e /usr/bin/node ] || mv /usr/bin/node /away",
  );
  desk.refuses(
    ["--package", "bare.deb"],
    /the package brings no Node, and the board has none, of 20 that it needs: `npm run build -- --with-node`/,
  );
  desk.refuses(
    PACKAGE,
    /the program does not run on this system, and nothing was installed: .*there is no Node here/,
    1,
  );
  desk.inside("mount --bind /usr /usr; mount -o remount,bind,ro /usr");
  desk.refuses(PACKAGE, /\/usr cannot be written: sudo mount -o remount,rw .* by design, put Pinion into the image/);
  desk.inside(
    "umount -l /usr; mv /usr/sbin/useradd /usr/sbin/useradd.away; mv /usr/bin/sha256sum /usr/bin/sha256sum.away",
  );
  desk.inside("printf '#!/bin/sh\\nexit 1\\n' >/usr/local/bin/sha256sum; chmod 755 /usr/local/bin/sha256sum");
  const bare = desk.deploy("board", ...PACKAGE);
  assert.match(
    bare.stderr,
    /has no dpkg, and lacks what takes its place, useradd, sha256sum of coreutils: install shadow, /,
  );
  assert.equal(bare.status, 2, bare.text);
});
