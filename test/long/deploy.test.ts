/** `pinion deploy` to boards that are odd, full, cut off or powerless, and from one release to the next. The usual way: test/system. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, cpSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { programFolder } from "../../deploy/build.ts";
import { builtPackage } from "../support/built-package.ts";
import { type DeployDesk, deskForEach, withoutDpkg } from "../support/deploy-desk.ts";
import { temporaryFolder } from "../support/programs.ts";
import { emptyPackage } from "../support/small-package.ts";
import { PASSWORD, whyNoSshBoard } from "../support/ssh-board.ts";

const skip = whyNoSshBoard();
const how = { skip, timeout: 400_000 };
const PACKAGE = ["--package", "pinion.deb"];
let desk: DeployDesk;
deskForEach(skip, (fresh) => {
  desk = fresh;
});

/** Programs of the board that say something else than they do. */
function pretend(name: string, words: string): void {
  desk.inside(
    `printf '#!/bin/sh\\n%s\\n' ${JSON.stringify(words)} >/usr/local/bin/${name}; chmod 755 /usr/local/bin/${name}`,
  );
}

test(
  "the board's programs, not its kernel, say which package it gets, and one that Pinion is not made for is refused",
  how,
  (t) => {
    // the command line alone in a place where nothing was built for other machines
    const place = temporaryFolder(t);
    for (const name of ["pinion", "pinion-device"]) cpSync(programFolder(name), join(place, name), { recursive: true });
    const deploy = (...args: readonly string[]): string => {
      const words = [join(place, "pinion/pinion.cjs"), "deploy", "board", ...args];
      const env = { ...process.env, PATH: `${join(desk.desk, "bin")}:${process.env["PATH"] ?? ""}` };
      return spawnSync(process.execPath, words, { cwd: desk.desk, env, encoding: "utf8" }).stderr;
    };
    pretend("uname", "echo aarch64");
    pretend("dpkg", "echo armhf");
    assert.match(deploy(), /no package for armhf: `npm run build -- --target linux-armv7 --with-node` makes one/);
    emptyPackage(join(desk.desk, "arm64.deb"), "linux-arm64", { node: true });
    assert.match(deploy("--package", "arm64.deb"), /arm64\.deb is for arm64, and the board is armhf/);
    pretend("dpkg", "echo arm64");
    assert.match(deploy(), /no package for arm64: `npm run build -- --target linux-arm64 --with-node` makes one/);
    pretend("uname", "echo armv6l");
    pretend("dpkg", "echo armhf");
    desk.refuses(PACKAGE, /its processor is armv6l \(Raspberry Pi 1, Zero, Zero W\): Pinion needs ARMv7/);
    pretend("uname", "echo riscv64");
    pretend("dpkg", "echo riscv64");
    desk.refuses(PACKAGE, /its programs are riscv64 .*there is Pinion for arm64, armhf and amd64/);
  },
);

