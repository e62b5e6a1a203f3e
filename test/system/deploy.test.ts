/** `pinion deploy` as one types it, to a board behind the real sshd and sudo, under the real systemd. What takes longer: test/long. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { boardConfig, type DeployDesk, startDeployDesk, withoutDpkg } from "../support/deploy-desk.ts";
import { freePort, programScript, startBridge, type Running } from "../support/programs.ts";
import { whyNoSshBoard } from "../support/ssh-board.ts";

/** Of a machine that is no more. */
const OTHER_KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIGPrvx0VmNw8cV6aZ3xk0nqGNWbdwJmQm4gF8m0uTz9k";
const PACKAGE = ["--package", "pinion.deb"];

const skip = whyNoSshBoard();
const how = { skip, timeout: 200_000 };
let desk: DeployDesk;
let bridge: Running | undefined;
let url = "";

function pinion(...args: readonly string[]): void {
  const done = spawnSync(process.execPath, [programScript("pinion"), ...args], { cwd: desk.desk, encoding: "utf8" });
  assert.equal(done.status, 0, done.stderr);
}

before(async () => {
  if (skip !== false) return;
  desk = await startDeployDesk();
  const port = await freePort();
  url = `rs://127.0.0.1:${String(port)}`;
  desk.write("bridge.yaml", `auth: { file: ${join(desk.desk, "accounts.json")} }\n`);
  pinion("auth", "add", "mara", "--role", "maintainer", "--new-key", "mara.key", "--accounts", "accounts.json");
  bridge = await startBridge(port, ["--config", join(desk.desk, "bridge.yaml")]);
});
after(async () => {
  await bridge?.stop();
  await desk?.end();
});

test(
  "a board behind ssh gets package, configuration and a key of its own, says how it is let in, and what it waits for until it is",
  how,
  () => {
    desk.write("board.yaml", boardConfig(url, "auth: { authid: greenhouse, keyFile: /etc/pinion/board.key }"));
    const earlier = desk.state();
    const told = desk.deploy("board", ...PACKAGE, "--dry-run");
    assert.equal(told.status, 0, told.text);
    assert.match(
      told.stdout,
      /new +package .*pinion \d.*\n +new +\/etc\/pinion\/board\.yaml.*\n +new +\/etc\/pinion\/board\.key/,
    );
    assert.equal(desk.state(), earlier, "a dry run changes nothing");

    const first = desk.deploy("board", ...PACKAGE, "--wait", "2");
    assert.equal(first.status, 1, first.text);
    assert.match(
      first.stderr,
      /not joined its router within 2 s\. It is active \(running\): .*link waiting \(.*the router refused/,
    );
    const accept = /pinion enroll accept '(pinion-enroll:greenhouse:[0-9a-f]{64}:[0-9a-f]{128})'/.exec(
      first.stdout,
    )?.[1];
    assert.ok(accept, first.text);
    const files = desk.inside(
      "cd /etc/pinion; stat -c '%n %U:%G %a' *; ls -d /var/lib/pinion-deploy /tmp/pinion* 2>/dev/null; systemctl is-enabled pinion-device",
    );
    assert.equal(files, "board.key pinion:pinion 600\nboard.yaml root:pinion 640\nenabled\n");

    pinion("enroll", "accept", accept, "--url", url, "--authid", "mara", "--key-file", "mara.key");
    const again = desk.deploy("board", ...PACKAGE, "--wait", "60");
    assert.equal(again.status, 0, again.text);
    assert.match(again.stdout, /^nothing to change: board has pinion .*\n(.*\n)*done: board has joined its router$/m);
  },
);

test(
  "a board keeps what runs when it does not take the next configuration itself, though this machine does",
  how,
  () => {
    // one of many reasons: what the driver needs is on this machine alone
    const driver = readFileSync(join(import.meta.dirname, "../../deploy/examples/drivers/mh-z19.mjs"), "utf8");
    const needs = `import { existsSync } from "node:fs";\nif (existsSync("/board")) throw new Error("no such sensor here");\n`;
    desk.write("mine.mjs", `${needs}${driver}`);
    desk.write("board-2.yaml", boardConfig(url).replace("}]\n", "}, { use: ./mine.mjs, path: /dev/serial0 }]\n"));
    const earlier = desk.state();
    const refused = desk.deploy("board", ...PACKAGE, "--config", "board-2.yaml");
    assert.match(refused.stderr, /no such sensor here/);
    assert.match(refused.stderr, /board: not deployed, as said above/);
    assert.equal(refused.status, 1, refused.text);
    assert.equal(desk.state(), earlier, refused.text);
  },
);

test(
  "a board without dpkg gets the package's files, users and services all the same, and is rid of them by one command",
  how,
  () => {
    desk.inside("dpkg -P pinion");
    withoutDpkg(desk);
    const before = desk.state();
    const done = desk.deploy("board", ...PACKAGE, "--no-wait");
    assert.equal(done.status, 0, done.text);
    assert.match(
      done.stdout,
      /new +package +pinion \d.*\n +unpacked, as there is no dpkg; off again: sudo sh \S+remove$/m,
    );
    const there = desk.inside(
      "systemctl is-active pinion-device; pinion-device --version; stat -c %U:%a /var/lib/pinion",
    );
    assert.match(there, /^active\n\d+\.\d+\.\d+\S*\npinion:750\n$/);
    desk.inside("sh /usr/lib/pinion/package/remove --purge; ! getent passwd pinion; test ! -e /usr/lib/pinion");
    assert.equal(desk.state(), before);
  },
);

test(
  "what cannot be is refused before anything is changed, with the cure: unknown and changed host keys, a closed port, sudo without a terminal",
  how,
  () => {
    const earlier = desk.state();
    const refusals: readonly (readonly [args: readonly string[], status: number, words: RegExp])[] = [
      [["board", "--port", "9"], 3, /nothing answers there: is ssh enabled .*raspi-config.* port 9/],
      [["pi@nowhere.invalid"], 3, /there is no such host: check the name/],
      [["--", "-oProxyCommand=id"], 2, /"-oProxyCommand=id" is no host for ssh: write pi@greenhouse\.local/],
    ];
    for (const [args, status, words] of refusals) {
      const done = desk.deploy(...PACKAGE, ...args);
      assert.match(done.stderr, words);
      assert.equal(done.status, status, done.text);
    }
    const known = readFileSync(join(desk.desk, "known_hosts"), "utf8");
    for (const [text, words] of [
      [
        "",
        /its host key is not known here: connect once by hand, compare the fingerprint and say yes: ssh -p \d+ board/,
      ],
      [
        known.replace(/ AAAA.*/, ` ${OTHER_KEY}`),
        /its host key is another one than before: .*ssh-keygen -R '\[127\.0\.0\.1\]:\d+'/,
      ],
    ] as const) {
      desk.write("known_hosts", text);
      const done = desk.deploy("board", ...PACKAGE);
      assert.match(done.stderr, words);
      assert.equal(done.status, 3, done.text);
    }
    desk.write("known_hosts", known);
    desk.inside(`echo 'pi ALL=(ALL) ALL' >/etc/sudoers.d/pi`);
    const silent = desk.deploy("board", ...PACKAGE);
    assert.match(
      silent.stderr,
      /sudo asks for the password of pi on board, and there is no terminal.*--sudo-password-file/,
    );
    assert.equal(silent.status, 2);
    assert.equal(desk.state(), earlier);
  },
);