test(
  "what a board lacks is told with the cure: systemd, glibc, dpkg, sudo, the right to use it, room, a disk that can be written",
  how,
  () => {
    desk.inside("sed -i 's/^Package: nodejs$/Package: nodejs-away/' /var/lib/dpkg/status");
    emptyPackage(join(desk.desk, "bare.deb"), process.arch === "arm64" ? "linux-arm64" : "linux-x64", { node: false });
    desk.refuses(
      ["--package", "bare.deb"],
      /the package brings no Node, and the board has none, of 20 that it needs: `npm run build -- --with-node`/,
    );
    pretend("getconf", "echo glibc 2.31");
    desk.refuses(PACKAGE, /has glibc 2\.31, and glibc 2\.34 is needed: Debian 12/);
    desk.inside(
      "rm /usr/local/bin/getconf; mount -t tmpfs -o size=1m tmpfs /var/lib/pinion-deploy 2>/dev/null || { mkdir /var/lib/pinion-deploy; mount -t tmpfs -o size=1m tmpfs /var/lib/pinion-deploy; }",
    );
    desk.refuses(PACKAGE, /\/var\/lib\/pinion-deploy has .* free, and .* are needed: make room there/);
    desk.inside("umount /var/lib/pinion-deploy; rmdir /var/lib/pinion-deploy");
    desk.inside("mount --bind /usr /usr; mount -o remount,bind,ro /usr");
    desk.refuses(PACKAGE, /\/usr cannot be written: sudo mount -o remount,rw/);
    desk.inside("umount -l /usr");
    desk.inside("rm /etc/sudoers.d/pi");
    desk.write("password", `${PASSWORD}\n`);
    desk.refuses([...PACKAGE, "--sudo-password-file", "password"], /pi on board may not use sudo: .*adduser/);
    desk.refuses([...PACKAGE, "--sudo-password-file", "none"], /--sudo-password-file none cannot be read/);
    desk.inside("mv /usr/bin/sudo /usr/bin/sudo.away");
    desk.refuses(PACKAGE, /pi on board is not root, and there is no sudo: log in as root/);
    const root = desk.deploy("root@board", ...PACKAGE, "--dry-run");
    assert.equal(root.status, 0, root.text);
    desk.inside("mv /run/systemd/system /run/systemd/system.away");
    const bare = desk.deploy("root@board", ...PACKAGE);
    assert.match(bare.stderr, /does not run systemd, which Pinion's service needs/);
  },
);

test("the password for sudo comes from a file, and a wrong one is told; the host's name is changed", how, () => {
  desk.inside(`echo 'pi ALL=(ALL) ALL' >/etc/sudoers.d/pi`);
  desk.write("password", `${PASSWORD}\n`);
  desk.write("wrong", "12345\n");
  desk.refuses([...PACKAGE, "--sudo-password-file", "wrong"], /sudo does not take this password for pi on board/);
  const right = desk.deploy("board", ...PACKAGE, "--sudo-password-file", "password", "--hostname", "greenhouse-1");
  assert.equal(right.status, 0, right.text);
  assert.match(right.stdout, /changed +\/etc\/hostname +greenhouse-1/);
  assert.equal(desk.inside("hostname; grep -c greenhouse-1 /etc/hosts"), "greenhouse-1\n1\n");
  assert.ok(!desk.inside("journalctl -o cat").includes(PASSWORD));
});

test("at a terminal the password for sudo is asked for once, and shown nowhere", how, async () => {
  desk.inside(`echo 'pi ALL=(ALL) ALL' >/etc/sudoers.d/pi`);
  const words = [process.execPath, join(programFolder("pinion"), "pinion.cjs"), "deploy", "board", ...PACKAGE].join(
    " ",
  );
  const env = { ...process.env, PATH: `${join(desk.desk, "bin")}:${process.env["PATH"] ?? ""}` };
  const typed = spawn("script", ["-qec", words, "/dev/null"], { cwd: desk.desk, env });
  let text = "";
  typed.stdout.on("data", (chunk: Buffer) => {
    const wasAsked = text.includes("for sudo: ");
    text += chunk.toString();
    if (!wasAsked && text.includes("for sudo: ")) typed.stdin.write(`${PASSWORD}\n`);
  });
  const [status] = (await once(typed, "exit")) as [number]; // of a process that ends by itself
  assert.equal(status, 0, text);
  assert.match(text, /password of pi on board, for sudo: /);
  assert.match(text, /done: board has joined its router/);
  assert.ok(!text.includes(PASSWORD));
});

test(
  "from one release to the next: the programs say the new version, the configuration stays, the pins start anew once",
  how,
  async () => {
    const [first, next] = [
      await builtPackage(`linux-${process.arch}`, { version: "0.1.5", node: "empty" }),
      await builtPackage(`linux-${process.arch}`, { version: "0.2.0", node: "empty" }),
    ];
    const version = (): string => desk.inside("pinion-device --version").trim();
    const starts = (): number => Number(desk.inside("journalctl -u pinion-device | grep -c ' starts\"'").trim());
    const installed = desk.deploy("board", "--package", first);
    assert.equal(installed.status, 0, installed.text);
    assert.equal(version(), "0.1.5");
    const earlier = starts();
    const updated = desk.deploy("board", "--package", next);
    assert.equal(updated.status, 0, updated.text);
    assert.match(
      updated.stdout,
      /changed +package +pinion 0\.2\.0[^\n]*\n +now there: 0\.1\.5\n +same +\/etc\/pinion\/board\.yaml/,
    );
    assert.match(updated.stderr, /trying the new program beside the one that runs/);
    assert.equal(version(), "0.2.0");
    assert.equal(starts(), earlier + 1);
    const again = desk.deploy("board", "--package", next);
    assert.match(again.stdout, /^nothing to change: board has pinion 0\.2\.0/m);
    assert.equal(starts(), earlier + 1);
  },
);

test("a package that brings its Node runs on a board that has none, by dpkg and without", how, async () => {
  const file = await builtPackage(`linux-${process.arch}`);
  desk.inside(
    "umount /usr/local/sbin/node; rm /usr/local/sbin/node; mkdir /gone; mv /usr/bin/node /gone 2>/dev/null; true",
  );
  for (const prepare of [() => undefined, () => withoutDpkg(desk)]) {
    prepare();
    const done = desk.deploy("board", "--package", file);
    assert.equal(done.status, 0, done.text);
    const node = desk.inside(
      "readlink /proc/$(systemctl show -p MainPID --value pinion-device)/exe; command -v node; pinion --help >/dev/null && pinion-device --version",
    );
    assert.match(node, /^\/usr\/lib\/pinion\/node\/bin\/node\n\d+\.\d+\.\d+/);
    desk.inside("if [ -e /usr/bin/dpkg ]; then dpkg -P pinion; else sh /usr/lib/pinion/package/remove --purge; fi");
  }
});

test("when the connection is lost once all has arrived, the board finishes by itself", how, async () => {
  const text = await desk.cutOff(
    PACKAGE,
    /installing the package/,
    () => void desk.inside("pkill -9 -u pi sshd || pkill -9 -f 'sshd: pi'"),
  );
  assert.match(text, /the connection was closed|ssh failed|ended with status/);
  assert.ok(await desk.isFinished(), desk.state());
  const again = desk.deploy("board", ...PACKAGE);
  assert.equal(again.status, 0, again.text);
  assert.match(again.stdout, /^nothing to change/m);
});

test(
  "when power goes in its middle, the next start of the board finishes it; a board that ran still runs",
  how,
  async () => {
    const installed = desk.deploy("board", ...PACKAGE);
    assert.equal(installed.status, 0, installed.text);
    const next = await builtPackage(`linux-${process.arch}`, { version: "0.2.0", node: "empty" });
    for (const moment of [/trying the new program/, /installing the package/]) {
      await desk.cutOff(["--package", next, "--hostname", "cut"], moment, () => desk.cutPower());
      await desk.boot();
      assert.ok(await desk.isFinished(), desk.state());
      assert.equal(desk.inside("pinion-device --version").trim(), "0.2.0");
      const back = desk.deploy("board", ...PACKAGE);
      assert.equal(back.status, 0, back.text);
    }
  },
);

test("a disk that fills up while things arrive leaves nothing of them, and what runs alone", how, () => {
  const installed = desk.deploy("board", ...PACKAGE);
  assert.equal(installed.status, 0, installed.text);
  // what is free is told wrong, as when something else writes meanwhile
  desk.inside("mkdir -p /var/lib/pinion-deploy; mount -t tmpfs -o size=200k tmpfs /var/lib/pinion-deploy");
  pretend("df", "echo head; echo x 1 1 99999999 1% /");
  const big = join(desk.desk, "other.deb");
  copyFileSync(join(desk.desk, "pinion.deb"), big);
  writeFileSync(big, Buffer.concat([readFileSync(big), Buffer.alloc(statSync(big).size % 2)]));
  desk.inside("sed -i '1s/^/x/' /var/lib/dpkg/info/pinion.md5sums");
  const full = desk.deploy("board", "--package", "other.deb");
  assert.match(full.stderr, /did not arrive whole: .*: make room there/);
  assert.equal(full.status, 1, full.text);
  assert.equal(desk.inside("ls /var/lib/pinion-deploy; systemctl is-active pinion-device"), "active\n");
  assert.ok(!existsSync(desk.file("/etc/systemd/system/pinion-deploy.service")));
});
